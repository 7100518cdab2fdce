package io.synod.engine.faults;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.failover.LogDamage;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.operations.NodeProcess;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does to nodes and to what lies between them what a seed draws: one fault, often a second one while the first lasts; then all
 * is mended, every node has to answer and every client to go on. Each kind comes before any comes again.
 */
final class Nemesis {
    private static final Logger LOG = LoggerFactory.getLogger(Nemesis.class);
    private static final int LASTS_MILLIS_MAX = 4_000;
    /** Longer than clients wait that are not patient. */
    private static final int LONG_MILLIS = 6_000;

    /** Until the segment of the log that the node writes is full. */
    private static final int FULL_MILLIS = 12_000;

    /** How long a node has that had no room on its disk, to go on by itself. */
    private static final long BY_ITSELF_NANOS = TimeUnit.SECONDS.toNanos(20);

    /** A process alone has taken 100 s to start where a hundred others wanted the two cores. */
    private static final Duration START_LIMIT = Duration.ofMinutes(10);

    /** What may happen; to the leader, or to any node. */
    enum Fault {
        /** kill -9. */
        KILL_LEADER,
        KILL_ANY,
        KILL_ALL,
        /** SIGTERM. */
        STOP_LEADER,
        /** SIGSTOP, later SIGCONT. */
        PAUSE_LEADER,
        PAUSE_ANY,
        PAUSE_ALL,
        /** Nothing passes between the node and its peers; clients reach it. */
        CUT_OFF_LEADER,
        CUT_OFF_ANY,
        /** Nobody hears the leader, which hears all. */
        MUTE_LEADER,
        /** The leader hears nobody. */
        DEAFEN_LEADER,
        /** One way between two nodes. */
        CUT_ONE_WAY,
        /** Delay and broken connections, or a narrow line that drops packets. */
        HAMPER_LEADER,
        HAMPER_ANY,
        /** Nothing passes between the node and anybody. */
        ISOLATE_LEADER,
        /** No byte left on the disk of its directory. */
        FILL_DISK_OF_LEADER,
        FILL_DISK_OF_ANY,
        /** kill -9, and the database's file is deleted or cut short before the node starts again. */
        LOSE_COPY,
        /** kill -9, and all that is in its directory is deleted before the node starts again. */
        LOSE_DIRECTORY,
        /** kill -9, and a bit of the oldest segment of its log is turned before the node starts again. */
        DAMAGE_LOG;

        /** After which the node has to be let in by the others: with two of three at a time nobody could. */
        private static final Set<Fault> LOSSES = EnumSet.of(LOSE_DIRECTORY, DAMAGE_LOG);

        private static final Set<Fault> WITH_NAMESPACES =
                EnumSet.of(ISOLATE_LEADER, FILL_DISK_OF_LEADER, FILL_DISK_OF_ANY);

        /** @param root whether nodes have networks and disks of their own */
        static List<Fault> possible(boolean root) {
            return EnumSet.allOf(Fault.class).stream()
                    .filter(fault -> root || !WITH_NAMESPACES.contains(fault))
                    .toList();
        }
    }

    private final TestCluster cluster;
    private final Path directory;
    private final NodeNetwork network;
    private final Histories histories;
    private final SplittableRandom random;
    private final List<Fault> kinds;
    private final List<Fault> deck = new ArrayList<>();
    private final Map<Fault, Integer> counts = new EnumMap<>(Fault.class);
    private final List<Long> recoveriesMillis = new ArrayList<>();
    private int restartsByHand;

    // Since the last mending.
    private final Set<String> touched = new TreeSet<>();
    private final Set<String> dead = new LinkedHashSet<>();
    private final Set<String> paused = new LinkedHashSet<>();
    private final Set<String> full = new LinkedHashSet<>();
    private String lost;

    /** @param directory holds that of each node */
    Nemesis(
            TestCluster cluster,
            Path directory,
            NodeNetwork network,
            List<Fault> kinds,
            Histories histories,
            SplittableRandom random) {
        this.cluster = cluster;
        this.directory = directory;
        this.network = network;
        this.kinds = kinds;
        this.histories = histories;
        this.random = random;
    }

    /** One or two faults, and their end. */
    void round() throws Exception {
        begin(draw());
        last();
        if (random.nextInt(2) == 0) {
            begin(draw());
            last();
        }
        mend();
    }

    private Fault draw() {
        if (deck.isEmpty()) {
            deck.addAll(kinds);
            Collections.shuffle(deck, new Random(random.nextLong()));
        }
        return deck.remove(deck.size() - 1);
    }

    private void last() throws Exception {
        int millis = random.nextInt(8) == 0 ? LONG_MILLIS : random.nextInt(LASTS_MILLIS_MAX);
        if (!full.isEmpty()) {
            millis = FULL_MILLIS;
        }
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (System.nanoTime() - end < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            histories.awaitProgress(0); // fails when a client has
        }
    }

    /** Which node it is for: of those to which nothing has happened yet, the leader if that is meant and known. */
    private String victim(Fault fault) {
        List<String> free = new ArrayList<>(cluster.names());
        free.removeAll(touched);
        if (free.isEmpty()) {
            return null;
        }
        String leader = fault.name().endsWith("LEADER") ? cluster.leader(touched) : null;
        return leader != null ? leader : free.get(random.nextInt(free.size()));
    }

    private void begin(Fault fault) throws Exception {
        String victim = victim(fault);
        if (victim == null || lost != null && Fault.LOSSES.contains(fault)) {
            return;
        }
        boolean all = fault == Fault.KILL_ALL || fault == Fault.PAUSE_ALL;
        LOG.info("{} {}, leader {}", fault, all ? cluster.names() : victim, cluster.leader(Set.of()));
        counts.merge(fault, 1, Integer::sum);
        touched.add(victim);
        switch (fault) {
            case KILL_LEADER, KILL_ANY -> kill(victim);
            case STOP_LEADER -> stop(victim);
            case KILL_ALL -> {
                for (String node : cluster.names()) {
                    kill(node);
                }
            }
            case PAUSE_LEADER, PAUSE_ANY -> pause(victim);
            case PAUSE_ALL -> {
                for (String node : cluster.names()) {
                    pause(node);
                }
            }
            case CUT_OFF_LEADER, CUT_OFF_ANY -> cut(victim, true, true);
            case MUTE_LEADER -> cut(victim, true, false);
            case DEAFEN_LEADER -> cut(victim, false, true);
            case CUT_ONE_WAY -> network.cut(victim, peers(victim).get(random.nextInt(2)));
            case HAMPER_LEADER, HAMPER_ANY -> network.hamper(victim, random);
            case ISOLATE_LEADER -> network.isolate(victim);
            case FILL_DISK_OF_LEADER, FILL_DISK_OF_ANY -> {
                SmallDisks.fill(directory.resolve(victim));
                full.add(victim);
            }
            case LOSE_COPY -> {
                kill(victim);
                loseCopy(victim);
            }
            case LOSE_DIRECTORY -> {
                kill(victim);
                lost = victim;
                LogDamage.empty(directory.resolve(victim));
            }
            case DAMAGE_LOG -> {
                kill(victim);
                lost = victim;
                LogDamage.flip(directory.resolve(victim).resolve("log"), random);
            }
        }
    }

    private List<String> peers(String node) {
        return cluster.names().stream().filter(name -> !name.equals(node)).toList();
    }

    private void cut(String node, boolean from, boolean to) throws IOException {
        for (String peer : peers(node)) {
            if (from) {
                network.cut(node, peer);
            }
            if (to) {
                network.cut(peer, node);
            }
        }
    }

    private void kill(String node) {
        assertRuns(node);
        cluster.node(node).kill();
        paused.remove(node);
        dead.add(node);
    }

    private void stop(String node) throws Exception {
        assertRuns(node);
        int code = cluster.node(node).stop(Await.LIMIT);
        if (code != 0) {
            throw new AssertionError("node " + node + " ended with " + code + " after SIGTERM");
        }
        dead.add(node);
    }

    private void pause(String node) throws Exception {
        if (!dead.contains(node) && paused.add(node)) {
            assertRuns(node);
            cluster.node(node).pause();
        }
    }

    /** Only a full disk explains that a node ends by itself. */
    private void assertRuns(String node) {
        if (!dead.contains(node) && !full.contains(node) && !cluster.node(node).isAlive()) {
            throw new AssertionError("node " + node + " has ended by itself");
        }
    }

    private void loseCopy(String node) throws IOException {
        Path file = directory.resolve(node).resolve(FaultyCluster.DATABASE + ".mv.db");
        if (random.nextBoolean()) {
            Files.delete(file);
        } else {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(random.nextLong(channel.size()));
            }
        }
    }

    /** Ends all faults; returns when every node answers and each client has gone on. */
    private void mend() throws Exception {
        cluster.names().forEach(this::assertRuns);
        long from = System.nanoTime();
        network.heal();
        for (String node : paused) {
            cluster.node(node).resume();
        }
        for (String node : full) {
            SmallDisks.free(directory.resolve(node));
        }
        for (NodeProcess node : cluster.nodes()) {
            if (!node.isAlive()) {
                node.start();
            }
        }
        histories.awaitProgress(2);
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from);
        for (String node : cluster.names()) {
            if (full.contains(node)) {
                restartUnlessItGoesOn(node);
            }
            Await.until("node " + node + " answers", START_LIMIT, () -> answers(node));
        }
        if (lost != null) {
            Await.until("node " + lost + " votes again", START_LIMIT, this::allVote);
            forgetWhatWasSetAside(directory.resolve(lost));
            lost = null;
        }
        recoveriesMillis.add(millis);
        LOG.info("mended: all clients went on within {} ms", millis);
        touched.clear();
        dead.clear();
        paused.clear();
        full.clear();
    }

    /** It answers, so it has the place by which it does. */
    private boolean allVote() {
        try (Connection c = TestCluster.connect(cluster.url() + TestCluster.BUSY)) {
            return Sql.number(c, "SELECT COUNT(*) FROM SYNOD.MEMBERS WHERE MEMBERSHIP = 'VOTER'")
                    == cluster.names().size();
        } catch (SQLException e) {
            LOG.debug("nobody says who votes", e);
            return false;
        }
    }

    /** Disks are small. */
    private static void forgetWhatWasSetAside(Path node) throws IOException {
        try (Stream<Path> files = Files.list(node)) {
            for (Path file : files.toList()) {
                if (file.getFileName().toString().startsWith("set-aside-")) {
                    LogDamage.delete(file);
                }
            }
        }
    }

    private boolean answers(String node) {
        try (Connection c =
                TestCluster.connect(cluster.url(node) + ";READ=LOCAL;CONNECT_TIMEOUT=1000;FAILOVER_TIMEOUT=1000")) {
            return Sql.number(c, "SELECT COUNT(*) FROM account") > 0;
        } catch (SQLException e) {
            LOG.debug("node {} does not answer", node, e);
            return false;
        }
    }

    private void restartUnlessItGoesOn(String node) throws Exception {
        long end = System.nanoTime() + BY_ITSELF_NANOS;
        while (!answers(node)) {
            if (System.nanoTime() - end > 0) {
                LOG.info("node {} did not go on by itself after its disk had been full", node);
                restartsByHand++;
                cluster.node(node).kill();
                cluster.node(node).start();
                return;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    /** What happened. */
    String counts() {
        List<Long> sorted = recoveriesMillis.stream().sorted().toList();
        return counts + "; " + sorted.size() + " rounds, all clients went on within " + sorted.get(sorted.size() / 2)
                + " ms (median) to " + sorted.get(sorted.size() - 1) + " ms of the end of the faults; " + restartsByHand
                + " nodes restarted by hand";
    }
}
