package io.synod.replica;

import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.log.ChronicleEntryLog;
import io.synod.log.EntryLog;
import io.synod.log.LogConfig;
import io.synod.paxos.Message;
import io.synod.paxos.Timing;
import io.synod.transport.PeerIdentities;
import io.synod.transport.SocketTransport;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;

/** Nodes a, b, c … in this JVM, over real sockets on loopback, with logs in memory. */
final class TestCluster implements AutoCloseable {
    static final long GROUP = 7;
    /** Of the logs on files that forget, in bytes. */
    static final int SEGMENT = 256 << 10;

    private static final long SETTLES_NANOS = 1_000_000_000L;

    /** One node; its disk outlives {@link #kill}. */
    final class TestNode {
        final int slot;
        final String name;
        TestLog log = new TestLog();
        ListApplier applier;
        /** {@code null} in a cluster without. */
        final ListSnapshots snapshots = withSnapshots == null ? null : new ListSnapshots();

        CuttableTransport transport;
        /** What becomes of control messages from the start on; see {@link CuttableTransport#arriving}. */
        UnaryOperator<Message> arrives = UnaryOperator.identity();

        volatile ReplicaNode node;
        ReplicatedLog group;
        /** What time it is for the protocol there. */
        volatile LongSupplier clock = System::nanoTime;

        /** The members that it is told of in the beginning, and itself. */
        private final Members known;

        private final boolean joins;

        TestNode(int slot) {
            this(slot, members, false);
        }

        TestNode(int slot, Members known, boolean joins) {
            this.slot = slot;
            this.known = known;
            this.joins = joins;
            this.name = known.bySlot(slot).name();
        }

        UUID incarnation() {
            return new UUID(1, slot);
        }

        String address() {
            return known.bySlot(slot).address();
        }

        void start() throws IOException {
            start(SocketTransport.listen(address()));
        }

        void start(ServerSocket listener) throws IOException {
            transport = new CuttableTransport(new SocketTransport(
                    new SocketTransport.Identity("test", known, slot, incarnation(), "", joins),
                    listener,
                    null,
                    PeerIdentities.inMemory(),
                    System::nanoTime,
                    new Random(seed + slot)));
            transport.arriving(arrives);
            applier = new ListApplier();
            if (snapshots != null) {
                snapshots.restart(applier, known);
            }
            EntryLog entries = dir == null
                    ? log
                    : ChronicleEntryLog.open(
                            dir.resolve(name),
                            withSnapshots == null
                                    ? LogConfig.standard(name)
                                    : new LogConfig(name, SEGMENT, 16 << 10, 0));
            LogLimits limits = withSnapshots == null ? LogLimits.standard() : withSnapshots;
            Random random = new Random(seed * 31 + slot);
            ReplicaNode started =
                    new ReplicaNode(entries, transport, timing(slot), limits, () -> clock.getAsLong(), random);
            group = started.openGroup(GROUP, joins ? Members.NOBODY : known, slot, 0, applier, snapshots);
            // Last: others may be looking at it.
            node = started;
        }

        /** As kill -9 would: what was not forced is gone, connections break. */
        void kill() {
            node.close();
            log = new TestLog(log.disk());
            node = null;
        }

        boolean leads() {
            return node != null && group.servingEpoch() != 0;
        }

        Proposal propose(String text) {
            return group.propose(text.getBytes(StandardCharsets.UTF_8), group.servingEpoch(), text);
        }

        /** @return how it ended */
        Proposal.Outcome write(String text) {
            return propose(text).await(Await.LIMIT_NANOS);
        }
    }

    private final long seed;
    private final int onlyLeader;
    /** {@code null} for logs in memory. */
    private final Path dir;

    private final LogLimits withSnapshots;
    private final Members members;
    private final List<TestNode> nodes = new CopyOnWriteArrayList<>();

    private TestCluster(int size, int onlyLeader, Path dir, LogLimits withSnapshots, long seed) throws IOException {
        this.withSnapshots = withSnapshots;
        System.err.println("seed " + seed);
        this.seed = seed;
        this.onlyLeader = onlyLeader;
        this.dir = dir;
        List<ServerSocket> listeners = new ArrayList<>();
        List<Member> all = new ArrayList<>();
        for (int slot = 1; slot <= size; slot++) {
            ServerSocket listener = SocketTransport.listen("127.0.0.1:0");
            listeners.add(listener);
            String name = String.valueOf((char) ('a' + slot - 1));
            all.add(new Member(slot, name, Member.UNSEEN, Member.Role.VOTER, "127.0.0.1:" + listener.getLocalPort()));
        }
        members = new Members(all);
        for (int slot = 1; slot <= size; slot++) {
            TestNode node = new TestNode(slot);
            nodes.add(node);
            node.start(listeners.get(slot - 1));
        }
    }

    static TestCluster of(int size) throws IOException {
        return new TestCluster(size, 0, null, null, Long.getLong("seed", new Random().nextInt(1_000_000)));
    }

    /** Three nodes with real files. */
    static TestCluster on(Path dir) throws IOException {
        return new TestCluster(3, 0, dir, null, Long.getLong("seed", new Random().nextInt(1_000_000)));
    }

    /** Three nodes of which only this one ever campaigns. */
    static TestCluster ledBy(int slot) throws IOException {
        return new TestCluster(3, slot, null, null, Long.getLong("seed", new Random().nextInt(1_000_000)));
    }

    /** Three nodes whose logs forget, with a state machine that makes snapshots. */
    static TestCluster forgetting(LogLimits limits) throws IOException {
        return new TestCluster(3, 0, null, limits, Long.getLong("seed", new Random().nextInt(1_000_000)));
    }

    /** The same, and only this one ever campaigns. */
    static TestCluster forgettingLedBy(int slot, LogLimits limits) throws IOException {
        return new TestCluster(3, slot, null, limits, Long.getLong("seed", new Random().nextInt(1_000_000)));
    }

    /** As {@link #forgettingLedBy(int, LogLimits)}, with real files. */
    static TestCluster forgettingLedBy(int slot, LogLimits limits, Path dir) throws IOException {
        return new TestCluster(3, slot, dir, limits, Long.getLong("seed", new Random().nextInt(1_000_000)));
    }

    /** As {@link #forgetting(LogLimits)}, with real files. */
    static TestCluster forgetting(LogLimits limits, Path dir) throws IOException {
        return new TestCluster(3, 0, dir, limits, Long.getLong("seed", new Random().nextInt(1_000_000)));
    }

    /** One more node, which is no member yet. */
    TestNode join() throws IOException {
        ServerSocket listener = SocketTransport.listen("127.0.0.1:0");
        int slot = nodes.size() + 1;
        List<Member> all = new ArrayList<>(members.all());
        String name = String.valueOf((char) ('a' + slot - 1));
        String address = "127.0.0.1:" + listener.getLocalPort();
        all.add(new Member(slot, name, Member.UNSEEN, Member.Role.VOTER, address));
        TestNode node = new TestNode(slot, new Members(all), true);
        nodes.add(node);
        node.start(listener);
        return node;
    }

    private Timing timing(int slot) {
        // Patient, so that leadership moves when a test moves it, and not where some threads stand still for a while on
        // a
        // busy machine. A leader that is killed is replaced at once all the same: its connections are reset.
        return Timing.patient(onlyLeader == 0 || onlyLeader == slot ? 3_000 : 600_000);
    }

    Members members() {
        return members;
    }

    List<TestNode> nodes() {
        return nodes;
    }

    /**
     * Waits for a node that serves, and for a second at most until all that run follow it: on a busy machine a second
     * candidate may be under way and unseat it. Leadership may move later all the same: what does not depend on who leads
     * is written with {@link #write}.
     */
    TestNode awaitLeader() {
        long start = System.nanoTime();
        AtomicReference<TestNode> found = new AtomicReference<>();
        Await.until("a leader that serves", () -> {
            TestNode leader = nodes.stream().filter(TestNode::leads).findFirst().orElse(null);
            found.set(leader);
            return leader != null && (followedByAll(leader) || System.nanoTime() - start > SETTLES_NANOS);
        });
        return found.get();
    }

    private boolean followedByAll(TestNode leader) {
        return nodes.stream().allMatch(n -> n.node == null || leader.name.equals(n.group.leader()));
    }

    /** Has this applied exactly once, by whoever leads: what was LOST is in no log, and is proposed again. */
    void write(String text) {
        long start = System.nanoTime();
        Proposal.Outcome outcome;
        do {
            outcome = awaitLeader().write(text);
        } while (outcome == Proposal.Outcome.LOST && System.nanoTime() - start < Await.LIMIT_NANOS);
        if (outcome != Proposal.Outcome.APPLIED) {
            throw new AssertionError(text + ": " + outcome);
        }
    }

    List<TestNode> others(TestNode than) {
        return nodes.stream().filter(n -> n != than && n.node != null).toList();
    }

    /** Waits until a node other than this one serves, which may have been cut off. */
    TestNode awaitLeaderOtherThan(TestNode old) {
        AtomicReference<TestNode> found = new AtomicReference<>();
        Await.until("another leader", () -> {
            found.set(others(old).stream().filter(TestNode::leads).findFirst().orElse(null));
            return found.get() != null;
        });
        return found.get();
    }

    /** As {@link #write(String)}, by whoever of the others leads. */
    void writeBesides(TestNode old, String text) {
        Proposal.Outcome outcome;
        do {
            outcome = awaitLeaderOtherThan(old).write(text);
        } while (outcome == Proposal.Outcome.LOST);
        if (outcome != Proposal.Outcome.APPLIED) {
            throw new AssertionError(text + ": " + outcome);
        }
    }

    /** Waits until every running node has applied the same, and that holds this. */
    void awaitEqual(List<String> atLeast) {
        Await.until(
                () -> "equal state on all nodes: "
                        + nodes.stream()
                                .map(n -> n.applier.texts().size() + " " + n.applier.appliedIndex())
                                .toList(),
                () -> {
                    List<TestNode> running =
                            nodes.stream().filter(n -> n.node != null).toList();
                    List<String> first = running.get(0).applier.texts();
                    return new HashSet<>(first).containsAll(atLeast)
                            && running.stream().allMatch(n -> n.applier.texts().equals(first));
                });
    }

    @Override
    public void close() {
        for (TestNode node : nodes) {
            if (node.node != null) {
                node.node.close();
            }
        }
    }
}
