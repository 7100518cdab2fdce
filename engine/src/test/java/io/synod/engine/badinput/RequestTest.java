package io.synod.engine.badinput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.TestCluster;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a client may get wrong, asked of the leader and of a follower. */
@Tag("long")
@Tag("process")
@Timeout(180)
class RequestTest {
    @TempDir
    private static Path directory;

    private static TestCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        cluster = TestCluster.started(directory);
        try (Connection c = TestCluster.connect(cluster.url())) {
            Sql.run(c, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)");
        }
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static SQLException refused(String url, String user, String password) {
        return assertThrows(
                SQLException.class,
                () -> DriverManager.getConnection(url, user, password).close(),
                url);
    }

    private static void assertMessage(SQLException e, String state, String... parts) {
        assertEquals(state, e.getSQLState(), e.getMessage());
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), "\"" + part + "\" in: " + e.getMessage());
        }
    }

    @Test
    void a_wrong_password_and_an_unknown_user_are_refused_on_every_node() {
        for (String node : cluster.names()) {
            for (String url : new String[] {cluster.url(node), cluster.h2Url(node)}) {
                assertMessage(refused(url, "sa", "wrong"), "28000");
                assertMessage(refused(url, "sa", ""), "28000");
                assertMessage(refused(url, "nobody", "secret"), "28000");
            }
        }
        assertMessage(refused(cluster.url(), "sa", "wrong"), "28000");
    }

    @Test
    void an_unknown_database_is_named_with_those_that_there_are() {
        for (String node : cluster.names()) {
            for (String url : new String[] {cluster.url(node), cluster.h2Url(node)}) {
                assertMessage(refused(url.replace("/shop", "/shp"), "sa", "secret"), "90013", "shp", "shop");
            }
        }
    }

    @Test
    void a_setting_that_is_not_known_or_malformed_is_named_with_what_was_expected() {
        Map<String, String[]> expected = new LinkedHashMap<>();
        expected.put(";READD=LOCAL", new String[] {"READD", "READ"});
        expected.put(";FAILOVER_TIMEOT=1", new String[] {"FAILOVER_TIMEOT", "FAILOVER_TIMEOUT"});
        expected.put(";LOCK_TIMEOUTS=1", new String[] {"LOCK_TIMEOUTS", "LOCK_TIMEOUT"});
        expected.put(";READ=NEW", new String[] {"READ", "NEW", "LINEARIZABLE", "SESSION", "LOCAL"});
        expected.put(";MAX_STALENESS=new", new String[] {"MAX_STALENESS", "new", "ms"});
        expected.put(";COMMIT=NEVER", new String[] {"COMMIT", "NEVER", "QUORUM"});
        expected.put(";CONNECT_TIMEOUT=soon", new String[] {"CONNECT_TIMEOUT", "soon", "ms"});
        expected.put(";CONNECT_TIMEOUT=-1", new String[] {"CONNECT_TIMEOUT", "-1", "ms"});
        expected.put(";READ", new String[] {"READ", "KEY=VALUE"});
        expected.put(";NODE=a", new String[] {"NODE", "where the node is started"});
        expected.put(";READ=LOCAL;READ=SESSION", new String[] {"READ", "LOCAL", "SESSION", "twice"});
        expected.forEach(
                (settings, parts) -> assertMessage(refused(cluster.url() + settings, "sa", "secret"), "90113", parts));
        for (String url : new String[] {
            "jdbc:synod://127.0.0.1/shop",
            "jdbc:synod://127.0.0.1:99999/shop",
            "jdbc:synod://127.0.0.1:1",
            "jdbc:synod:disk:shop",
            "jdbc:synod:mem:",
            "jdbc:synod:file:" + directory.resolve("x/shop") + ";PEERS=b:1;NODE=a;LISTEN=127.0.0.1:0",
            "jdbc:synod:file:" + directory.resolve("x/shop") + ";LISTEN=nowhere",
            "jdbc:synod:mem:shop;PEERS=b@127.0.0.1:1;NODE=a;LISTEN=127.0.0.1:0"
        }) {
            assertMessage(refused(url, "sa", "secret"), "90113");
        }
        assertFalse(directory.resolve("x").toFile().exists(), "a URL that cannot be used made a directory");
    }

    @Test
    void statements_that_cannot_be_replicated_are_named_and_change_nothing() throws Exception {
        Map<String, String> refused = new LinkedHashMap<>();
        refused.put("SHUTDOWN", "SHUTDOWN");
        refused.put("SHUTDOWN IMMEDIATELY", "SHUTDOWN IMMEDIATELY");
        refused.put("SHUTDOWN COMPACT", "SHUTDOWN COMPACT");
        refused.put("CREATE MATERIALIZED VIEW v AS SELECT * FROM t", "CREATE MATERIALIZED VIEW");
        refused.put("SET EXCLUSIVE 1", "SET EXCLUSIVE");
        refused.put("SET LOCK_MODE 0", "SET LOCK_MODE");
        refused.put("SET CLUSTER ''", "SET CLUSTER");
        for (String node : cluster.names()) {
            try (Connection c = TestCluster.connect(cluster.url(node))) {
                refused.forEach((sql, name) -> {
                    SQLException e = assertThrows(SQLException.class, () -> Sql.run(c, sql), sql);
                    assertMessage(e, "0A000", name, "not possible in a replicated database: ");
                });
                c.setAutoCommit(false);
                Sql.run(c, "INSERT INTO t VALUES (2)");
                assertMessage(assertThrows(SQLException.class, () -> Sql.run(c, "SHUTDOWN")), "0A000");
                c.rollback();
                c.setAutoCommit(true);
                assertEquals(1, Sql.number(c, "SELECT COUNT(*) FROM t"), "seen by node " + node);
            }
        }
        cluster.assertMembersEqual();
    }
}
