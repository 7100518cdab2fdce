package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** COMMIT=ALL says so where it was not reached, whichever databases were written. */
@Timeout(240)
class CommitLevelElsewhereTest {
    @TempDir
    private Path directory;

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    private static void assertWarned(Connection c) throws SQLException {
        SQLWarning warning = c.getWarnings();
        assertNotNull(warning);
        assertEquals("01000", warning.getSQLState());
        assertTrue(warning.getMessage().contains("COMMIT=ALL"), warning.getMessage());
        c.clearWarnings();
    }

    @Test
    void a_member_that_is_gone_is_told_of() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            List<String> nodes = new ArrayList<>(List.of("a", "b", "c"));
            for (String database : List.of("sales", "stock")) {
                String leader = cluster.leaderOf(database);
                try (Connection c = connect(cluster.url(leader, database))) {
                    Sql.run(c, "CREATE TABLE items(id INT PRIMARY KEY, n INT)", "INSERT INTO items VALUES (7, 10)");
                }
                nodes.remove(leader);
            }
            String gone = nodes.remove(0);
            cluster.end(gone);
            for (String node : List.of("a", "b", "c")) {
                if (node.equals(gone)) {
                    continue;
                }
                for (String url :
                        List.of(cluster.url(node, "sales"), cluster.remoteUrl(node, "sales") + ";TARGET=ANY")) {
                    try (Connection c = connect(url + ";COMMIT=ALL")) {
                        Sql.run(c, "UPDATE stock.public.items SET n = n + 1");
                        assertWarned(c);
                        c.setAutoCommit(false);
                        Sql.run(c, "UPDATE items SET n = n + 1", "UPDATE stock.public.items SET n = n + 1");
                        c.commit();
                        assertWarned(c);
                    }
                }
            }
        }
    }
}
