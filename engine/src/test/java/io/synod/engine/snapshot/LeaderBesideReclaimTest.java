package io.synod.engine.snapshot;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A copy whose file is being compacted applies nothing: it must not be the one that the others wait for. */
@Timeout(240)
class LeaderBesideReclaimTest {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    @TempDir
    Path directory;

    @AfterEach
    void noFaults() {
        goOn.countDown();
        FaultPoint.hook = null;
    }

    @Test
    void leadership_goes_to_the_copy_that_is_not_being_compacted() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            String leader = cluster.leaderOf("shop");
            // Of two that have the same log, the first would be chosen.
            List<String> others = List.of("a", "b", "c").stream()
                    .filter(n -> !n.equals(leader))
                    .toList();
            String busy = others.get(0);
            String free = others.get(1);
            write(cluster, leader, "CREATE TABLE T(ID INT PRIMARY KEY)");
            FaultPoint.hook = this::stop;
            CompletableFuture<H2Store.Reclaimed> reclaim = CompletableFuture.supplyAsync(() -> reclaim(cluster, busy));
            try {
                reached.await();
                write(cluster, leader, "INSERT INTO T VALUES(1)");
                // null: under load it has moved by itself already.
                assertNotEquals(
                        Boolean.FALSE,
                        cluster.hosted(leader, "shop").administration().transfer(null));
                // Perhaps only after a moment at the busy one; from there it may as well come back.
                Await.until("a leader that is not busy", () -> serves(cluster, free) || serves(cluster, leader));
                write(cluster, free, "INSERT INTO T VALUES(2)");
                assertFalse(reclaim.isDone());
            } finally {
                goOn.countDown();
            }
            assertNotNull(reclaim.get());
        }
    }

    private static boolean serves(ClusterFixture cluster, String node) throws SQLException {
        return cluster.hosted(node, "shop").log().servingEpoch() != 0;
    }

    private void stop(FaultPoint point) {
        if (point == FaultPoint.COPIED) {
            reached.countDown();
            boolean interrupted = false;
            while (goOn.getCount() > 0) {
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static H2Store.Reclaimed reclaim(ClusterFixture cluster, String node) {
        try {
            return cluster.hosted(node, "shop").administration().reclaim();
        } catch (SQLException | java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void write(ClusterFixture cluster, String node, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(cluster.remoteUrl(node, "shop"), "sa", "");
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
