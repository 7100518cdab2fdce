package io.synod.engine.faults;

import io.synod.engine.failover.Await;
import io.synod.engine.failover.TestCluster;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Every node is told to end and starts again, one after the other, while clients work: as operations.md has a release come in. */
final class RollingRestart {
    private static final Logger LOG = LoggerFactory.getLogger(RollingRestart.class);

    private final TestCluster cluster;
    private final Standing standing;
    private final Histories histories;
    private final FaultCounts counts;
    private final SplittableRandom random;

    RollingRestart(
            TestCluster cluster, Standing standing, Histories histories, FaultCounts counts, SplittableRandom random) {
        this.cluster = cluster;
        this.standing = standing;
        this.histories = histories;
        this.counts = counts;
        this.random = random;
    }

    void run() throws Exception {
        List<String> left = new ArrayList<>(cluster.names());
        Collections.shuffle(left, new Random(random.nextLong()));
        boolean leaderLast = random.nextBoolean();
        LOG.info("rolling restart, {}", leaderLast ? "the leader last" : "in the order " + left);
        long from = System.nanoTime();
        while (!left.isEmpty()) {
            String node = leaderLast ? follower(left) : left.get(0);
            left.remove(node);
            restart(node);
        }
        long millis = TimeUnit.NANOSECONDS.toMillis(histories.gaps().longestNanos(from, System.nanoTime()));
        LOG.info("all nodes were restarted: no client had a write acknowledged for {} ms at most", millis);
        counts.step(
                Fault.ROLLING_RESTART, (leaderLast ? "leader last" : "any order") + ", longest gap " + millis + " ms");
    }

    private String follower(List<String> nodes) {
        String leader = cluster.leader(Set.of());
        return nodes.stream().filter(node -> !node.equals(leader)).findFirst().orElse(nodes.get(0));
    }

    private void restart(String node) throws Exception {
        long from = System.nanoTime();
        String leader = cluster.leader(Set.of());
        int code = cluster.node(node).stop(Await.LIMIT);
        if (code != 0) {
            throw new AssertionError("node " + node + " ended with " + code + " after SIGTERM");
        }
        histories.awaitProgress(2); // the others serve
        cluster.node(node).start();
        standing.awaitCaughtUp(node);
        histories.awaitProgress(2);
        LOG.info(
                "node {} restarted, leader {}; no write acknowledged for {} ms at most",
                node,
                leader,
                TimeUnit.NANOSECONDS.toMillis(histories.gaps().longestNanos(from, System.nanoTime())));
    }
}
