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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does to nodes and to what lies between them what a seed draws: one fault, often a second one while the first lasts; then all
 * is mended, every node has to answer and every client to go on. Each kind comes before any comes again.
 */
final class Nemesis implements AutoCloseable {
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

    /** More than a day, either way. */
    private static final int OFFSET_SECONDS_MAX = 100_000;

    private static final String TRANSFER_SETTINGS = ";CONNECT_TIMEOUT=10000;FAILOVER_TIMEOUT=10000";
    /** No leader, no connection, nobody knows, or (55000) that one has lost its directory a moment ago and does not vote yet. */
    private static final Set<String> TRANSFER_ERRORS = Set.of("40001", "HYT00", "08001", "08007", "55000");

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
        /** Leadership is to go to a node that has not failed, while the next fault happens. */
        TRANSFER,
        /** kill -9 of a client. */
        KILL_CLIENT,
        /** kill -9, and the node starts again at once with a wrong wall clock, which it has until its next start. */
        CLOCK_OFFSET,
        /** Few writes a second, and few bytes. */
        SLOW_DISK_OF_LEADER,
        SLOW_DISK_OF_ANY,
        /** kill -9, and all that is in its directory is deleted before the node starts again. */
        LOSE_DIRECTORY,
        /** kill -9, and a bit of the oldest segment of its log is turned before the node starts again. */
        DAMAGE_LOG;

        /** After which the node has to be let in by the others: with two of three at a time nobody could. */
        private static final Set<Fault> LOSSES = EnumSet.of(LOSE_DIRECTORY, DAMAGE_LOG);

        private static final Set<Fault> ON_OWN_DISK = EnumSet.of(FILL_DISK_OF_LEADER, FILL_DISK_OF_ANY);
        private static final Set<Fault> ON_LOOP_DEVICE = EnumSet.of(SLOW_DISK_OF_LEADER, SLOW_DISK_OF_ANY);

        /**
         * What cannot be tried here.
         *
         * @param disks of the nodes, {@code null} when they have networks and disks in common
         * @return and why not
         */
        static Map<Fault, String> skipped(SmallDisks disks) throws IOException {
            Map<Fault, String> skipped = new EnumMap<>(Fault.class);
            if (disks == null) {
                skipped.put(ISOLATE_LEADER, "needs namespaces");
                ON_OWN_DISK.forEach(fault -> skipped.put(fault, "needs a disk of the node's own"));
                ON_LOOP_DEVICE.forEach(fault -> skipped.put(fault, "needs a disk of the node's own"));
            } else if (!disks.neverSlow().isEmpty()) {
                ON_LOOP_DEVICE.forEach(fault -> skipped.put(fault, disks.neverSlow()));
            }
            if (!WallClocks.missing().isEmpty()) {
                skipped.put(CLOCK_OFFSET, WallClocks.missing());
            }
            return skipped;
        }
    }

    private final TestCluster cluster;
    private final Path directory;
    private final NodeNetwork network;
    private final SmallDisks disks;
    private final WallClocks clocks;
    private final Histories histories;
    private final SplittableRandom random;
    private final List<Fault> kinds;
    private final List<Fault> deck = new ArrayList<>();
    private final FaultCounts counts = new FaultCounts();
    private final ExecutorService calls = Executors.newSingleThreadExecutor();

    // Since the last mending.
    private final Set<String> touched = new TreeSet<>();
    private final Set<String> dead = new LinkedHashSet<>();
    private final Set<String> paused = new LinkedHashSet<>();
    private final Set<String> full = new LinkedHashSet<>();
    private final Set<String> offset = new LinkedHashSet<>();
    private Future<Boolean> transfer;
    private String lost;

    /**
     * @param directory holds that of each node
     * @param disks {@code null} when the nodes have none of their own
     */
    Nemesis(
            TestCluster cluster,
            Path directory,
            NodeNetwork network,
            SmallDisks disks,
            WallClocks clocks,
            List<Fault> kinds,
            Histories histories,
            SplittableRandom random) {
        this.cluster = cluster;
        this.directory = directory;
        this.network = network;
        this.disks = disks;
        this.clocks = clocks;
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
        if (fault == Fault.TRANSFER && free.size() > 1) {
            free.remove(cluster.leader(Set.of()));
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
        if (fault == Fault.KILL_CLIENT && !histories.killClient()) {
            return; // the one before has just been killed
        }
        counts.began(fault);
        if (fault == Fault.TRANSFER) {
            transfer(victim);
        }
        if (fault == Fault.TRANSFER || fault == Fault.KILL_CLIENT) {
            return; // which is no reason to spare the node
        }
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
            case CUT_ONE_WAY ->
                network.cut(
                        victim, peers(victim).get(random.nextInt(cluster.names().size() - 1)));
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
            case CLOCK_OFFSET -> {
                kill(victim);
                startWithWrongClock(victim);
            }
            case SLOW_DISK_OF_LEADER, SLOW_DISK_OF_ANY -> disks.slow(directory.resolve(victim), random);
            case TRANSFER, KILL_CLIENT -> throw new AssertionError(fault);
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
        if (paused.remove(node)) {
            // It would never hear of it.
            cluster.node(node).resume();
        }
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

    private void startWithWrongClock(String node) throws IOException {
        int seconds = (1 + random.nextInt(OFFSET_SECONDS_MAX)) * (random.nextBoolean() ? 1 : -1);
        clocks.shift(node, seconds);
        offset.add(node);
        LOG.info("the wall clock of node {} is off by {} s", node, seconds);
        cluster.node(node).start();
        dead.remove(node);
    }

    /** Whatever becomes of it: until it is told, everything else goes on. */
    private void transfer(String to) throws Exception {
        endOfTransfer();
        transfer = calls.submit(() -> {
            try (Connection c = TestCluster.connect(cluster.url() + TRANSFER_SETTINGS)) {
                return "TRUE"
                        .equalsIgnoreCase(TestCluster.rows(c, "CALL SYNOD.TRANSFER('" + to + "')")
                                .get(0)
                                .replaceAll("[|].*", ""));
            } catch (SQLException e) {
                if (!TRANSFER_ERRORS.contains(String.valueOf(e.getSQLState()))) {
                    throw e;
                }
                return false;
            }
        });
    }

    private void endOfTransfer() throws Exception {
        if (transfer != null) {
            counts.transferred(transfer.get(Await.LIMIT.toSeconds(), TimeUnit.SECONDS));
            transfer = null;
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
        if (disks != null) {
            disks.fast();
        }
        for (String node : offset) {
            clocks.right(node);
        }
        for (NodeProcess node : cluster.nodes()) {
            if (!node.isAlive()) {
                node.start();
            }
        }
        if (touched.size() > full.size()) {
            restartThoseThatWereFull(); // with another one they may be a majority, without which nothing goes on
        }
        histories.awaitProgress(2);
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from);
        restartThoseThatWereFull();
        for (String node : cluster.names()) {
            Await.until("node " + node + " answers", START_LIMIT, () -> answers(node));
        }
        endOfTransfer();
        if (lost != null) {
            Await.until("node " + lost + " votes again", START_LIMIT, this::allVote);
            forgetWhatWasSetAside(directory.resolve(lost));
            lost = null;
        }
        counts.mended(millis);
        LOG.info("mended: all clients went on within {} ms", millis);
        touched.clear();
        dead.clear();
        paused.clear();
        offset.clear();
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

    private void restartThoseThatWereFull() throws Exception {
        for (String node : full) {
            restartUnlessItGoesOn(node);
        }
        full.clear();
    }

    private void restartUnlessItGoesOn(String node) throws Exception {
        long end = System.nanoTime() + BY_ITSELF_NANOS;
        while (!answers(node)) {
            if (System.nanoTime() - end > 0) {
                LOG.info("node {} did not go on by itself after its disk had been full", node);
                counts.restartedByHand();
                cluster.node(node).kill();
                cluster.node(node).start();
                return;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    /** What happened. */
    FaultCounts counts() {
        return counts;
    }

    @Override
    public void close() {
        calls.shutdownNow();
    }
}
