package io.synod.paxos;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.group.Recovered;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Predicate;

/**
 * A group driven by hand: nothing moves but what the test moves. Messages lie on the wire until they are delivered or
 * dropped; each entry travels in its own message; time passes only where it is said.
 */
final class TraceGroup {
    static final long MILLI = 1_000_000L;

    record Envelope(int from, int to, Message message) {}

    final Map<Integer, Node> nodes = new TreeMap<>();
    final List<Envelope> wire = new ArrayList<>();
    private final Timing timing = Timing.patient(150);
    private final Sabotage sabotage;
    private final int[] priorities;
    private long starts;
    long now;

    TraceGroup(int nodes, Members members, Sabotage sabotage) {
        this(nodes, members, sabotage, new int[nodes]);
    }

    private TraceGroup(int nodes, Members members, Sabotage sabotage, int[] priorities) {
        this.sabotage = sabotage;
        this.priorities = priorities;
        for (int slot = 1; slot <= nodes; slot++) {
            this.nodes.put(slot, new Node(slot, members.bySlot(slot) == null ? Members.NOBODY : members));
            start(slot, Recovered.NOTHING);
        }
    }

    TraceGroup(int nodes) {
        this(nodes, members(1, nodes), Sabotage.NOTHING);
    }

    /** With the priorities of its members, in the order of their slots. */
    static TraceGroup ranked(int... priorities) {
        return new TraceGroup(priorities.length, members(1, priorities.length), Sabotage.NOTHING, priorities);
    }

    static Members members(int from, int to) {
        List<Member> members = new ArrayList<>();
        for (int slot = from; slot <= to; slot++) {
            members.add(new Member(slot, "s" + slot, new UUID(0, slot), Member.Role.VOTER, "s" + slot + ":1"));
        }
        return new Members(members);
    }

    Node node(int slot) {
        return nodes.get(slot);
    }

    void start(int slot, Recovered recovered) {
        Node node = node(slot);
        node.persistGiven = 0;
        node.state = sabotage.groupState(
                slot,
                node.members,
                recovered,
                null,
                node.applied,
                priorities[slot - 1],
                timing,
                new SplittableRandom(++starts),
                now);
    }

    /** Loses what is not forced. */
    void restart(int slot) {
        Node node = node(slot);
        node.log.clear();
        node.log.addAll(node.forcedLog);
        List<Recovered.Term> terms = new ArrayList<>();
        for (Entry entry : node.log) {
            if (terms.isEmpty() || terms.get(terms.size() - 1).epoch() != entry.epoch()) {
                terms.add(new Recovered.Term(entry.epoch(), entry.index()));
            }
        }
        node.promise = node.forcedPromise;
        List<Entry> configurations = node.log.stream()
                .filter(entry -> entry.kind() == EntryKind.CONFIG)
                .toList();
        start(slot, new Recovered(node.forcedPromise, Base.NONE, terms, node.log.size(), configurations));
    }

    void pass(long nanos) {
        now += nanos;
    }

    void tick(int slot) {
        node(slot).state.tick(now, node(slot));
    }

    void force(int slot) {
        node(slot).force();
    }

    void drop() {
        wire.clear();
    }

    /** Delivers the first message of this kind on the way from one to the other, and forces there. */
    <M extends Message> void deliver(int from, int to, Class<M> kind, Predicate<M> which) {
        for (Envelope envelope : wire) {
            if (envelope.from == from
                    && envelope.to == to
                    && kind.isInstance(envelope.message)
                    && which.test(kind.cast(envelope.message))) {
                wire.remove(envelope);
                receive(envelope);
                force(to);
                return;
            }
        }
        throw new AssertionError(
                "no " + kind.getSimpleName() + " from " + from + " to " + to + " on the wire: " + wire);
    }

    private void receive(Envelope envelope) {
        Node node = node(envelope.to);
        node.state.onMessage(envelope.from, envelope.message, now, node);
    }

    /** Forces and delivers among these until nothing is left on the wire between them; the rest stays. */
    void settle(Integer... among) {
        settle(message -> true, among);
    }

    void settle(Predicate<Message> which, Integer... among) {
        List<Integer> slots = List.of(among);
        for (int round = 0; round < 1000; round++) {
            slots.forEach(this::force);
            Envelope next = null;
            for (Envelope envelope : wire) {
                if (slots.contains(envelope.from) && slots.contains(envelope.to) && which.test(envelope.message)) {
                    next = envelope;
                    break;
                }
            }
            if (next == null) {
                return;
            }
            wire.remove(next);
            receive(next);
        }
        throw new AssertionError("does not come to rest: " + wire);
    }

    /** Makes this node leader by these voters; what it ships as leader stays on the wire. */
    void elect(Integer... candidateThenVoters) {
        drop();
        int candidate = candidateThenVoters[0];
        for (int attempt = 0; attempt < 8 && node(candidate).state.role() != Role.LEADER; attempt++) {
            pass(1000 * MILLI);
            tick(candidate);
            settle(
                    message -> !(message instanceof Message.Accept) && !(message instanceof Message.Accepted),
                    candidateThenVoters);
        }
        if (node(candidate).state.role() != Role.LEADER) {
            throw new AssertionError(
                    candidate + " does not lead: " + node(candidate).state.role() + ", wire " + wire);
        }
    }

    long propose(int slot, EntryKind kind, byte[] payload) {
        Node node = node(slot);
        long index = node.state.propose(kind, payload, now, node);
        node.state.flush(now, node);
        return index;
    }

    MemberChange.Outcome change(int slot, MemberChange change) {
        Node node = node(slot);
        MemberChange.Outcome outcome = node.state.changeMembers(change, now, node);
        node.state.flush(now, node);
        return outcome;
    }

    /** One member with its log; applies at once what is committed. */
    final class Node implements Effects {
        final int slot;
        final Members members;
        final List<Entry> log = new ArrayList<>();
        final List<Entry> forcedLog = new ArrayList<>();
        final List<Entry> committed = new ArrayList<>();
        final Map<Long, Long> readable = new HashMap<>();
        final List<Long> notReadable = new ArrayList<>();
        GroupState state;
        boolean holdsApply;
        boolean diskHangs;
        boolean removed;
        final List<String> notices = new ArrayList<>();
        long applied;
        private long persistGiven;
        private long promise;
        private long forcedPromise;

        Node(int slot, Members members) {
            this.slot = slot;
            this.members = members;
        }

        void force() {
            if (diskHangs) {
                return;
            }
            forcedLog.clear();
            forcedLog.addAll(log);
            forcedPromise = promise;
            state.onForced(persistGiven, now, this);
            apply();
        }

        void apply() {
            if (!holdsApply && applied < state.commitIndex()) {
                applied = state.commitIndex();
                state.onApplied(applied, now, this);
            }
        }

        @Override
        public void append(Entry entry) {
            while (log.size() >= entry.index()) {
                log.remove(log.size() - 1);
            }
            log.add(entry);
            promise = Math.max(promise, entry.epoch());
            persistGiven++;
        }

        @Override
        public void promise(long epoch) {
            promise = epoch;
            persistGiven++;
        }

        @Override
        public void base(Base base, boolean voids) {
            if (voids) {
                throw new AssertionError("no snapshots here");
            }
            // Only the protocol forgets: entries keep their places here.
            persistGiven++;
        }

        @Override
        public void offerSnapshot(int toSlot, long atLeast) {
            throw new AssertionError("no snapshots here");
        }

        @Override
        public void send(int toSlot, Message message) {
            wire.add(new Envelope(slot, toSlot, message));
        }

        @Override
        public void ship(int toSlot, Message.Accept accept, long from, long to) {
            for (long index = from; index <= to; index++) {
                long prevEpoch = index == 1 ? 0 : log.get((int) index - 2).epoch();
                send(
                        toSlot,
                        new Message.Accept(
                                accept.epoch(),
                                index - 1,
                                prevEpoch,
                                List.of(log.get((int) index - 1)),
                                accept.commit(),
                                accept.sentAtNanos(),
                                accept.seq(),
                                accept.leaseNanos(),
                                accept.quorumAgeNanos()));
            }
        }

        @Override
        public void donate(int toSlot, Message.Fetched header, long from, long to) {
            send(
                    toSlot,
                    new Message.Fetched(
                            header.epoch(),
                            true,
                            header.prevIndex(),
                            header.prevEpoch(),
                            List.copyOf(log.subList((int) from - 1, (int) to))));
        }

        @Override
        public void accepted(int toSlot, Message.Accepted accepted) {
            send(toSlot, accepted);
        }

        @Override
        public void committed(long index) {
            while (committed.size() < index) {
                committed.add(log.get(committed.size()));
            }
        }

        @Override
        public void roleChanged(Role role, long epoch, int leaderSlot) {}

        @Override
        public void removed(long configuration) {
            removed = true;
        }

        @Override
        public void notice(String what) {
            notices.add(what);
        }

        @Override
        public void readable(long ticket, long index) {
            readable.put(ticket, index);
        }

        @Override
        public void notReadable(long ticket, int leaderHint) {
            notReadable.add(ticket);
        }
    }
}
