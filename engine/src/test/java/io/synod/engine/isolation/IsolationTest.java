package io.synod.engine.isolation;

import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.synod.engine.node.ClusterFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import org.h2.engine.Constants;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which anomalies each isolation level lets through, on stock H2 and on Synod; docs/guarantees.md has the same table. */
@Timeout(300)
class IsolationTest {
    private static final int[] LEVELS = {
        Connection.TRANSACTION_READ_UNCOMMITTED,
        Connection.TRANSACTION_READ_COMMITTED,
        Connection.TRANSACTION_REPEATABLE_READ,
        Constants.TRANSACTION_SNAPSHOT,
        Connection.TRANSACTION_SERIALIZABLE
    };

    private static final String KEEPER = "jdbc:h2:mem:isolation";

    @TempDir
    private static Path directory;

    private static ClusterFixture cluster;
    private static String leading;
    private static String leader;
    private static String follower;
    private static String remote;

    @BeforeAll
    static void start() throws Exception {
        cluster = new ClusterFixture(directory);
        leading = cluster.leaderOf("isolation");
        String other = leading.equals("a") ? "b" : "a";
        leader = cluster.url(leading, "isolation");
        follower = cluster.url(other, "isolation");
        remote = cluster.remoteUrl(other, "isolation") + ";TARGET=ANY";
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    /** One line per anomaly, one letter per level: + it happens, - it does not. */
    private static List<String> outcomes(List<String> urls) throws Exception {
        List<String> lines = new ArrayList<>();
        try (Connection keeper = DriverManager.getConnection(urls.get(0), "sa", "secret")) {
            run(keeper, "CREATE TABLE IF NOT EXISTS test(id INT PRIMARY KEY, v INT)");
            for (Anomaly anomaly : Anomaly.values()) {
                StringBuilder line = new StringBuilder(anomaly.title());
                for (int level : LEVELS) {
                    line.append(happens(keeper, anomaly, urls, level) ? " +" : " -");
                }
                lines.add(line.toString());
            }
            run(keeper, "DROP TABLE test");
        }
        return lines;
    }

    /** Played again where leadership has moved in the middle: its transactions are lost. */
    private static boolean happens(Connection keeper, Anomaly anomaly, List<String> urls, int level) throws Exception {
        boolean stock = urls.get(0).equals(KEEPER);
        while (true) {
            long epoch = stock ? 0 : cluster.lead(leading, "isolation");
            run(keeper, "DELETE FROM test", "INSERT INTO test VALUES (1, 10), (2, 20)");
            boolean happens = anomaly.happens(urls, level);
            if (stock || epoch == cluster.lead(leading, "isolation")) {
                return happens;
            }
        }
    }

    /** The table of the documentation, in the form of {@link #outcomes}. */
    private static List<String> documented(boolean readsOnFollower) throws Exception {
        List<String> lines = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("../docs/guarantees.md"))) {
            String[] cells = line.split("\\|");
            if (cells.length == 1 + 1 + 1 + LEVELS.length
                    && List.of(Anomaly.values()).stream()
                            .anyMatch(a -> a.title().equals(cells[1].strip()))) {
                StringBuilder text = new StringBuilder(cells[1].strip());
                text.append(letter(cells[readsOnFollower ? 3 : 2]));
                for (int i = 4; i < cells.length; i++) {
                    text.append(letter(cells[i]));
                }
                lines.add(text.toString());
            }
        }
        return lines;
    }

    private static String letter(String cell) {
        return cell.strip().equals("happens") ? " +" : " -";
    }

    @Test
    void stock_h2_lets_through_what_the_documentation_says() throws Exception {
        assertEquals(documented(false), outcomes(List.of(KEEPER, KEEPER, KEEPER)));
    }

    @Test
    void the_leader_lets_through_the_same() throws Exception {
        assertEquals(documented(false), outcomes(List.of(leader, leader, leader)));
    }

    @Test
    void a_follower_lets_through_the_same() throws Exception {
        assertEquals(documented(true), outcomes(List.of(follower, follower, follower)));
    }

    @Test
    void remote_sessions_let_through_the_same() throws Exception {
        assertEquals(documented(true), outcomes(List.of(remote, remote, remote)));
    }

    @Test
    void a_session_on_the_leader_and_others_on_a_follower_let_through_the_same() throws Exception {
        assertEquals(documented(true), outcomes(List.of(leader, follower, follower)));
    }

    @Test
    void a_session_on_a_follower_and_others_on_the_leader_let_through_the_same() throws Exception {
        assertEquals(documented(false), outcomes(List.of(follower, leader, leader)));
    }
}
