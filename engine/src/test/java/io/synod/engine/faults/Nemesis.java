package io.synod.engine.faults;

import io.synod.engine.failover.Await;
import io.synod.engine.failover.LogDamage;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.operations.NodeProcess;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
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

    /** More than a day, either way. */
    private static final int OFFSET_SECONDS_MAX = 100_000;

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
    private final Standing standing;
    private final Procedures procedures;
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
        this.standing = new Standing(cluster, directory);
        this.procedures = new Procedures(cluster, directory, network, standing, histories, counts, random.split());
    }

    /** One or two faults, and their end. */
    void round() throws Exception {
        Fault fault = draw();
        if (!Fault.PROCEDURES.contains(fault)) {
            begin(fault);
            last();
            if (random.nextInt(2) != 0) {
                mend();
                return;
            }
            fault = draw();
        }
        if (Fault.PROCEDURES.contains(fault)) {
            if (!touched.isEmpty() || transfer != null) {
                mend();
            }
            procedure(fault);
        } else {
            begin(fault);
            last();
        }
        mend();
    }

    private void procedure(Fault fault) throws Exception {
        LOG.info("{}, leader {}", fault, cluster.leader(Set.of()));
        counts.began(fault);
        procedures.run(fault);
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
            case TRANSFER, KILL_CLIENT, ROLLING_RESTART, CHANGE_MEMBERS, KILL_SENDER, KILL_RECEIVER ->
                throw new AssertionError(fault);
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
        transfer = calls.submit(() -> standing.transfer(to));
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
            Await.until("node " + node + " answers", Standing.START_LIMIT, () -> standing.answers(node));
        }
        endOfTransfer();
        if (lost != null) {
            Await.until("node " + lost + " votes again", Standing.START_LIMIT, standing::allVote);
            standing.forgetWhatWasSetAside(lost);
            lost = null;
        }
        counts.mended(millis);
        LOG.info("mended: all clients went on within {} ms", millis);
        touched.clear();
        dead.clear();
        paused.clear();
        offset.clear();
    }

    private void restartThoseThatWereFull() throws Exception {
        for (String node : full) {
            restartUnlessItGoesOn(node);
        }
        full.clear();
    }

    private void restartUnlessItGoesOn(String node) throws Exception {
        long end = System.nanoTime() + BY_ITSELF_NANOS;
        while (!standing.answers(node)) {
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
        procedures.close();
    }
}
