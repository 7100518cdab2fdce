package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.node.AnswerCutter;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The answer to what commits in another database, or in parts, is lost, whichever of the portions in which it comes, and on a new
 * connection: whatever the client is told, it is done once.
 */
@Timeout(240)
class LostAnswerElsewhereTest {
    private static final String INSERT = "INSERT INTO stock.public.items(n) VALUES (1)";

    @TempDir
    private Path directory;

    private ClusterFixture cluster;
    private Connection stock;
    /** Whether there was an answer that was to be lost last. */
    private boolean lost;

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    @BeforeEach
    void start() throws Exception {
        cluster = new ClusterFixture(directory);
        cluster.leaderOf("sales");
        stock = connect(cluster.url(cluster.leaderOf("stock"), "stock"));
        Sql.run(stock, "CREATE TABLE items(id INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n INT)");
    }

    @AfterEach
    void close() throws SQLException {
        stock.close();
        cluster.close();
    }

    /** @return whether the client was told that it does not know all */
    private boolean isToldWithout(int answer, String database, String sql) throws Exception {
        boolean told = false;
        long before = Sql.number(stock, "SELECT COUNT(*) FROM items");
        try (AnswerCutter cutter = new AnswerCutter(cluster.remoteUrl("a", database));
                Connection c = connect(cutter.url() + ";TARGET=ANY")) {
            cutter.loseAfter(answer);
            try {
                Sql.run(c, sql);
            } catch (SQLException e) {
                assertEquals("SY002", e.getSQLState(), e.getMessage());
                told = true;
            }
            lost = cutter.loseNoMore();
        }
        assertEquals(before + 1, Sql.number(stock, "SELECT COUNT(*) FROM items"), sql + ", answer " + answer);
        return told;
    }

    private int timesTold(String database, String sql) throws Exception {
        int told = 0;
        int answer = 0;
        do {
            told += isToldWithout(answer++, database, sql) ? 1 : 0;
        } while (lost);
        assertTrue(answer > 2, "only " + answer + " answers");
        return told;
    }

    @RepeatedTest(2)
    void a_change_of_another_database() throws Exception {
        assertEquals(0, timesTold("sales", INSERT));
    }

    @RepeatedTest(2)
    void a_text_that_is_executed_and_changes_another_database() throws Exception {
        assertEquals(0, timesTold("sales", "EXECUTE IMMEDIATE '" + INSERT + "'"));
    }

    /** Its last statement commits nothing by which it could be asked for. */
    @Test
    void a_script() throws Exception {
        Path script = directory.resolve("script.sql");
        Files.writeString(script, "INSERT INTO items(n) VALUES (1); SELECT 1;");
        int told = 0;
        while (told == 0) {
            // In how many portions an answer comes differs: the one that matters may have been left out.
            told = timesTold("stock", "RUNSCRIPT FROM '" + script + "'");
        }
    }
}
