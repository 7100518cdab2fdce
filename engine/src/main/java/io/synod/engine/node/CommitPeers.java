package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.global.GlobalCommits;
import io.synod.replica.Questions;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** The other nodes of the cluster, asked about transactions that several databases take part in. */
final class CommitPeers implements GlobalCommits.PeerLink {
    private final Questions questions;
    private final Supplier<List<Integer>> slots;

    /** @param slots of the other nodes, as they are by now */
    CommitPeers(Questions questions, Supplier<List<Integer>> slots) {
        this.questions = questions;
        this.slots = slots;
    }

    @Override
    public CompletableFuture<byte[]> ask(String database, int slot, byte[] question, long timeoutNanos) {
        return questions.begin(slot, HostedDatabase.groupId(database), question, timeoutNanos);
    }

    @Override
    public boolean reaches(int slot) {
        return questions.reaches(slot);
    }

    @Override
    public List<Integer> slots() {
        return slots.get();
    }
}
