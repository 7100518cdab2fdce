package io.synod.replica;

import io.synod.group.EntryKind;
import io.synod.paxos.GroupState;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Proposals of one group that have no place in the log yet, in the order in which they were made. Any thread offers, the
 * holder of the baton gives them their places, whoever stops the group loses them all and wakes who waits for the one that was
 * being placed.
 */
final class ProposalQueue {
    private static final int MAX = 1 << 16;
    private static final int BATCH_MAX = 256;
    private static final int BATCH_BYTES_MAX = 4 << 20;

    private final ConcurrentLinkedQueue<PendingProposal> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();
    /** The end of the last batch that left. Under the group's lock. */
    private volatile long lastPlaced;
    /** It is in no queue while it is given its place; where that failed, for ever. Under the group's lock. */
    private volatile PendingProposal placing;

    void offer(PendingProposal proposal) {
        bytes.addAndGet(proposal.payload().length);
        queue.add(proposal);
        // After the proposal can be found: whoever sees a count finds what it counts.
        count.incrementAndGet();
    }

    boolean isFull() {
        return count.get() >= MAX;
    }

    /** {@code null} where there is none. */
    private PendingProposal poll() {
        PendingProposal proposal = queue.poll();
        if (proposal != null) {
            count.decrementAndGet();
            bytes.addAndGet(-proposal.payload().length);
        }
        return proposal;
    }

    /** Under the group's lock: what an earlier leadership proposed says nothing about this one's gate. */
    void leads(long lastIndex) {
        lastPlaced = lastIndex;
    }

    /** Whether there is a batch that need not wait for the one before it. */
    boolean mayLeave(boolean serving, long commitIndex) {
        int waiting = count.get();
        return waiting > 0
                && (waiting >= CommitPath.CROWD
                        || !serving
                        || commitIndex >= lastPlaced
                        || bytes.get() >= CommitPath.CROWD_BYTES);
    }

    /** As a step of the protocol: gives a batch its places in the log and ships it. */
    void place(GroupState state, long now, StepEffects out, ApplyPath apply) {
        long placed = 0;
        for (int i = 0; i < BATCH_MAX && placed < BATCH_BYTES_MAX; i++) {
            PendingProposal proposal = poll();
            if (proposal == null) {
                break;
            }
            placing = proposal;
            long index = proposal.epoch() == state.leaderEpoch()
                    ? state.propose(EntryKind.DATA, proposal.payload(), now, out)
                    : -1;
            if (index < 0) {
                proposal.decide(Proposal.Outcome.LOST);
            } else {
                proposal.placed(out.lastAppended());
                apply.add(proposal);
                placed += proposal.payload().length;
            }
            placing = null;
        }
        lastPlaced = state.lastIndex();
        state.flush(now, out);
    }

    void loseAll() {
        PendingProposal proposal;
        while ((proposal = poll()) != null) {
            proposal.decide(Proposal.Outcome.LOST);
        }
        PendingProposal failed = placing;
        if (failed != null) {
            // Whether it is in the log is not known: who waits for it looks for himself, as the group has stopped.
            failed.wake();
        }
    }
}
