package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.group.Member;
import io.synod.paxos.MemberChange.Refusal;
import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.h2.message.DbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks each of PEERS once, when it is there, whether it knows another directory of this node's name: one that was reached by nobody at its
 * start finds out so that it has to come back, and one whose place another directory has taken, that it is not wanted any more. A node that
 * has come back sees to it here that it has a place in all its databases, and votes where it did. Thread {@code synod-return}.
 */
final class ReturnWatch implements Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReturnWatch.class);
    private static final long PAUSE_MILLIS = 1_000;
    /** While the node waits for the answers. */
    private static final long WAITING_MILLIS = 100;
    /** In so many rounds once for a place that others do not give: there may be none. */
    private static final int ROUNDS_PER_QUESTION = 4;

    /** What becomes of the node. */
    interface Ends {
        /** It has to be started again. */
        void toComeBack(String why);

        /** Another directory has its place, or nobody is to have it. */
        void replaced(String why);

        /** What it says may count from now on. */
        void mayVote();
    }

    private final NodeConfig config;
    private final NodePlace place;
    private final IdentityFile identity;
    private final Returning returning;
    private final MemberChanges changes;
    private final Supplier<Collection<HostedDatabase>> hosted;
    private final Ends ends;
    private final Set<String> asked = new HashSet<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private boolean established;
    private String lastWhy = "";
    private int lackingRounds;

    ReturnWatch(
            NodeConfig config,
            NodePlace place,
            IdentityFile identity,
            Returning returning,
            MemberChanges changes,
            Supplier<Collection<HostedDatabase>> hosted,
            Ends ends) {
        this.config = config;
        this.place = place;
        this.identity = identity;
        this.returning = returning;
        this.changes = changes;
        this.hosted = hosted;
        this.ends = ends;
    }

    void start() {
        Thread thread = new Thread(this, "synod-return");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void run() {
        try {
            while (!isOver()
                    && !closed.await(
                            identity.comingBack().mayVote() ? PAUSE_MILLIS : WAITING_MILLIS, TimeUnit.MILLISECONDS)) {
                step();
            }
        } catch (InterruptedException e) {
            LOG.debug("interrupted: it ends", e);
        } catch (IOException e) {
            LOG.error("node {} cannot write down who it is, and asks its peers no more", config.name(), e);
        }
    }

    /** A node that has come back may host a database later of which it was a member before. */
    private boolean isOver() {
        return asked.size() == config.peers().size() && !identity.comingBack().hasReturned();
    }

    /** One round. */
    void step() throws IOException {
        for (Member peer : config.peers()) {
            if (!asked.contains(peer.name()) && asks(peer)) {
                return;
            }
        }
        // Not before all were asked: one that is there may have met the other directory.
        votesYet();
        if (asked.size() == config.peers().size()) {
            identity.comingBack().proven();
        }
        if (identity.comingBack().hasReturned()) {
            comeBack();
        }
    }

    /** @return whether this is the end */
    private boolean asks(Member peer) throws IOException {
        Standing standing = returning.ask(peer);
        if (standing == null) {
            if (!identity.comingBack().mayVote() && !returning.refusal().isEmpty()) {
                say("takes part in nothing: " + returning.refusal());
            }
            return false;
        }
        if (identity.comingBack().isUnproven()
                && !standing.met()
                && !standing.others().isEmpty()) {
            identity.comingBack().mustReturn(standing.others());
            ends.toComeBack("node " + peer.name() + " has met node " + config.name() + " with another directory");
            return true;
        }
        int slot = standing.replacedBy(place.slot());
        if (slot > 0 && !countsHere(standing)) {
            identity.comingBack().noteReplaced(slot);
            ends.replaced(ComingBack.replacedBy(String.valueOf(slot)));
            return true;
        }
        if (!identity.comingBack().mayVote() && standing.removed() && !config.joins()) {
            ends.replaced(returning.removed());
            return true;
        }
        if (standing.others().stream().noneMatch(other -> standing.isReplacedIn(other.group(), place.slot()))) {
            asked.add(peer.name());
            established |= standing.established();
        }
        return false;
    }

    private void votesYet() throws IOException {
        if (!identity.comingBack().mayVote() && returning.mayVote(asked.size(), established)) {
            // Written down before anything is said: after a restart it is the one that has said it.
            identity.comingBack().votesYet();
            LOG.info("node {} takes part: nobody has met another directory of its name", config.name());
            ends.mayVote();
        }
    }

    /** Whether a database that is open here counts on this directory, for all that the peer knows: it may not have opened it. */
    private boolean countsHere(Standing standing) {
        return hosted.get().stream()
                .anyMatch(database -> database.log().committedMembers().bySlot(place.slot()) != null
                        && !standing.isReplacedIn(HostedDatabase.groupId(database.name()), place.slot()));
    }

    private void comeBack() throws IOException {
        boolean lacking = false;
        for (HostedDatabase database : hosted.get()) {
            Member self = database.log().committedMembers().bySlot(place.slot());
            long group = HostedDatabase.groupId(database.name());
            if (self == null) {
                lacking = true;
            } else if (self.role().votes()) {
                // Committed: one that was only appended may be voided yet.
                identity.comingBack().voting(group);
            } else if (identity.comingBack().votesAgain(group)) {
                vote(database);
            }
        }
        if (lacking && lackingRounds++ % ROUNDS_PER_QUESTION == 0) {
            for (Member peer : config.peers()) {
                Standing standing = returning.returned(peer);
                if (standing != null && !standing.why().isEmpty()) {
                    say("waits for its place in all of its databases: " + standing.why());
                }
            }
        }
    }

    private void vote(HostedDatabase database) {
        try {
            Refusal refusal = changes.voteAgain(database);
            if (refusal == null) {
                say("has caught up and votes again in database " + database.name());
            } else {
                say("does not vote in database " + database.name() + " yet: " + refusal.text());
            }
        } catch (DbException e) {
            LOG.debug("database {}: this node does not vote yet", database.name(), e);
        }
    }

    private void say(String why) {
        if (!why.equals(lastWhy)) {
            lastWhy = why;
            LOG.warn("node {} {}", config.name(), why);
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
