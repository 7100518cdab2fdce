package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.group.Member;
import io.synod.paxos.MemberChange;
import io.synod.paxos.MemberChange.Refusal;
import io.synod.replica.Questions;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the leader of one database make a change of its members: here, or by a question to the node that leads; and answers such
 * questions, each on a thread {@code synod-members}. Thread-safe.
 */
final class MemberQuestions {
    private static final Logger LOG = LoggerFactory.getLogger(MemberQuestions.class);

    private final IdentityFile identity;
    private final Questions questions;
    private final Supplier<List<HostedDatabase>> databases;

    MemberQuestions(IdentityFile identity, Questions questions, Supplier<List<HostedDatabase>> databases) {
        this.identity = identity;
        this.questions = questions;
        this.databases = databases;
    }

    /**
     * @return {@code null} where it was made
     * @throws MemberMessages.FailedException the leader has met an error, and it is not known what came of the change
     */
    Refusal ask(HostedDatabase database, String leader, MemberChange change, long timeoutNanos) {
        if (leader.equals(database.node())) {
            return database.log()
                    .changeMembers(known(database, change), timeoutNanos)
                    .refusal();
        }
        Member there = database.log().members().byName(leader);
        if (there == null) {
            return Refusal.NOT_LEADING;
        }
        long group = HostedDatabase.groupId(database.name());
        return MemberMessages.decodeAnswer(
                questions.ask(there.slot(), group, MemberMessages.encode(change), timeoutNanos));
    }

    /** Another node asks this one, which leads, for a change; answered from a thread that may wait. */
    void asked(long group, byte[] question, Consumer<byte[]> answer) {
        MemberChange change = MemberMessages.decode(question);
        HostedDatabase database = databases.get().stream()
                .filter(each -> HostedDatabase.groupId(each.name()) == group)
                .findFirst()
                .orElse(null);
        if (database == null) {
            answer.accept(MemberMessages.answer(Refusal.NOT_LEADING));
            return;
        }
        Thread thread = new Thread(() -> answer.accept(answer(database, change)), "synod-members");
        thread.setDaemon(true);
        thread.start();
    }

    /** Whatever happens: whoever asked waits for it. */
    private byte[] answer(HostedDatabase database, MemberChange change) {
        try {
            long nanos = TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis());
            Refusal refusal =
                    database.log().changeMembers(known(database, change), nanos).refusal();
            // Of these it is asked again and again; who asked says it in the end.
            if (refusal == null
                    || !MemberChanges.PASSING.contains(refusal) && refusal != Refusal.MAJORITY_OUT_OF_REACH) {
                LOG.info("database {}: {} {}: {}", database.name(), change.kind(), change.name(), said(refusal));
            }
            return MemberMessages.answer(refusal);
        } catch (RuntimeException | Error e) {
            LOG.warn("database {}: {} {} failed", database.name(), change.kind(), change.name(), e);
            return MemberMessages.failed(e.toString());
        }
    }

    /** Who votes, or has moved, does so with the directory that its leader has met. */
    private MemberChange known(HostedDatabase database, MemberChange change) {
        Member member = database.log().members().byName(change.name());
        if (change.kind() != MemberChange.Kind.PROMOTE && change.kind() != MemberChange.Kind.MOVE
                || member == null
                || !member.incarnation().equals(Member.UNSEEN)) {
            return change;
        }
        // One directory in all groups, also where this node met another one first.
        int slot = member.slot();
        UUID seen = databases.get().stream()
                .map(each -> each.log().members().byName(change.name()))
                .filter(each -> each != null
                        && slot == each.slot()
                        && !each.incarnation().equals(Member.UNSEEN))
                .map(Member::incarnation)
                .findFirst()
                .orElseGet(() -> identity.seen(change.name(), slot));
        return seen == null ? change : change.of(seen);
    }

    private static String said(Refusal refusal) {
        return refusal == null ? "done" : refusal.text();
    }
}
