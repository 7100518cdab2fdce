package io.synod.engine.faults;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.failover.LogDamage;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.snapshot.HeldNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node has lost its copy, or all that it had, and the logs of the others begin too late for it: it gets a snapshot. At a step of that the
 * leader, who sends it, is killed with -9 or hands over, or the node itself is killed. In the end the node votes and has what the others have.
 */
final class KilledSnapshots {
    private static final Logger LOG = LoggerFactory.getLogger(KilledSnapshots.class);
    private static final int SOON_MILLIS = 3_000;
    private static final int BALLAST_ROWS = 20;
    private static final long BALLAST_BYTES = 4 << 20;
    /** A start with a snapshot takes longer. */
    private static final long ASK_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** When it happens. Those from {@link #VERIFIED} on are steps at which the receiver stands still meanwhile. */
    private enum Step {
        /** At any time after the node was started. */
        ANY,
        /** The sender has made it, and nobody has been told. */
        MADE,
        /** A part has arrived. */
        SENT_IN_PART,
        VERIFIED,
        DECIDED,
        CLOSED,
        MOVED,
        SEALED,
        DONE;

        boolean isOfReceiver() {
            return compareTo(VERIFIED) >= 0;
        }
    }

    private final TestCluster cluster;
    private final Path directory;
    private final Standing standing;
    private final Histories histories;
    private final FaultCounts counts;
    private final SplittableRandom random;
    private final List<Step> deck = new ArrayList<>();

    /** @param directory holds that of each node */
    KilledSnapshots(
            TestCluster cluster,
            Path directory,
            Standing standing,
            Histories histories,
            FaultCounts counts,
            SplittableRandom random) {
        this.cluster = cluster;
        this.directory = directory;
        this.standing = standing;
        this.histories = histories;
        this.counts = counts;
        this.random = random;
    }

    void run(Fault fault) throws Exception {
        shortenLogs();
        String receiver = cluster.names().get(random.nextInt(cluster.names().size()));
        boolean all = random.nextBoolean();
        Step step = draw(fault);
        LOG.info("{}: node {} loses its {}, step {}", fault, receiver, all ? "directory" : "copy", step);
        cluster.node(receiver).kill();
        if (all) {
            LogDamage.empty(directory.resolve(receiver));
        } else {
            Files.delete(file(receiver, ".mv.db"));
        }
        String leader = cluster.awaitLeader(receiver);
        histories.awaitProgress(1);
        String held = step == Step.MADE ? leader : receiver;
        if (step == Step.MADE || step.isOfReceiver()) {
            HeldNode.holdAt(directory.resolve(held), step.name());
        }
        cluster.node(receiver).start();
        boolean reached = awaitStep(step, receiver, leader);
        counts.step(fault, (all ? "directory" : "copy") + ", " + step + (reached ? "" : " (not reached)"));
        if (fault == Fault.KILL_RECEIVER) {
            kill(receiver);
        } else {
            sender(receiver);
        }
        for (String node : cluster.names()) {
            HeldNode.release(directory.resolve(node));
        }
        if (step == Step.SENT_IN_PART
                && fault == Fault.KILL_SENDER
                && cluster.node(receiver).isAlive()) {
            cluster.node(receiver).resume();
        }
        park(random.nextInt(SOON_MILLIS));
        for (String node : cluster.names()) {
            if (!cluster.node(node).isAlive()) {
                cluster.node(node).start();
            }
        }
        standing.awaitAllCaughtUp();
        standing.forgetWhatWasSetAside(receiver);
        histories.awaitProgress(2);
        cluster.assertMembersEqual();
        LOG.info("node {} votes, and all members are equal", receiver);
    }

    private Step draw(Fault fault) {
        if (deck.isEmpty()) {
            deck.addAll(List.of(Step.values()));
            Collections.shuffle(deck, new Random(random.nextLong()));
        }
        Step step = deck.remove(deck.size() - 1);
        return step == Step.MADE && fault == Fault.KILL_RECEIVER ? Step.ANY : step;
    }

    /** So that no log reaches back to the first entry, on none of the nodes. */
    private void shortenLogs() throws Exception {
        try (Connection c = TestCluster.connect(cluster.url() + TestCluster.BUSY)) {
            Await.until(
                    "a table", () -> execute(c, "CREATE TABLE IF NOT EXISTS ballast(id INT PRIMARY KEY, x VARCHAR)"));
            for (String node : cluster.names()) {
                Await.until("the log of node " + node + " is cut", Standing.START_LIMIT, () -> {
                    if (isCut(node)) {
                        return true;
                    }
                    execute(
                            c,
                            "MERGE INTO ballast SELECT x, x || REPEAT(RANDOM_UUID(), "
                                    + BALLAST_BYTES / BALLAST_ROWS / 36 + ") FROM SYSTEM_RANGE(1, " + BALLAST_ROWS
                                    + ")");
                    return false;
                });
            }
        }
    }

    private boolean isCut(String node) throws SQLException {
        try (Connection c = TestCluster.connect(cluster.url(node) + ";READ=LOCAL" + TestCluster.BUSY)) {
            return Sql.number(c, "SELECT FIRST_INDEX FROM SYNOD.LOG") > 1;
        }
    }

    private static boolean execute(Connection c, String sql) throws SQLException {
        try {
            Sql.run(c, sql);
            return true;
        } catch (SQLException e) {
            if (!Standing.PASSES.contains(String.valueOf(e.getSQLState()))) {
                throw e;
            }
            LOG.debug("{}: again", sql, e);
            return false;
        }
    }

    private Path file(String node, String suffix) {
        return directory.resolve(node).resolve(FaultyCluster.DATABASE + suffix);
    }

    // ------------------------------------------------------------------ when

    /** @return false where it was over before it could be seen */
    private boolean awaitStep(Step step, String receiver, String leader) throws Exception {
        if (step == Step.ANY) {
            park(random.nextInt(2 * SOON_MILLIS));
            return true;
        }
        if (step == Step.SENT_IN_PART) {
            return pauseInPart(receiver);
        }
        String holder = step == Step.MADE ? leader : receiver;
        boolean[] reached = {false};
        Await.until("node " + holder + " stands still at " + step, Standing.START_LIMIT, () -> {
            reached[0] = cluster.node(holder).lines().contains(HeldNode.line(step.name()));
            return reached[0] || step == Step.MADE && standing.answers(receiver);
        });
        return reached[0];
    }

    /** It is stopped as soon as a part is there: then what is drawn has time. */
    private boolean pauseInPart(String receiver) throws Exception {
        Path incoming = file(receiver, ".incoming.mv.db");
        long some = random.nextInt((int) BALLAST_BYTES);
        boolean[] seen = {false};
        long[] asked = {System.nanoTime()};
        Await.until("a part of a snapshot", Standing.START_LIMIT, () -> {
            seen[0] = sizeOf(incoming) > some;
            if (seen[0] || System.nanoTime() - asked[0] < ASK_NANOS) {
                return seen[0];
            }
            // Seldom: the whole may arrive while that waits.
            boolean over = standing.answers(receiver);
            asked[0] = System.nanoTime();
            return over;
        });
        cluster.node(receiver).pause();
        return seen[0] && Files.exists(incoming) && !Files.exists(file(receiver, ".replacement"));
    }

    private static long sizeOf(Path file) throws IOException {
        try {
            return Files.size(file);
        } catch (NoSuchFileException e) {
            return 0; // not there yet, or put in its place
        }
    }

    private static void park(int millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (System.nanoTime() - end < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    // ------------------------------------------------------------------ what

    /** Where the receiver leads by now, another one has sent. */
    private void sender(String receiver) throws Exception {
        String leader = cluster.leader(Set.of(receiver));
        if (leader == null) {
            return;
        }
        if (random.nextInt(3) == 0) {
            String to = cluster.names().stream()
                    .filter(node -> !node.equals(leader) && !node.equals(receiver))
                    .findFirst()
                    .orElseThrow();
            boolean done = standing.transfer(to);
            LOG.info("leadership goes from {} to {}: {}", leader, to, done);
            counts.step(Fault.KILL_SENDER, "transfer " + (done ? "done" : "refused"));
        } else {
            kill(leader);
        }
    }

    private void kill(String node) {
        LOG.info("kill -9 of node {}, leader {}", node, cluster.leader(Set.of()));
        cluster.node(node).kill();
    }
}
