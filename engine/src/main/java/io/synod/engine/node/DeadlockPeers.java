package io.synod.engine.node;

import io.synod.engine.global.Deadlocks;
import io.synod.replica.Questions;
import java.util.List;
import java.util.function.Supplier;

/** The other nodes of the cluster, whichever database is asked about. */
final class DeadlockPeers implements Deadlocks.Peers {
    /** Questions about waits are of no group. */
    private static final long NO_GROUP = 0;

    private final Questions questions;
    private final Supplier<List<Integer>> slots;

    /** @param slots of the other nodes, as they are by now */
    DeadlockPeers(Questions questions, Supplier<List<Integer>> slots) {
        this.questions = questions;
        this.slots = slots;
    }

    @Override
    public List<byte[]> askAll(byte[] question, long timeoutNanos) {
        return questions.askAll(slots.get(), NO_GROUP, question, timeoutNanos);
    }

    @Override
    public byte[] ask(int slot, byte[] question, long timeoutNanos) {
        return questions.ask(slot, NO_GROUP, question, timeoutNanos);
    }
}
