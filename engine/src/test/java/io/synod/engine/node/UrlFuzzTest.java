package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.fuzz.Fuzz;
import io.synod.jdbc.Settings;
import io.synod.jdbc.SynodUrl;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A URL with its properties is understood, then its parts say the same again, or is refused with an SQLState and without the
 * password.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UrlFuzzTest {
    private static final String SECRET = "tOp5eCret";

    private static final List<String> TARGETS = List.of(
            "jdbc:synod:mem:shop",
            "jdbc:synod:h2:mem:shop",
            "jdbc:synod:file:/tmp/x/shop",
            "jdbc:synod:file:shop",
            "jdbc:synod:file:~/a b/\u00fc/shop",
            "jdbc:synod://127.0.0.1:9001,[::1]:9002,host:1/shop",
            "jdbc:synod:h2://host:9001/shop",
            "jdbc:synod:",
            "");

    private static final List<String> VALUES = List.of(
            "",
            "a",
            "1",
            "-1",
            "0",
            "99999999999",
            "TRUE",
            "127.0.0.1:0",
            "[::1]:9001",
            "host:99999",
            "LINEARIZABLE",
            "local",
            "any",
            "ADOPT",
            "b@127.0.0.1:1",
            "b@h:1,c@h:2",
            "b@h:1,b@h:2",
            "a@h:1",
            "@",
            "b@",
            ",",
            ":",
            "\u0131",
            "\u0000",
            "\ud800",
            "x".repeat(65),
            "\\;",
            "a\\;B=c",
            "%00",
            "../..",
            "150",
            "60000");

    private static String picked(List<String> from, Random random) {
        return from.get(random.nextInt(from.size()));
    }

    private static final List<String> SETTINGS = List.of(
            ";NODE=a",
            ";LISTEN=127.0.0.1:0",
            ";SQL=[::1]:0",
            ";PEERS=b@h:1,c@h:2",
            ";READ=session",
            ";PRIORITY=3",
            ";BASE=a",
            ";OUTSIDE_CHANGES=adopt",
            ";USER=sa",
            ";MAX_STALENESS=1",
            ";INIT=SET A 1\\;SET B 2");

    private static String setting(Random random) {
        if (random.nextInt(3) > 0) {
            return picked(SETTINGS, random);
        }
        List<Settings.Setting> own = new ArrayList<>(Settings.own());
        String key = switch (random.nextInt(5)) {
            case 0 -> picked(List.of("USER", "CIPHER", "IFEXISTS", "LOCK_TIMEOUT", "INIT", "", "NOSUCH"), random);
            default -> own.get(random.nextInt(own.size())).key();
        };
        return ";" + (random.nextInt(8) == 0 ? key.toLowerCase() : key) + "=" + picked(VALUES, random);
    }

    private static String text(Random random) {
        StringBuilder url = new StringBuilder(picked(TARGETS, random));
        for (int i = random.nextInt(5); i > 0; i--) {
            url.append(setting(random));
        }
        for (int i = random.nextInt(4) - 1; i > 0; i--) {
            int at = random.nextInt(url.length() + 1);
            if (random.nextBoolean()) {
                url.insert(
                        at, picked(List.of(";", "=", "\\", "/", ":", ",", "[", "]", "@", "\u0000", "~", " "), random));
            } else if (at < url.length()) {
                url.deleteCharAt(at);
            }
        }
        if (random.nextInt(3) == 0) {
            // A backslash at the end would make it part of the value before.
            url.append(";LOCK_TIMEOUT=1")
                    .append(picked(List.of(";PASSWORD=", ";password=", "; PASSWORD =", ";PassWord="), random))
                    .append(SECRET)
                    .append(random.nextInt(20) == 0 ? "x".repeat(20_000) : random.nextInt(4) == 0 ? "\\;more" : "");
        }
        return url.toString();
    }

    private static Properties properties(Random random) {
        Properties properties = new Properties();
        for (int i = random.nextInt(3); i > 0; i--) {
            String[] setting = setting(random).substring(1).split("=", 2);
            properties.put(setting[0], random.nextInt(8) == 0 ? (Object) 17 : setting[1]);
        }
        if (random.nextInt(4) == 0) {
            properties.put("password", random.nextBoolean() ? SECRET : SECRET.toCharArray());
        }
        return properties;
    }

    @Test
    void a_url_is_understood_or_refused() {
        Fuzz.run("URLs", random -> {
            String text = text(random);
            Properties properties = properties(random);
            try {
                SynodUrl url = SynodUrl.parse(text, properties);
                assertFalse(url.toString().contains(SECRET), () -> "the password is in " + url);
                assertEquals(url, SynodUrl.parse(url.text(), properties), "its text says something else");
                for (Settings.Setting setting : Settings.own()) {
                    url.setting(setting.key());
                }
                if (url.kind() != SynodUrl.Kind.REMOTE) {
                    NodeConfig config = NodeConfig.of(url);
                    assertNotNull(config.members().byName(config.name()));
                    config.clientAddress();
                    config.shown();
                    OpenSettings.of(url.h2Settings());
                }
                return "understood";
            } catch (SQLException e) {
                assertTrue(e.getSQLState() != null && e.getSQLState().length() == 5, () -> "no SQLState: " + e);
                assertFalse(e.getMessage().contains(SECRET), () -> "the password is in " + e.getMessage());
                return e.getSQLState();
            }
        });
    }
}
