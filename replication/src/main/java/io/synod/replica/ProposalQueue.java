package io.synod.replica;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Proposals of one group that have no place in the log yet, in the order in which they were made. Any thread offers, the
 * holder of the baton takes.
 */
final class ProposalQueue {
    private final ConcurrentLinkedQueue<PendingProposal> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();

    void offer(PendingProposal proposal) {
        bytes.addAndGet(proposal.payload().length);
        queue.add(proposal);
        // After the proposal can be found: whoever sees a count finds what it counts.
        count.incrementAndGet();
    }

    /** {@code null} where there is none. */
    PendingProposal poll() {
        PendingProposal proposal = queue.poll();
        if (proposal != null) {
            count.decrementAndGet();
            bytes.addAndGet(-proposal.payload().length);
        }
        return proposal;
    }

    /** At most what {@link #poll} will find. */
    int count() {
        return count.get();
    }

    long bytes() {
        return bytes.get();
    }
}
