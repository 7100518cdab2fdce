package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static io.synod.engine.Sql.untilDone;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.failover.Await;
import io.synod.engine.snapshot.FullDisk;
import io.synod.jdbc.SynodUrl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The disk under an H2 file is full: the database stops on that node, and goes on there by itself once there is room. */
@Timeout(240)
class FullDiskTest {
    private static final List<String> NODES = List.of("a", "b", "c");

    @TempDir
    private Path directory;

    private static void failAtCheckpoint(HostedDatabase database, FullDisk disk) throws Exception {
        Await.until("H2 has given its file up", () -> {
            try {
                // It is none where statements that write did not pause in time.
                database.storage().checkpoint();
            } catch (IOException | RuntimeException e) {
                assertTrue(disk.refused() > 0, e.toString());
            }
            return database.store().health().failure() != null;
        });
    }

    /** @return what a session is refused with; {@code null} for one that is let in, or has to wait */
    private static SQLException refusal(String url) {
        try (Connection c = LaggingCluster.connect(url)) {
            assertNotNull(c);
            return null;
        } catch (SQLException e) {
            if ("HYT00".equals(e.getSQLState())) {
                return null;
            }
            assertEquals("08001", e.getSQLState(), e.toString());
            return e;
        }
    }

    private static void untilWritten(String url, String sql) throws Exception {
        Await.until(sql, () -> {
            try (Connection c = LaggingCluster.connect(url)) {
                untilDone(c, sql);
                return true;
            } catch (SQLException e) {
                assertTrue(Set.of("HYT00", "08001", "08007").contains(e.getSQLState()), e.toString());
                return false;
            }
        });
    }

    private static void awaitRows(LaggingCluster cluster, String node, int rows) throws Exception {
        Await.until(node + " has all rows", () -> {
            try (Connection c = LaggingCluster.connect(cluster.remoteUrl(node) + ";READ=LOCAL")) {
                return number(c, "SELECT COUNT(*) FROM t") == rows;
            } catch (SQLException e) {
                // As long as it replays its log, the table may not be there.
                assertTrue(Set.of("HYT00", "08001", "42S02", "42S04").contains(e.getSQLState()), e.toString());
                return false;
            }
        });
    }

    /** The database stops on one of three, the others go on, and the one comes back. */
    private static void fillAndFree(LaggingCluster cluster, String victim, int rows) throws Exception {
        String all = cluster.remoteUrl("a", "b", "c");
        HostedDatabase stopped = cluster.hosted(victim);
        try (FullDisk disk = new FullDisk("/" + victim + "/")) {
            untilWritten(all, "MERGE INTO t VALUES (" + (rows + 1) + ")");
            failAtCheckpoint(stopped, disk);
            untilWritten(all, "MERGE INTO t VALUES (" + (rows + 2) + ")");
            Await.until("a session there is refused", () -> refusal(cluster.remoteUrl(victim)) != null);
            disk.free();
            awaitRows(cluster, victim, rows + 2);
            untilWritten(all, "MERGE INTO t VALUES (" + (rows + 3) + ")");
            for (String node : NODES) {
                awaitRows(cluster, node, rows + 3);
            }
            assertTrue(stopped.isClosed());
        }
        assertNull(cluster.hosted(victim).rebuilt(), "it was taken for damaged");
        assertEqualCopies(cluster, all);
    }

    private static void assertEqualCopies(LaggingCluster cluster, String all) throws Exception {
        Await.until("all can be compared", () -> {
            try (Connection c = LaggingCluster.connect(all)) {
                long index = number(c, "CALL SYNOD.DIGEST_START()");
                Set<String> digests = new HashSet<>();
                for (String node : NODES) {
                    digests.add(digest(cluster.remoteUrl(node), index));
                }
                assertEquals(1, digests.size(), digests::toString);
                return true;
            } catch (SQLException e) {
                // Leadership may move just then.
                return false;
            }
        });
    }

    private static String digest(String url, long index) throws SQLException {
        StringBuilder digest = new StringBuilder();
        try (Connection c = LaggingCluster.connect(url);
                Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("CALL SYNOD.DIGEST(" + index + ")")) {
            while (rows.next()) {
                digest.append(rows.getString("NAME")).append(' ').append(rows.getString("CHECKSUM"));
            }
        }
        return digest.toString();
    }

    @Test
    void a_follower_and_a_leader_go_on_by_themselves() throws Exception {
        try (LaggingCluster cluster = new LaggingCluster(directory)) {
            String all = cluster.remoteUrl("a", "b", "c");
            untilWritten(all, "CREATE TABLE IF NOT EXISTS t(id INT PRIMARY KEY)");
            untilWritten(all, "MERGE INTO t VALUES (1)");
            fillAndFree(cluster, cluster.awaitFollower(), 1);
            fillAndFree(cluster, cluster.awaitLeader(), 4);
        }
    }

    private String aloneUrl() {
        return "jdbc:synod:file:" + directory.resolve("shop") + ";NODE=a";
    }

    @Test
    void a_node_alone_goes_on_with_every_row_that_was_acknowledged() throws Exception {
        try (Node node = EmbeddedEngine.start(SynodUrl.parse(aloneUrl(), null));
                Connection c = LaggingCluster.connect(aloneUrl())) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY, x VARCHAR)", "INSERT INTO t VALUES (1, 'in a checkpoint')");
            HostedDatabase stopped = node.host("shop", Map.of());
            stopped.storage().checkpoint();
            run(c, "INSERT INTO t VALUES (2, 'behind it')");
            try (FullDisk disk = new FullDisk("shop.mv.db")) {
                failAtCheckpoint(stopped, disk);
                SQLException e = assertThrows(SQLException.class, () -> run(c, "INSERT INTO t VALUES (3, 'refused')"));
                assertEquals("08001", e.getSQLState(), e.toString());
                assertTrue(e.getMessage().contains("No space left"), e.getMessage());
                disk.free();
                awaitRowsAlone(2);
                assertTrue(stopped.isClosed());
                node.host("shop", Map.of()).storage().checkpoint();
            }
            assertNull(node.host("shop", Map.of()).rebuilt());
        }
    }

    private void awaitRowsAlone(int rows) throws Exception {
        Await.until("it goes on", () -> {
            try (Connection again = LaggingCluster.connect(aloneUrl())) {
                assertEquals(rows, number(again, "SELECT COUNT(*) FROM t"));
                run(again, "INSERT INTO t VALUES (4, 'later')");
                return true;
            } catch (SQLException e) {
                assertEquals("08001", e.getSQLState(), e.toString());
                return false;
            }
        });
    }

    private boolean refusalSays(String what) {
        SQLException e = refusal(aloneUrl());
        return e != null && e.getMessage().contains(what);
    }

    /** There was room when that was asked, and none any more when H2 had something to write. */
    @Test
    void one_that_cannot_be_opened_again_at_first_is_not_gone() throws Exception {
        String other = "jdbc:synod:file:" + directory.resolve("stock") + ";NODE=a";
        try (Node node = EmbeddedEngine.start(SynodUrl.parse(aloneUrl(), null));
                Connection c = LaggingCluster.connect(aloneUrl());
                Connection open = LaggingCluster.connect(aloneUrl());
                Connection stock = LaggingCluster.connect(other)) {
            run(c, "SET DB_CLOSE_DELAY -1", "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)");
            open.setAutoCommit(false);
            run(open, "INSERT INTO t VALUES (2)");
            HostedDatabase stopped = node.host("shop", Map.of());
            Await.until("there is a checkpoint", () -> stopped.storage().checkpoint() != null);
            run(c, "INSERT INTO t VALUES (3)");
            try (FullDisk disk = new FullDisk("shop.mv.db")) {
                failAtCheckpoint(stopped, disk);
                disk.isQuota();
                assertFalse(stopped.store().health().hasRoom());
                // As much as is written to find out.
                disk.takes(1);
                Await.until("it could not be opened", () -> refusalSays("has not opened it yet"));
                SQLException e = assertThrows(SQLException.class, () -> node.host("shop", Map.of()));
                assertEquals("08001", e.getSQLState(), e.toString());
                assertTrue(stopped.isClosed());
                assertTrue(node.staysOpen());
                assertThrows(IOException.class, () -> stopped.storage().checkpoint());
                run(stock, "SHUTDOWN");
                assertFalse(node.isClosed());
                disk.free();
                Await.until("it goes on", () -> refusal(aloneUrl()) == null);
            }
            assertTrue(node.host("shop", Map.of()).staysOpen());
            try (Connection again = LaggingCluster.connect(aloneUrl())) {
                assertEquals(2, number(again, "SELECT COUNT(*) FROM t"));
            }
        }
    }

    @Test
    void what_was_written_before_and_did_not_reach_the_disk_is_an_end_for_good() throws Exception {
        try (Node node = EmbeddedEngine.start(SynodUrl.parse(aloneUrl(), null));
                Connection c = LaggingCluster.connect(aloneUrl())) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)");
            HostedDatabase stopped = node.host("shop", Map.of());
            try (FullDisk disk = new FullDisk("shop.mv.db")) {
                failAtCheckpoint(stopped, disk);
                disk.failForces();
                disk.free();
                Await.until("it says so", () -> refusalSays("could not be forced to disk"));
            }
            assertFalse(stopped.lacksSpace());
            assertSame(stopped, node.host("shop", Map.of()));
        }
    }

    @Test
    void a_force_that_fails_for_lack_of_space_is_an_end_for_good() throws Exception {
        try (Node node = EmbeddedEngine.start(SynodUrl.parse(aloneUrl(), null));
                Connection c = LaggingCluster.connect(aloneUrl())) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
            HostedDatabase stopped = node.host("shop", Map.of());
            try (FullDisk disk = new FullDisk("shop.mv.db")) {
                disk.free();
                disk.failForces();
                assertThrows(Exception.class, () -> stopped.storage().checkpoint());
                assertThrows(Exception.class, () -> stopped.storage().checkpoint());
            }
            Await.until("it says so", () -> {
                try {
                    run(c, "MERGE INTO t VALUES (1)");
                    return false;
                } catch (SQLException e) {
                    return e.getMessage().contains("could not be forced to disk");
                }
            });
            assertFalse(stopped.lacksSpace());
        }
    }

    @Test
    void a_full_disk_at_the_start_is_not_taken_for_damage() throws Exception {
        try (Node node = EmbeddedEngine.start(SynodUrl.parse(aloneUrl(), null));
                Connection c = LaggingCluster.connect(aloneUrl());
                Connection open = LaggingCluster.connect(aloneUrl())) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)");
            // What is open at a checkpoint has to be rolled back, and written, at the start.
            open.setAutoCommit(false);
            run(open, "INSERT INTO t VALUES (2)");
            assertTrue(node.host("shop", Map.of()).storage().checkpoint().applied() > 0);
            run(c, "SHUTDOWN IMMEDIATELY");
        }
        try (FullDisk disk = new FullDisk("shop.mv.db")) {
            SQLException e = assertThrows(
                    SQLException.class, () -> LaggingCluster.connect(aloneUrl()).close());
            assertTrue(e.getMessage().contains("the disk is full"), e.getMessage());
            assertTrue(disk.refused() > 0, "nothing was written");
        }
        assertTrue(Files.notExists(directory.resolve("shop.damaged.mv.db")));
        try (Connection c = LaggingCluster.connect(aloneUrl())) {
            assertEquals(1, number(c, "SELECT COUNT(*) FROM t"));
        }
    }
}
