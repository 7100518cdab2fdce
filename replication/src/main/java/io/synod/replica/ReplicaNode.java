package io.synod.replica;

import io.synod.group.Invariant;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.log.EntryLog;
import io.synod.paxos.Message;
import io.synod.paxos.Timing;
import io.synod.transport.EndingThreads;
import io.synod.transport.Transport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All groups of one node: they share its log, its transport and its threads. Thread-safe.
 *
 * <p>Threads: {@code synod-log} (the commit path when no client is on it, {@link CommitPath}), {@code synod-timer} ({@link
 * TimerLoop}), {@code synod-feed} ({@link Feeder}), and per group {@code synod-apply-N} ({@link ApplyPath}).
 *
 * <p>A failed force or a broken invariant stops the node: it goes silent at once, because what it would say could be
 * untrue. {@link Applier#onStopped} tells each group.
 */
public final class ReplicaNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicaNode.class);
    private static final int SNAPSHOTS_QUEUED_MAX = 256;
    private static final long CLOSE_NANOS = 10_000_000_000L;
    private static final long REOPEN_NANOS = 10_000_000_000L;
    private static final long REOPEN_LOOK_NANOS = 1_000_000L;

    private final EntryLog log;
    private final Transport transport;
    private final Timing timing;
    private final LongSupplier nanoClock;
    private final SuspendCheck suspends;
    private final SplittableRandom random;

    private final PersistQueue persist;
    private final Questions questions;
    private final NamedPeers peers;
    private final CommitPath commitPath;
    private final TimerLoop timer;
    private final Feeder feeder = new Feeder();
    private final LogLimits limits;
    private final Retention retention;
    private final Throttle snapshotThrottle;
    /** One snapshot at a time goes to a peer, whatever its group. */
    private final Map<Integer, ThreadPoolExecutor> snapshotSenders = new ConcurrentHashMap<>();

    private final Map<Long, Replica> byGroup = new ConcurrentHashMap<>();
    private volatile Replica[] replicas = new Replica[0];
    /** Of groups that were closed: how many records had come when the last one of theirs had. */
    private final Map<Long, Long> unwritten = new ConcurrentHashMap<>();

    private final List<Thread> threads = new ArrayList<>();
    private volatile Throwable failure;
    private volatile boolean closed;

    /**
     * Starts the node's threads; groups are opened after that.
     *
     * @param log closed with the node
     * @param transport not started yet, closed with the node; {@code null} for a node without peers
     * @param nanoClock monotonic, {@code System::nanoTime}
     */
    public ReplicaNode(
            EntryLog log, Transport transport, Timing timing, LongSupplier nanoClock, RandomGenerator random) {
        this(log, transport, timing, LogLimits.standard(), nanoClock, random);
    }

    /**
     * As the other one, with limits of its own.
     */
    public ReplicaNode(
            EntryLog log,
            Transport transport,
            Timing timing,
            LogLimits limits,
            LongSupplier nanoClock,
            RandomGenerator random) {
        this.log = log;
        this.transport = transport;
        this.persist = new PersistQueue(nanoClock, byGroup::containsKey);
        this.questions = new Questions(transport);
        this.peers = new NamedPeers(transport, nanoClock);
        this.timing = timing;
        this.nanoClock = nanoClock;
        this.random = new SplittableRandom(random.nextLong());
        this.limits = limits;
        this.retention = new Retention(log, limits, () -> replicas);
        this.snapshotThrottle = new Throttle(limits.snapshotBytesPerSecond());
        this.commitPath = new CommitPath(log, persist, transport, () -> replicas, retention, this::fail);
        retention.wakesBy(commitPath::wake);
        this.suspends = new SuspendCheck(nanoClock, System::currentTimeMillis, timing.lease());
        this.timer = new TimerLoop(
                () -> replicas, transport, commitPath, suspends, peers, nanoClock, timing.electionTimeout());
        start("synod-log", commitPath);
        start("synod-feed", feeder);
        start("synod-timer", timer);
        start("synod-retention", retention);
        if (transport != null) {
            transport.start(new PeerAdapter());
        }
    }

    private synchronized void start(String name, Runnable body) {
        Thread thread = new Thread(
                () -> {
                    try {
                        body.run();
                    } catch (Throwable e) {
                        fail(e);
                    }
                },
                name);
        thread.setDaemon(true);
        threads.removeIf(ended -> ended.getState() == Thread.State.TERMINATED); // of groups that were closed
        threads.add(thread);
        thread.start();
    }

    /**
     * Opens a group. It takes part from now on.
     *
     * @param groupId the same on all nodes
     * @param bootstrap the members as long as the log has no other configuration; {@link Members#NOBODY} on a node that is added to
     *     a group that others began, for as long as it has its log
     * @param selfSlot this node's slot, the same in all its groups
     * @param priority of this node as leader; the greater is preferred
     * @throws IllegalStateException when the group is open already, or the node has stopped; or the group was closed, and what it had
     *     to write then does not reach the disk
     */
    public ReplicatedLog openGroup(long groupId, Members bootstrap, int selfSlot, int priority, Applier applier) {
        return openGroup(groupId, bootstrap, selfSlot, priority, applier, null);
    }

    /**
     * Opens a group whose log may forget what its state machine has.
     *
     * @param snapshots of the state machine; {@code null} for one that has none: then the log is kept whole, and a member that
     *     lost it can only get it from the first entry on
     */
    public ReplicatedLog openGroup(
            long groupId, Members bootstrap, int selfSlot, int priority, Applier applier, Snapshots snapshots) {
        boolean joins = bootstrap.all().isEmpty();
        Invariant.that(joins || bootstrap.bySlot(selfSlot) != null, "slot %d is not in group %d", selfSlot, groupId);
        Invariant.that(
                transport != null || bootstrap.all().size() == 1,
                "group %d has %d members, but this node has no transport",
                groupId,
                bootstrap.all().size());
        if (!awaitWritten(groupId, REOPEN_NANOS)) {
            throw new IllegalStateException(
                    "what group " + groupId + " had to write when it was closed is not on disk yet");
        }
        Replica replica;
        synchronized (this) {
            if (closed || failure != null) {
                throw new IllegalStateException(
                        "this node has stopped, group " + groupId + " cannot be opened", failure);
            }
            if (byGroup.containsKey(groupId)) {
                throw new IllegalStateException("group " + groupId + " is open already");
            }
            replica = new Replica(this, groupId, bootstrap, selfSlot, priority, applier, snapshots);
            start("synod-apply-" + groupId, replica.applyPath());
            byGroup.put(groupId, replica);
            retention.closedGroups().opened(groupId);
            Replica[] more = Arrays.copyOf(replicas, replicas.length + 1);
            more[more.length - 1] = replica;
            replicas = more;
        }
        membersChanged();
        // Its first step: what a crash left to be said is in the log before anything else of it.
        replica.submit((state, now, out) -> {});
        return replica;
    }

    /**
     * The log tells a group that is opened of all that was appended. What is not on disk yet the group would take for safe, and say
     * so to others. So who opens one again waits for it, and with this may do that where it holds up nobody.
     *
     * @return whether all that the group had to write when it was closed is on disk, or the node has stopped
     */
    public boolean awaitWritten(long groupId, long nanos) {
        long records = unwritten.getOrDefault(groupId, 0L);
        long start = System.nanoTime();
        while (commitPath.done() < records && !closed && failure == null) {
            if (System.nanoTime() - start >= nanos) {
                return false;
            }
            commitPath.wake();
            LockSupport.parkNanos(this, REOPEN_LOOK_NANOS);
        }
        return true;
    }

    synchronized void closed(Replica replica) {
        unwritten.put(replica.group(), persist.added());
        if (byGroup.remove(replica.group(), replica)) {
            replicas = Arrays.stream(replicas).filter(r -> r != replica).toArray(Replica[]::new);
            membersChanged();
        }
    }

    /** A group's configuration is another one than before. */
    void membersChanged() {
        if (transport != null) {
            peers.changed(() -> Arrays.stream(replicas).map(Replica::members).toList());
        }
    }

    /** Its peers hear it from now on, and it them, where that was held back by {@link Transport#speak}. */
    public void speak() {
        if (transport != null) {
            transport.speak();
        }
    }

    /**
     * A group's configuration is another one than before.
     *
     * @param self whom it gives this node's slot; {@code null} for nobody
     * @return whether that is another node: the group stops here, because two that speak for one slot would pass for a majority
     */
    boolean lostPlace(Replica replica, Member self) {
        membersChanged();
        String name = transport == null ? "" : transport.selfName();
        if (self == null || name.isEmpty() || self.name().equals(name)) {
            return false;
        }
        replica.stop(new IllegalStateException("slot " + self.slot() + ", which node " + name + " has, is that of node "
                + self.name()
                + " in this group: remove one of the two from all databases, and add it again, for an empty"
                + " directory"));
        return true;
    }

    /** What its users ask those of other nodes. */
    public Questions questions() {
        return questions;
    }

    /** Why the node has stopped; {@code null} while it runs. */
    public Throwable failure() {
        return failure;
    }

    /** Whether the disk is full: nothing is acknowledged here until there is room. */
    public boolean holdsBack() {
        return commitPath.holdsBack();
    }

    /** Stops everything, for ever; the first cause counts. Called by whichever thread met it. */
    void fail(Throwable cause) {
        Replica[] all;
        synchronized (this) {
            if (closed || failure != null) {
                return;
            }
            failure = cause;
            all = replicas;
        }
        LOG.error("this node stops: {}", cause.toString(), cause);
        commitPath.stop();
        timer.close();
        feeder.close();
        closeRetention();
        if (transport != null) {
            transport.close();
        }
        for (Replica replica : all) {
            replica.stop(cause);
        }
    }

    /** Hands over what this node leads, then closes. */
    public void close(long transferNanos) {
        handOver(transferNanos);
        close();
    }

    /**
     * Hands over what this node leads, to nodes that it is connected to, and goes on as a follower.
     *
     * <p>In rounds, in which each group gets its share of what is left: one that nobody takes over must not cost all of it.
     */
    void handOver(long limitNanos) {
        long start = System.nanoTime();
        List<Replica> led = new ArrayList<>(List.of(replicas));
        led.removeIf(replica -> !replica.leadsNow() || replica.members().voters().length == 1);
        long left = limitNanos;
        while (left > 0) {
            led.removeIf(replica -> !replica.mayTransfer());
            if (led.isEmpty()) {
                return;
            }
            int turns = led.size();
            for (Replica replica : List.copyOf(led)) {
                left = limitNanos - (System.nanoTime() - start);
                if (replica.transferAway(Math.min(left / turns--, LeaderTransfer.ATTEMPT_NANOS))) {
                    led.remove(replica);
                }
            }
        }
        for (Replica replica : led) {
            LOG.warn("leadership of group {} could not be handed over in time", replica.group());
        }
    }

    /** Closes at once, as a crash would, but for what is being forced. */
    @Override
    public void close() {
        List<Thread> ended;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            ended = List.copyOf(threads);
        }
        timer.close();
        if (transport != null) {
            transport.close();
        }
        for (Replica replica : replicas) {
            replica.end();
        }
        feeder.close();
        closeRetention();
        commitPath.close(CLOSE_NANOS);
        EndingThreads.join(ended, CLOSE_NANOS);
        try {
            log.close();
        } catch (IOException e) {
            LOG.warn("closing the log failed", e);
        }
    }

    /** What peers send, on the threads that read it. */
    private final class PeerAdapter implements Transport.Receiver {
        @Override
        public void onData(int fromSlot, long group, Message message, boolean more) {
            Replica replica = byGroup.get(group);
            if (replica != null) {
                replica.onData(fromSlot, message);
            }
            if (!more) {
                // One append, one force and one acknowledgement for all that has arrived.
                commitPath.helpPersist();
            }
        }

        @Override
        public void onControl(int fromSlot, long group, Message message) {
            if (questions.takes(fromSlot, group, message)) {
                return;
            }
            Replica replica = byGroup.get(group);
            if (replica != null) {
                replica.onMessage(fromSlot, message);
            }
        }

        @Override
        public void onPeerDown(int slot) {
            for (Replica replica : replicas) {
                replica.onPeerDown(slot);
            }
            questions.lost(slot);
        }
    }

    // ------------------------------------------------------------------ for the parts of this package

    EntryLog log() {
        return log;
    }

    Transport transport() {
        return transport;
    }

    Timing timing() {
        return timing;
    }

    SuspendCheck suspends() {
        return suspends;
    }

    ClosedGroups closedGroups() {
        return retention.closedGroups();
    }

    LogLimits limits() {
        return limits;
    }

    LongSupplier nanoClock() {
        return nanoClock;
    }

    PersistQueue persist() {
        return persist;
    }

    CommitPath commitPath() {
        return commitPath;
    }

    TimerLoop timer() {
        return timer;
    }

    private void closeRetention() {
        retention.close();
        snapshotSenders.values().forEach(ThreadPoolExecutor::shutdown);
    }

    Throttle snapshotThrottle() {
        return snapshotThrottle;
    }

    ThreadPoolExecutor snapshotsTo(int slot) {
        return snapshotSenders.computeIfAbsent(
                slot, s -> SnapshotExchange.worker("synod-snapshot-out-" + s, SNAPSHOTS_QUEUED_MAX));
    }

    Feeder feeder() {
        return feeder;
    }

    synchronized RandomGenerator splitRandom() {
        return random.split();
    }
}
