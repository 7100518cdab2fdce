package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SynodUrlTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "jdbc:synod:mem:test                          | MEM    |            | test   |",
                "jdbc:synod:mem:Test;READ=local               | MEM    |            | test   |",
                "jdbc:synod:file:./data/shop                  | FILE   | ./data     | shop   |",
                "jdbc:synod:file:shop                         | FILE   | .          | shop   |",
                "jdbc:synod:file:/shop                        | FILE   | /          | shop   |",
                "jdbc:synod:file:/var/data/Shop;NODE=a        | FILE   | /var/data  | shop   |",
                "jdbc:synod:file:C:\\data\\shop               | FILE   | C:\\data   | shop   |",
                "jdbc:synod:file:~/d/shop;LOCK_TIMEOUT=5;;    | FILE   | ~/d        | shop   |",
                "jdbc:synod://h:1/shop                        | REMOTE |            | shop   | h:1",
                "jdbc:synod://h1:7201,h2:7202/shop;COMMIT=QUORUM | REMOTE |         | shop   | h1:7201,h2:7202",
                "jdbc:synod:h2://h:1/shop                     | REMOTE |            | shop   | h:1",
                "jdbc:synod:h2:file:./data/shop               | FILE   | ./data     | shop   |",
                "jdbc:synod://[::1]:7201,h:65535/a.b-c_1      | REMOTE |            | a.b-c_1 | [::1]:7201,h:65535",
            })
    void good_urls_are_taken_apart(String url, SynodUrl.Kind kind, String path, String database, String endpoints)
            throws SQLException {
        SynodUrl parsed = SynodUrl.parse(url, null);
        assertEquals(kind, parsed.kind());
        assertEquals(path, parsed.path());
        assertEquals(database, parsed.database());
        assertEquals(endpoints == null ? List.of() : List.of(endpoints.split(",")), parsed.endpoints());
        assertEquals(url, parsed.text());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "jdbc:synod:                                   | neither mem:",
                "jdbc:synod:shop                               | neither mem:",
                "jdbc:synod:mem:                               | no name of a database",
                "jdbc:synod:mem:a b                            | no name of a database",
                "jdbc:synod:file:./data/                       | no name of a database",
                "jdbc:synod:file:./data/..                     | no name of a database",
                "jdbc:synod://h:1                              | name is missing",
                "jdbc:synod:///shop                            | HOST:PORT",
                "jdbc:synod://h/shop                           | HOST:PORT",
                "jdbc:synod://h:0/shop                         | HOST:PORT",
                "jdbc:synod://h:65536/shop                     | HOST:PORT",
                "jdbc:synod://h:x/shop                         | HOST:PORT",
                "jdbc:synod://h:1,/shop                        | HOST:PORT",
                "jdbc:synod://::1:7201/shop                    | HOST:PORT",
                "jdbc:synod://[::1:7201/shop                   | HOST:PORT",
                "jdbc:synod:mem:x;READ                         | not KEY=VALUE",
                "jdbc:synod:mem:x;=1                           | not KEY=VALUE",
                "jdbc:synod:mem:x;READ=STRONG                  | one of LINEARIZABLE, BOUNDED, SESSION, LOCAL",
                "jdbc:synod:mem:x;MAX_STALENESS=soon           | from 0 to 3600000 ms",
                "jdbc:synod:mem:x;COMMIT=MOST                  | one of QUORUM, ALL, LOCAL",
                "jdbc:synod:mem:x;FAILOVER_TIMEOUT=soon        | from 0 to 3600000 ms",
                "jdbc:synod:mem:x;CONNECT_TIMEOUT=0            | from 1 to 3600000 ms",
                "jdbc:synod:mem:x;READ=LOCAL;READ=SESSION      | given twice",
                "jdbc:synod:file:x;LISTEN=7101                 | HOST:PORT",
                "jdbc:synod:file:x;PEERS=b@h:1,c               | wrong is \"c\"",
                "jdbc:synod:file:x;NODE=a b                    | letters, digits",
                "jdbc:synod://h:1/shop;NODE=a                  | configures a node",
                "jdbc:synod:mem:x;REED=LOCAL                   | nearest known one is READ",
                "jdbc:synod:mem:x;LOKC_TIMEOUT=1               | nearest known one is LOCK_TIMEOUT",
                "jdbc:synod:mem:x;FAIL_OVER_TIMEOUT=1          | nearest known one is FAILOVER_TIMEOUT",
            })
    void bad_urls_say_what_is_wrong_and_what_was_expected(String url, String expected) {
        SQLException e = assertThrows(SQLException.class, () -> SynodUrl.parse(url, null));
        assertEquals("90113", e.getSQLState());
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    @Test
    void settings_of_synod_and_of_h2_are_kept_apart_and_defaults_are_known() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("read", "session");
        properties.setProperty("user", "sa");
        properties.setProperty("somebody.elses", "x");
        SynodUrl url = SynodUrl.parse("jdbc:synod:mem:x;MODE=Oracle;INIT=SET @A=1\\;SET @B=2;PRIORITY=5", properties);
        assertEquals(Map.of("READ", "SESSION", "PRIORITY", "5"), url.settings());
        assertEquals(Map.of("MODE", "Oracle", "INIT", "SET @A=1;SET @B=2"), url.h2Settings());
        assertEquals("sa", url.user());
        assertEquals("QUORUM", url.setting("COMMIT"));
        assertEquals(30_000, url.intSetting("FAILOVER_TIMEOUT"));
        assertNull(url.setting("NODE"));
    }

    @Test
    void the_password_is_nowhere_in_the_url_however_it_is_written() throws SQLException {
        for (String password :
                new String[] {"; PASSWORD =geheim", ";Password=ge\\;heim", ";PASSWORD=geheim" + "x".repeat(50_000)}) {
            SynodUrl url = SynodUrl.parse("jdbc:synod:mem:x" + password + ";READ=LOCAL", null);
            assertEquals("jdbc:synod:mem:x;READ=LOCAL", url.text());
            SQLException e =
                    assertThrows(SQLException.class, () -> SynodUrl.parse("jdbc:synox:mem:x" + password, null));
            assertFalse(e.getMessage().contains("heim"), e.getMessage());
        }
    }

    @Test
    void a_path_that_the_system_does_not_take_is_refused() {
        SQLException e = assertThrows(SQLException.class, () -> SynodUrl.parse("jdbc:synod:file:/tmp/\0/x", null));
        assertEquals("90113", e.getSQLState());
    }

    @Test
    void the_password_is_nowhere_in_the_url() throws SQLException {
        SynodUrl url = SynodUrl.parse("jdbc:synod:mem:x;USER=sa;PASSWORD=geheim;READ=LOCAL", null);
        assertFalse(url.toString().contains("geheim"));
        assertEquals("jdbc:synod:mem:x;USER=sa;READ=LOCAL", url.text());
        assertEquals("sa", url.user());
        SQLException e = assertThrows(SQLException.class, () -> SynodUrl.parse("jdbc:synod:nix;PASSWORD=geheim", null));
        assertFalse(e.getMessage().contains("geheim"));
    }

    @Test
    void every_default_passes_its_own_check() throws SQLException {
        for (Settings.Setting setting : Settings.own()) {
            if (setting.defaultValue() != null) {
                setting.check(setting.defaultValue());
            }
        }
    }

    @Test
    void distance_counts_insertions_deletions_changes_and_swaps() {
        assertEquals(0, EditDistance.between("READ", "READ"));
        assertEquals(3, EditDistance.between("KITTEN", "SITTING"));
        assertEquals(4, EditDistance.between("", "READ"));
        assertEquals(1, EditDistance.between("LOKC", "LOCK"));
    }
}
