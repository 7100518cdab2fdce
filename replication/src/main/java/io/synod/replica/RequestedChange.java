package io.synod.replica;

import io.synod.paxos.MemberChange;
import io.synod.paxos.MemberChange.Outcome;
import io.synod.paxos.MemberChange.Refusal;

/** A change of the members, as its user asks for it: from the question until it is committed here. */
final class RequestedChange {
    private final Replica replica;
    private final MemberChange change;
    private Outcome outcome = Outcome.refused(Refusal.NOT_LEADING);
    private long epoch;

    RequestedChange(Replica replica, MemberChange change) {
        this.replica = replica;
        this.change = change;
    }

    Outcome make(long timeoutNanos) {
        replica.submit((state, now, out) -> {
            epoch = state.leaderEpoch();
            outcome = state.changeMembers(change, now, out);
            state.flush(now, out);
        });
        long index = outcome.index();
        boolean done = index == 0
                || replica.awaitApplied(index, timeoutNanos) && replica.inspect(state -> state.epochAt(index)) == epoch;
        return done ? outcome : Outcome.refused(Refusal.NOT_KNOWN);
    }
}
