package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A follower that gets a hundredth of what is written: the majority goes on as if it were not there. */
@Tag("long")
@Timeout(600)
class SlowFollowerTest {
    private static final int ROW_BYTES = 20_000;
    private static final int ROWS = 1_000;
    private static final int SLOW_BYTES_PER_SECOND = 100_000;
    /** Far more than it costs; the machine may be slower at one time than at another. */
    private static final double RATIO_MAX = 4;

    private static final int ATTEMPTS = 3;
    private static final long MEMORY_MAX = 40L << 20;

    private int written;

    /** @return nanoseconds for so many commits */
    private long write(PreparedStatement insert, int rows) throws SQLException {
        long start = System.nanoTime();
        for (int i = 0; i < rows; i++) {
            insert.setInt(1, ++written);
            assertEquals(1, insert.executeUpdate());
        }
        return System.nanoTime() - start;
    }

    private static long heapInUse() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    private boolean keepsPace(LaggingCluster cluster, String leader, PreparedStatement insert, StringBuilder told)
            throws SQLException {
        long usual = write(insert, ROWS);
        long before = heapInUse();
        cluster.slowC(SLOW_BYTES_PER_SECOND);
        long slow = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            slow = Math.min(slow, write(insert, ROWS));
        }
        long behind = cluster.hosted(leader).log().commitIndex()
                - cluster.hosted("c").log().commitIndex();
        long more = heapInUse() - before;
        assertTrue(behind > ROWS, "c is only " + behind + " entries behind");
        assertTrue(more < MEMORY_MAX, (more >> 20) + " MiB more than before, of 60 written");
        told.append(slow / 1_000_000 + " ms, without a slow follower " + usual / 1_000_000 + " ms; ");
        return slow < RATIO_MAX * usual + TimeUnit.SECONDS.toNanos(2);
    }

    @Test
    void majority_keeps_its_pace_and_its_memory(@TempDir Path directory) throws Exception {
        try (LaggingCluster cluster = new LaggingCluster(directory, 60_000)) {
            String leader = cluster.awaitLeader();
            try (Connection c = LaggingCluster.connect(cluster.url(leader));
                    Statement s = c.createStatement()) {
                s.execute("CREATE TABLE t(id INT PRIMARY KEY, x VARCHAR)");
                try (PreparedStatement insert =
                        c.prepareStatement("INSERT INTO t VALUES (?, REPEAT('x', " + ROW_BYTES + "))")) {
                    write(insert, ROWS);
                    boolean pace = false;
                    StringBuilder told = new StringBuilder();
                    for (int attempt = 0; !pace && attempt < ATTEMPTS; attempt++) {
                        pace = keepsPace(cluster, leader, insert, told);
                        cluster.slowC(0);
                        cluster.releaseC();
                    }
                    assertTrue(pace, told.toString());
                }
            }
            try (Connection c = LaggingCluster.connect(cluster.url("c") + ";READ=LOCAL");
                    Statement s = c.createStatement()) {
                Await.until("c has caught up", () -> {
                    try (ResultSet rows = s.executeQuery("SELECT COUNT(*) FROM t")) {
                        return rows.next() && rows.getInt(1) == written;
                    }
                });
            }
        }
    }
}
