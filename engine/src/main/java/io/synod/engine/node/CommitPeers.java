package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.global.GlobalCommits;
import io.synod.replica.Questions;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The other nodes of the cluster, asked about transactions that several databases take part in. */
final class CommitPeers implements GlobalCommits.PeerLink {
    private final Questions questions;
    private final List<Integer> slots;

    /** @param slots of the other nodes */
    CommitPeers(Questions questions, List<Integer> slots) {
        this.questions = questions;
        this.slots = List.copyOf(slots);
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
        return slots;
    }
}
