package io.synod.engine.snapshot;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.engine.failover.TestCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Nodes as processes, of which one is killed with -9 while it receives a snapshot and puts it in place. */
@Tag("long")
@Tag("process")
@Timeout(600)
class KilledReceiverTest {
    private static final Logger LOG = LoggerFactory.getLogger(KilledReceiverTest.class);
    private static final String VICTIM = "c";
    /** Bytes of a snapshot that are certainly not all of it. */
    private static final long SOME_BYTES = 1 << 20;

    /** A snapshot of some 5 MB takes about five seconds: whoever stands still for one or two does not miss its middle. */
    private static final Map<String, String> SETTINGS =
            Map.of("LOG_LIMIT", "1", "SNAPSHOT_RATE", "1", "RECLAIM", "0", "ELECTION_TIMEOUT", "1000");

    @TempDir
    private Path directory;

    private TestCluster cluster;
    private int written;
    private final long startNanos = System.nanoTime();

    @Test
    void whatever_the_step_at_which_the_receiver_dies_the_next_start_goes_on_and_ends_equal() throws Exception {
        try (TestCluster started = new TestCluster(HeldNode.installation(), directory, 3, SETTINGS)) {
            cluster = started;
            try {
                cluster.startAll();
                step("all serve");
                try (Connection c = connect()) {
                    run(c, "CREATE TABLE BIG(ID INT PRIMARY KEY, X VARCHAR)", "CREATE TABLE T(ID INT PRIMARY KEY)");
                }
                killedWhileItCatchesUp();
                killedWhileItIsRebuilt();
            } catch (Exception | AssertionError e) {
                cluster.addStoryTo(e);
                throw e;
            }
        }
    }

    /** It was away for longer than the log lasts. */
    private void killedWhileItCatchesUp() throws Exception {
        leaveBehind();
        step("behind");
        killInTransfer();
        assertTrue(Files.size(file(".incoming")) > 0, "nothing is known of what had arrived");
        killAt(FaultPoint.VERIFIED);
        assertTrue(
                Files.readString(directory.resolve(VICTIM + ".err"))
                        .matches("(?s).* of \\d+ bytes of the snapshot at index \\d+ are here already.*"),
                "the transfer began anew");
        assertFalse(Files.exists(file(".replacement")), "decided before it was verified");
        killAt(FaultPoint.CLOSED);
        assertTrue(Files.exists(file(".incoming.mv.db")) && Files.exists(file(".replacement")), "not decided");
        // This is at the start already, which carries out what was decided.
        killAt(FaultPoint.MOVED);
        assertFalse(Files.exists(file(".incoming.mv.db")), "not moved");
        comesBack();
    }

    /** Its database file is gone, its log is not. */
    private void killedWhileItIsRebuilt() throws Exception {
        cluster.node(VICTIM).kill();
        Files.delete(file(".mv.db"));
        killInTransfer();
        killAt(FaultPoint.MOVED);
        assertTrue(Files.exists(file(".mv.db")), "not moved");
        killAt(FaultPoint.SEALED);
        comesBack();
    }

    private void step(String what) {
        LOG.info("{} ms: {}", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos), what);
    }

    private Connection connect() throws SQLException {
        return TestCluster.connect(cluster.url() + ";FAILOVER_TIMEOUT=60000;CONNECT_TIMEOUT=60000");
    }

    private Path file(String suffix) {
        return directory.resolve(VICTIM).resolve("shop" + suffix);
    }

    /** Kills it, and writes until the logs of the others begin behind what it has. */
    private void leaveBehind() throws Exception {
        long has;
        try (Connection c = TestCluster.connect(cluster.url(VICTIM))) {
            has = number(c, "SELECT APPLIED_INDEX FROM SYNOD.LOG");
        }
        cluster.node(VICTIM).kill();
        try (Connection c = connect();
                Connection a = TestCluster.connect(cluster.url("a"));
                Connection b = TestCluster.connect(cluster.url("b"))) {
            Await.until("logs that have forgotten what node " + VICTIM + " lacks", () -> {
                again(c, "MERGE INTO BIG SELECT X, X || REPEAT(RANDOM_UUID(), 5000) FROM SYSTEM_RANGE(1, 20)");
                return firstIndex(a) > has + 1 && firstIndex(b) > has + 1;
            });
            reclaim(a);
            reclaim(b);
        }
    }

    private static long firstIndex(Connection c) throws SQLException {
        return number(c, "SELECT FIRST_INDEX FROM SYNOD.LOG");
    }

    /** So that a snapshot of few rows is small. */
    private static void reclaim(Connection c) throws Exception {
        Await.until("space reclaimed", () -> {
            try (Statement statement = c.createStatement();
                    ResultSet rows = statement.executeQuery("CALL SYNOD.RECLAIM()")) {
                return rows.next() && rows.getLong("BYTES_AFTER") > 0;
            }
        });
    }

    /** A statement that lost to a change of leaders is run again. */
    private static void again(Connection c, String sql) throws SQLException {
        while (true) {
            try {
                run(c, sql);
                return;
            } catch (SQLTransactionRollbackException e) {
                assertEquals("40001", e.getSQLState(), e.toString());
            }
        }
    }

    /** Something that is behind the snapshot. */
    private void write() throws SQLException {
        try (Connection c = connect()) {
            again(c, "INSERT INTO T VALUES(" + written + ")");
            written++;
        }
    }

    private void killInTransfer() throws Exception {
        write();
        HeldNode.release(directory.resolve(VICTIM));
        cluster.node(VICTIM).start();
        Await.until(
                "a part of a snapshot",
                () -> Files.exists(file(".incoming.mv.db")) && Files.size(file(".incoming.mv.db")) > SOME_BYTES);
        cluster.node(VICTIM).kill();
        step("killed with " + Files.size(file(".incoming.mv.db")) + " bytes");
        assertFalse(Files.exists(file(".replacement")), "the transfer was over already");
    }

    private void killAt(FaultPoint point) throws Exception {
        write();
        HeldNode.holdAt(directory.resolve(VICTIM), point);
        cluster.node(VICTIM).start();
        cluster.node(VICTIM).awaitLine(line -> line.equals(HeldNode.line(point)), Await.LIMIT);
        cluster.node(VICTIM).kill();
        step("killed at " + point);
    }

    private void comesBack() throws Exception {
        write();
        HeldNode.release(directory.resolve(VICTIM));
        cluster.restart(VICTIM);
        for (String name : cluster.names()) {
            try (Connection c = TestCluster.connect(cluster.url(name))) {
                assertEquals(written, number(c, "SELECT COUNT(*) FROM T"), "rows on node " + name);
                assertEquals(20, number(c, "SELECT COUNT(*) FROM BIG"), "rows on node " + name);
            }
        }
        cluster.assertMembersEqual();
        assertFalse(Files.exists(file(".replacement")));
        assertFalse(Files.exists(file(".incoming")));
        step("equal");
    }
}
