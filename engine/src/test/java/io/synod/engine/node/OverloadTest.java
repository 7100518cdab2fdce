package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.engine.failover.TestCluster;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** More clients than the nodes may serve. */
@Tag("long")
@Timeout(300)
class OverloadTest {
    private static final int PLACES = 20;
    private static final int CLIENTS = 40;
    private static final int ROWS = 10;

    @TempDir
    private Path directory;

    private ClusterFixture cluster;

    @BeforeEach
    void start() throws Exception {
        cluster = new ClusterFixture(directory);
        for (String node : List.of("a", "b", "c")) {
            cluster.with(node, ";MAX_CONNECTIONS=" + PLACES);
        }
        cluster.leaderOf("shop");
        cluster.lead("a", "shop");
        try (Connection c = administrator();
                Statement s = c.createStatement()) {
            s.execute("CREATE USER app PASSWORD 'app'");
            s.execute("CREATE TABLE t(client INT, n INT, PRIMARY KEY(client, n))");
            s.execute("GRANT ALL ON t TO app");
        }
    }

    @AfterEach
    void stop() throws Exception {
        cluster.close();
    }

    private Connection administrator() throws SQLException {
        return DriverManager.getConnection(atA(), "sa", "secret");
    }

    private Connection client() throws SQLException {
        return DriverManager.getConnection(atA(), "app", "app");
    }

    /** Those who are there stay, whoever leads by now: else a place would be free. */
    private String atA() {
        return cluster.remoteUrl("a", "shop") + ";TARGET=ANY" + TestCluster.BUSY;
    }

    private static void close(List<Connection> connections) throws SQLException {
        for (Connection c : connections) {
            c.close();
        }
    }

    @Test
    void full_node_says_so_to_every_client_and_lets_administrators_in() throws Exception {
        List<Connection> open = new ArrayList<>();
        try {
            for (int i = 0; i < PLACES; i++) {
                open.add(client());
            }
            String stock = cluster.remoteUrl("a", "shop").replace("jdbc:synod://", "jdbc:h2:tcp://");
            List<SQLException> refused = List.of(
                    assertThrows(SQLException.class, this::client),
                    assertThrows(SQLException.class, () -> DriverManager.getConnection(stock, "app", "app")),
                    assertThrows(SQLException.class, () -> DriverManager.getConnection(stock, "sa", "wrong")));
            for (SQLException e : refused) {
                assertEquals("53300", e.getSQLState(), e.toString());
                assertTrue(e.getMessage().contains("MAX_CONNECTIONS=" + PLACES), e.getMessage());
            }
            for (int i = 0; i < 3; i++) {
                Connection c = administrator();
                open.add(c);
                try (Statement s = c.createStatement();
                        ResultSet rows = s.executeQuery("SELECT COUNT(*) FROM SYNOD.SESSIONS")) {
                    assertTrue(rows.next() && rows.getInt(1) >= PLACES, "an administrator sees who fills the node");
                }
            }
            assertEquals(
                    "53300",
                    assertThrows(SQLException.class, this::administrator).getSQLState());
            try (Connection elsewhere =
                            DriverManager.getConnection(cluster.remoteUrl("shop") + TestCluster.BUSY, "app", "app");
                    Statement s = elsewhere.createStatement()) {
                assertEquals(1, s.executeUpdate("INSERT INTO t VALUES (-1, 1)"), "another node serves");
            }
            // They count, so places are free when there are fewer connections than MAX_CONNECTIONS in all.
            close(open.subList(PLACES - 1, open.size()));
            Await.until("the place is free", () -> {
                try (Connection c = client()) {
                    return c.isValid(60);
                } catch (SQLException e) {
                    assertEquals("53300", e.getSQLState(), e.toString());
                    return false;
                }
            });
        } finally {
            close(open);
        }
    }

    @Test
    void of_twice_as_many_clients_as_places_all_are_served_in_the_end_and_nothing_is_lost() throws Exception {
        AtomicInteger refused = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        try {
            List<Future<Integer>> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                int id = i;
                clients.add(threads.submit(() -> work(id, refused)));
            }
            int acknowledged = 0;
            for (Future<Integer> each : clients) {
                acknowledged += each.get(240, TimeUnit.SECONDS);
            }
            assertEquals(CLIENTS * ROWS, acknowledged);
        } finally {
            threads.shutdownNow();
        }
        assertTrue(refused.get() > 0, "nobody was refused");
        try (Connection c = administrator();
                Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT COUNT(*) FROM t")) {
            rows.next();
            assertEquals(CLIENTS * ROWS, rows.getInt(1));
        }
    }

    /** @return how many rows were acknowledged */
    private int work(int id, AtomicInteger refused) throws Exception {
        List<Connection> mine = new ArrayList<>();
        Await.until("client " + id + " has a place", () -> {
            try {
                mine.add(client());
                return true;
            } catch (SQLException e) {
                assertEquals("53300", e.getSQLState(), e.toString());
                refused.incrementAndGet();
                return false;
            }
        });
        try (Connection c = mine.get(0);
                PreparedStatement insert = c.prepareStatement("INSERT INTO t VALUES (?, ?)")) {
            int done = 0;
            for (int n = 0; n < ROWS; n++) {
                insert.setInt(1, id);
                insert.setInt(2, n);
                done += insert.executeUpdate();
            }
            // So that the first ones keep their places until there is one too few.
            Await.until("somebody is refused", () -> refused.get() > 0);
            return done;
        }
    }
}
