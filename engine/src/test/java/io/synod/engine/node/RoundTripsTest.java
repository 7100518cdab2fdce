package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How often a session waits for a node that it has just come to: each time lengthens the pause of a change of leader. */
@Timeout(240)
class RoundTripsTest {
    private static final String DATABASE = "shop";

    @TempDir
    private static Path directory;

    private static ClusterFixture cluster;
    private static final Map<String, CountingRelay> RELAYS = new TreeMap<>();
    private static int next;

    private String leader;
    private String follower;

    /** What is counted. */
    private interface Counted {
        int trips() throws Exception;
    }

    @BeforeAll
    static void start() throws Exception {
        cluster = new ClusterFixture(directory);
        for (String name : new String[] {"a", "b", "c"}) {
            CountingRelay relay = new CountingRelay(cluster.port(name));
            RELAYS.put(name, relay);
            cluster.through(name, relay.port());
        }
        try (Connection c = connect(cluster.url(cluster.leaderOf(DATABASE), DATABASE));
                Statement s = c.createStatement()) {
            s.execute("CREATE TABLE T(ID INT)");
            s.execute("CREATE SCHEMA OTHER");
        }
    }

    @AfterAll
    static void stop() throws Exception {
        cluster.close();
        for (CountingRelay relay : RELAYS.values()) {
            relay.close();
        }
    }

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    /** Once more where leadership moved meanwhile, as on a machine that stands still. */
    private void assertTrips(int expected, Counted counted) throws Exception {
        Await.until(
                "nothing moved",
                () -> undisturbed(() -> {
                    leader = cluster.hosted("a", DATABASE).log().awaitLeader(Await.LIMIT.toNanos());
                    follower = leader.equals("a") ? "b" : "a";
                    cluster.awaitReadable(follower, DATABASE);
                    assertEquals(
                            expected, counted.trips(), () -> RELAYS.get(leader).said());
                }));
    }

    private static boolean undisturbed(ClusterFixture.Steps steps) throws Exception {
        try {
            return cluster.undisturbed(steps, DATABASE);
        } catch (Late e) {
            return false;
        }
    }

    @Test
    void first_write_through_a_follower_waits_four_times_and_the_next_one_twice() throws Exception {
        assertTrips(4 + 2, () -> {
            try (Connection c = connect(cluster.url(follower, DATABASE));
                    PreparedStatement insert = c.prepareStatement("INSERT INTO T VALUES (?)")) {
                CountingRelay relay = RELAYS.get(leader);
                int before = relay.trips();
                // Connect; greeting with settings and both statements; statement; commit.
                insert.setInt(1, next++);
                insert.executeUpdate();
                int first = relay.trips();
                insert.setInt(1, next++);
                insert.executeUpdate();
                assertEquals(2, relay.trips() - first, "of the second");
                return relay.trips() - before;
            }
        });
    }

    @Test
    void lost_session_is_there_again_with_all_its_settings_after_five() throws Exception {
        assertTrips(5, () -> {
            CountingRelay relay = RELAYS.get(leader);
            try (Connection c = connect(cluster.remoteUrl(leader, DATABASE));
                    PreparedStatement insert = c.prepareStatement("INSERT INTO PUBLIC.T VALUES (?)");
                    Statement s = c.createStatement()) {
                s.execute("SET @X = 5");
                s.execute("SET SCHEMA OTHER");
                s.execute("SET LOCK_TIMEOUT 1234");
                s.setQueryTimeout(30);
                insert.setInt(1, next++);
                insert.executeUpdate();
                int before = relay.trips();
                relay.cut();
                // Connect; greeting with settings; whether it has been committed; prepared; executed.
                insert.setInt(1, next++);
                insert.executeUpdate();
                int trips = relay.trips() - before;
                assertSettings(s);
                // Again, as it was told and not as it was asked for.
                relay.cut();
                assertSettings(s);
                return trips;
            }
        });
    }

    @Test
    void transaction_after_a_loss_is_one() throws Exception {
        // Connect; greeting; prepared; executed; COMMIT prepared and executed.
        assertTrips(6, () -> {
            CountingRelay relay = RELAYS.get(leader);
            try (Connection c = connect(cluster.remoteUrl(leader, DATABASE));
                    PreparedStatement insert = c.prepareStatement("INSERT INTO T VALUES (?)");
                    Statement s = c.createStatement()) {
                c.setAutoCommit(false);
                int before = relay.trips();
                relay.cut();
                int mine = next++;
                insert.setInt(1, mine);
                insert.executeUpdate();
                assertFalse(c.getAutoCommit());
                insert.executeUpdate();
                c.rollback();
                assertEquals(0, number(s, "SELECT COUNT(*) FROM T WHERE ID = " + mine));
                c.rollback();
                relay.cut();
                before = relay.trips();
                insert.executeUpdate();
                c.commit();
                int trips = relay.trips() - before;
                assertEquals(1, number(s, "SELECT COUNT(*) FROM T WHERE ID = " + mine));
                return trips;
            }
        });
    }

    @Test
    void what_is_too_long_to_be_said_at_once_is_said_behind_it() throws Exception {
        assertTrips(0, () -> {
            try (Connection c = connect(cluster.remoteUrl(leader, DATABASE));
                    Statement s = c.createStatement()) {
                s.execute("SET @LONG = '" + "x".repeat(100_000) + "'");
                s.execute("SET @X = 5");
                s.execute("SET SCHEMA OTHER");
                s.execute("SET LOCK_TIMEOUT 1234");
                s.setQueryTimeout(30);
                RELAYS.get(leader).cut();
                assertEquals(100_000, number(s, "SELECT LENGTH(@LONG)"));
                assertSettings(s);
            }
            return 0;
        });
    }

    @Test
    void nothing_is_executed_without_a_setting_that_is_refused() throws Exception {
        assertTrips(0, () -> {
            try (Connection c = connect(cluster.remoteUrl(leader, DATABASE));
                    Connection other = connect(cluster.remoteUrl(leader, DATABASE));
                    Statement s = c.createStatement();
                    Statement o = other.createStatement()) {
                o.execute("CREATE SCHEMA IF NOT EXISTS GONE");
                s.execute("SET SCHEMA GONE");
                RELAYS.get(leader).cut();
                o.execute("DROP SCHEMA GONE");
                for (int i = 0; i < 2; i++) {
                    SQLException e = assertThrows(SQLException.class, () -> number(s, "SELECT 1"));
                    assertEquals("90079", e.getSQLState());
                }
                o.execute("CREATE SCHEMA GONE");
                assertEquals(1, number(s, "SELECT CURRENT_SCHEMA = 'GONE'"));
            }
            return 0;
        });
    }

    /** It asks once where that is, and who comes behind it does not ask at all. */
    @Test
    void session_on_a_follower_goes_to_the_leader() throws Exception {
        assertTrips(1, () -> {
            String at = follower;
            try (CountingRelay own = new CountingRelay(cluster.port(at))) {
                String url = "jdbc:synod://127.0.0.1:" + own.port() + "/" + DATABASE;
                // Both are there before the first one has found the leader for the other.
                try (Connection first = connect(url + ";TARGET=LEADER");
                        Connection second = connect(url + ";TARGET=LEADER")) {
                    int trips = moves(first, own);
                    assertEquals(0, moves(second, own), "of the second");
                    return trips;
                }
            }
        });
    }

    /** @return how often it waited for the follower on its way */
    private int moves(Connection c, CountingRelay own) throws SQLException {
        try (PreparedStatement where = c.prepareStatement("SELECT NODE FROM SYNOD.MEMBERS WHERE THIS_NODE");
                Statement s = c.createStatement()) {
            s.execute("SET @X = 5");
            int before = own.trips();
            try (ResultSet rows = where.executeQuery()) {
                rows.next();
                if (!leader.equals(rows.getString(1))) {
                    // An answer was later than a move waits for, as on a machine that stands still.
                    throw new Late();
                }
            }
            int trips = own.trips() - before;
            assertEquals(5, number(s, "SELECT @X"));
            return trips;
        }
    }

    private static final class Late extends SQLException {
        private static final long serialVersionUID = 1L;
    }

    private static void assertSettings(Statement s) throws SQLException {
        assertEquals(5, number(s, "SELECT @X"));
        assertEquals(1, number(s, "SELECT CURRENT_SCHEMA = 'OTHER'"));
        assertEquals(1234, number(s, "CALL LOCK_TIMEOUT()"));
        assertTrue(s.getQueryTimeout() == 30, "query timeout " + s.getQueryTimeout());
    }

    private static int number(Statement s, String sql) throws SQLException {
        try (ResultSet rows = s.executeQuery(sql)) {
            rows.next();
            return rows.getInt(1);
        }
    }
}
