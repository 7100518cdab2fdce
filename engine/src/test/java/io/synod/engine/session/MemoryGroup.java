package io.synod.engine.session;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Epoch;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.replica.Applier;
import io.synod.replica.Proposal;
import io.synod.replica.ReplicatedLog;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The in-memory twin of a group's log: one list that all members share, so that what is proposed is committed at once. A
 * follower applies when somebody there waits for it, the leader when a proposal is awaited.
 */
final class MemoryGroup {
    private final ReentrantLock baton = new ReentrantLock();
    private final List<Entry> entries = new ArrayList<>();
    private final List<Object> proposals = new ArrayList<>();
    private final List<MemberLog> logs = new ArrayList<>();
    private volatile MemberLog leader;
    private volatile long epoch;
    private int round;
    private boolean losing;
    private boolean leaseless;
    private boolean withoutMajority;
    private final AtomicInteger hesitations = new AtomicInteger();
    private volatile long confirmations;
    private long interruptAt;
    private Runnable interruption;
    private Runnable beforeNaming;
    private Runnable beforeConfirming;
    private int maxPayloadBytes = ReplicatedLog.MAX_PAYLOAD_BYTES;

    MemberLog join(String name, Applier applier) {
        baton.lock();
        try {
            // One that was there before has been started again.
            MemberLog before =
                    logs.stream().filter(l -> l.name.equals(name)).findFirst().orElse(null);
            MemberLog log = new MemberLog(name, applier, before == null ? logs.size() + 1 : before.slot);
            if (before == null) {
                logs.add(log);
            } else {
                logs.set(logs.indexOf(before), log);
            }
            return log;
        } finally {
            baton.unlock();
        }
    }

    void lead(MemberLog next) {
        baton.lock();
        try {
            MemberLog old = leader;
            leader = null;
            epoch = 0;
            if (old != null) {
                old.applier.onDeposed();
            }
            long coming = Epoch.of(++round, next.slot);
            entries.add(Entry.barrier(coming, entries.size() + 1));
            proposals.add(null);
            next.drain();
            epoch = coming;
            leader = next;
        } finally {
            baton.unlock();
        }
    }

    /** From now on the leader's proposals are lost, as those of one that was deposed without knowing. */
    void loseProposals(boolean on) {
        losing = on;
    }

    /** So many times more the leader says that it does not serve yet. */
    void hesitate(int times) {
        hesitations.set(times);
    }

    void withoutLease(boolean on) {
        leaseless = on;
    }

    /** Nobody can say in time who leads. */
    void withoutMajority(boolean on) {
        withoutMajority = on;
    }

    /** Once so many more entries are in the log, whoever waits for one next runs this first. */
    void afterEntries(int more, Runnable what) {
        interruptAt = entries.size() + more;
        interruption = what;
    }

    /** Once, whoever asks who leads runs this first. */
    void beforeNextLeaderIsNamed(Runnable what) {
        beforeNaming = what;
    }

    /** Once, whoever asks whether it may read runs this before the answer. */
    void beforeNextConfirmation(Runnable what) {
        beforeConfirming = what;
    }

    void maxPayloadBytes(int bytes) {
        maxPayloadBytes = bytes;
    }

    private void interrupt() {
        Runnable what = interruption;
        if (what != null && entries.size() >= interruptAt) {
            interruption = null;
            what.run();
        }
    }

    /** How often a read was confirmed without a lease. */
    long confirmations() {
        return confirmations;
    }

    /** What the log holds, without barriers. */
    long dataEntries() {
        return entries.stream().filter(e -> e.kind() == EntryKind.DATA).count();
    }

    final class MemberLog implements ReplicatedLog {
        private final String name;
        private final Applier applier;
        private final int slot;

        private MemberLog(String name, Applier applier, int slot) {
            this.name = name;
            this.applier = applier;
            this.slot = slot;
        }

        void drain() {
            baton.lock();
            try {
                for (long i = applier.appliedIndex(); i < entries.size(); i++) {
                    Object proposal = proposals.get((int) i);
                    boolean mine = proposal instanceof MemoryProposal p && p.from == this && p.epoch == epoch;
                    applier.apply(entries.get((int) i), mine ? (Proposal) proposal : null);
                }
            } finally {
                baton.unlock();
            }
        }

        @Override
        public Proposal propose(byte[] payload, long proposedEpoch, Object attachment) {
            MemoryProposal proposal = new MemoryProposal(this, proposedEpoch, attachment);
            // As in the real one, who proposes waits for nobody: whoever deposes may be waiting for this transaction.
            while (!baton.tryLock()) {
                if (leader != this || proposedEpoch != epoch) {
                    return proposal;
                }
                Thread.onSpinWait();
            }
            try {
                if (leader == this && proposedEpoch == epoch && !losing) {
                    proposal.entry = new Entry(epoch, entries.size() + 1, EntryKind.DATA, payload);
                    entries.add(proposal.entry);
                    proposals.add(proposal);
                }
                return proposal;
            } finally {
                baton.unlock();
            }
        }

        @Override
        public int maxPayloadBytes() {
            return maxPayloadBytes;
        }

        @Override
        public long servingEpoch() {
            // Without the baton, as in the real one: it is asked under locks that whoever applies takes too.
            if (leader == this && hesitations.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                return 0;
            }
            long now = epoch;
            return leader == this && now == epoch ? now : 0;
        }

        @Override
        public String leader() {
            MemberLog now = leader;
            return now == null ? null : now.name;
        }

        @Override
        public String awaitLeader(long timeoutNanos) {
            Runnable what = beforeNaming;
            if (what != null) {
                beforeNaming = null;
                what.run();
            }
            if (leader == null) {
                // One that is about to lead has it.
                baton.lock();
                baton.unlock();
            }
            return leader();
        }

        @Override
        public boolean awaitReadable(long timeoutNanos) {
            Runnable what = beforeConfirming;
            if (what != null) {
                beforeConfirming = null;
                what.run();
            }
            confirmations++;
            drain();
            return leader != null && !withoutMajority;
        }

        @Override
        public boolean awaitFresh(long maxAgeNanos, long timeoutNanos) {
            return awaitReadable(timeoutNanos);
        }

        @Override
        public long ageNanos() {
            return leader == this ? 0 : Long.MAX_VALUE;
        }

        @Override
        public List<String> awaitEverywhere(long index, long timeoutNanos) {
            return List.of();
        }

        @Override
        public boolean leaseHolds() {
            return leader == this && !leaseless;
        }

        @Override
        public boolean awaitApplied(long index, long timeoutNanos) {
            drain();
            return applier.appliedIndex() >= index;
        }

        @Override
        public long appliedIndex() {
            return applier.appliedIndex();
        }

        @Override
        public long commitIndex() {
            return entries.size();
        }

        @Override
        public long durableIndex() {
            return entries.size();
        }

        @Override
        public Members members() {
            return new Members(logs.stream()
                    .map(l -> new Member(l.slot, l.name, Member.UNSEEN, Member.Role.VOTER, "memory"))
                    .toList());
        }

        @Override
        public List<MemberStatus> status() {
            return logs.stream()
                    .map(l -> new MemberStatus(
                            l.name,
                            "memory",
                            l == leader ? "leader" : "follower",
                            Epoch.toString(epoch),
                            entries.size(),
                            entries.size(),
                            l.applier.appliedIndex(),
                            0,
                            0,
                            0,
                            0,
                            true))
                    .toList();
        }

        @Override
        public boolean transferAway(long timeoutNanos) {
            for (MemberLog other : logs) {
                if (other != this) {
                    lead(other);
                    return true;
                }
            }
            return false;
        }

        @Override
        public boolean transferTo(String member, long timeoutNanos) {
            lead(logs.stream().filter(l -> l.name.equals(member)).findFirst().orElseThrow());
            return true;
        }

        @Override
        public void close() {
            baton.lock();
            try {
                if (leader == this) {
                    leader = null;
                    epoch = 0;
                }
            } finally {
                baton.unlock();
            }
        }
    }

    private final class MemoryProposal implements Proposal {
        private final MemberLog from;
        private final long epoch;
        private final Object attachment;
        private Entry entry;

        private MemoryProposal(MemberLog from, long epoch, Object attachment) {
            this.from = from;
            this.epoch = epoch;
            this.attachment = attachment;
        }

        @Override
        public Object attachment() {
            return attachment;
        }

        @Override
        public Entry entry() {
            return entry;
        }

        @Override
        public boolean awaitForced(long timeoutNanos) {
            return entry != null;
        }

        @Override
        public Outcome await(long timeoutNanos) {
            interrupt();
            if (entry == null) {
                return Outcome.LOST;
            }
            from.drain();
            return Outcome.APPLIED;
        }
    }
}
