package io.synod.engine.node;

import io.synod.engine.database.MemberErrors;
import io.synod.engine.server.ReturnQuestion;
import io.synod.group.Member;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node whose directory is new, while its name may not be: it finds out which, and comes back as a new member where it was one. What
 * the other directory of its name has promised and accepted is lost, so this one never passes for it: it gets another slot, by an entry of
 * the log that a majority of the others commits, and votes when it has caught up.
 *
 * <p>One of which nobody has met another directory begins. That others are not reached proves nothing: {@link ReturnWatch} goes on asking,
 * and until enough have answered the node says nothing to its peers: it neither promises nor acknowledges, and so does not lead.
 */
final class Returning {
    private static final Logger LOG = LoggerFactory.getLogger(Returning.class);
    private static final int ANSWER_MILLIS = 1_000;
    private static final int CHANGE_MILLIS = 10_000;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    /** How a node is asked. */
    interface Asks {
        /** As {@link ReturnQuestion#ask}. */
        String ask(ReturnQuestion question, Member peer, int timeoutMillis) throws IOException;
    }

    private final NodeConfig config;
    private final IdentityFile identity;
    private final Asks asks;
    private String lastWhy = "";

    Returning(NodeConfig config, IdentityFile identity) {
        this(config, identity, (question, peer, timeoutMillis) -> question.ask(peer.address(), timeoutMillis));
    }

    Returning(NodeConfig config, IdentityFile identity, Asks asks) {
        this.config = config;
        this.identity = identity;
        this.asks = asks;
    }

    /**
     * The place of this node, which may be a new one.
     *
     * @throws SQLException as {@link IdentityFile#place}; 55000 it is to come back and that is not possible now, 90096 it was removed
     */
    NodePlace place() throws IOException, SQLException {
        if (identity.comingBack().returns()) {
            return await();
        }
        if (config.comesBack() && identity.isNew() && wasMember()) {
            return await();
        }
        try {
            return identity.place(config);
        } catch (SQLException e) {
            // One that nobody answered a moment ago hears of its other directory when it asks for its place.
            if (config.comesBack() && config.joins() && identity.isNew() && wasMember()) {
                return await();
            }
            throw e;
        }
    }

    /** Whether somebody has met another directory of this name. */
    private boolean wasMember() throws IOException, SQLException {
        int heard = 0;
        boolean established = false;
        boolean removed = false;
        for (Member peer : config.peers()) {
            Standing standing = ask(peer);
            if (standing != null && !standing.others().isEmpty()) {
                LOG.warn(
                        "node {} has a new directory, and node {} has met it with another one: it comes back as a new member",
                        config.name(),
                        peer.name());
                identity.comingBack().mustReturn(standing.others());
                return true;
            }
            heard += standing == null ? 0 : 1;
            established |= standing != null && standing.established();
            removed |= standing != null && standing.removed();
        }
        if (config.joins() && !config.witness()) {
            return false;
        }
        // One that joins may have been added again, which that peer has not heard yet.
        if (removed && !config.joins()) {
            throw MemberErrors.mayNotJoin(config.name(), removed());
        }
        if (mayVote(heard, established)) {
            identity.comingBack().votesYet();
        } else {
            LOG.warn(
                    "node {} has an empty directory, and takes part in nothing until {} have said that they have met no"
                            + " other one of its name{}",
                    config.name(),
                    config.peers().stream().map(Member::name).toList(),
                    config.joins()
                            ? ""
                            : "; " + (config.members().majority() - 1)
                                    + " of them are enough for a first start, where none has anything yet");
        }
        return false;
    }

    /**
     * Whether this directory may count, though it is new: no other one of its name has promised or acknowledged anything. Whoever it was
     * promised or acknowledged to has met that one, and written it down before he heard it; so all peers have to say that they have
     * not, and none may be left out: of a majority that has an entry, only its leader must have met all. Fewer peers, who with this node are a
     * majority, are enough where none has ever had an entry: then the cluster begins. That it has begun long ago, among those that are
     * not there, nobody can tell from that. A witness that joins begins no cluster: there all have to say so.
     *
     * @param heard peers that have met no other directory of this name
     * @param established whether one of these has entries
     */
    boolean mayVote(int heard, boolean established) {
        return heard >= config.peers().size()
                || !config.joins()
                        && !established
                        && heard + 1 >= config.members().majority();
    }

    private NodePlace await() throws IOException, SQLException {
        long deadline = deadline();
        LOG.warn("node {} does not vote until the others have given it a new place", config.name());
        String why = "none of its PEERS answers";
        while (true) {
            int unmet = 0;
            String unmetBy = "";
            String refused = "";
            for (Member peer : config.peers()) {
                Standing standing = returned(peer);
                if (standing == null) {
                    continue;
                }
                NodePlace place = standing.place(config.name(), identity.incarnation());
                if (place != null) {
                    return taken(place);
                }
                if (standing.removed() && !config.joins()) {
                    throw MemberErrors.mayNotJoin(config.name(), removed());
                }
                if (!standing.why().isEmpty()) {
                    refused = refused.isEmpty() ? standing.why() : refused;
                } else if (standing.others().isEmpty()) {
                    // One that joins may have been added again, which that peer has not heard yet.
                    unmetBy = standing.removed()
                            ? removed()
                            : "node " + peer.name() + " has not met another directory of its name";
                }
                unmet += standing.others().isEmpty() ? 1 : 0;
            }
            // Who refuses it knows more than who has not met it.
            String said = refused.isEmpty() ? unmetBy : refused;
            why = said.isEmpty() ? why : said;
            if (unmet == config.peers().size()) {
                return unmet();
            }
            waits(lastWhy.isEmpty() ? why : lastWhy, deadline);
        }
    }

    /** What was set aside was never part of anything: see {@link #mayVote}. */
    private NodePlace unmet() throws IOException, SQLException {
        LOG.warn("node {}: nobody has met the directory that was set aside, and it begins as itself", config.name());
        SetAside.databases(config.directory());
        identity.comingBack().returnsNot();
        return identity.place(config);
    }

    private NodePlace taken(NodePlace place) throws IOException {
        Path left = SetAside.databases(config.directory());
        if (left != null) {
            LOG.warn("node {}: what was left of its databases is in {}", config.name(), left);
        }
        identity.comingBack().placed(place);
        LOG.warn("node {} has come back with slot {} among {}", config.name(), place.slot(), place.known());
        // By the addresses at which this node reaches them.
        return place.at(config.members());
    }

    /** What to do where it was. */
    String removed() {
        return "it was removed from the cluster: call SYNOD.MEMBER_ADD('" + config.name() + "@" + config.listen()
                + (identity.isWitness() ? "', 'WITNESS'" : "'")
                + ") on a node of it, and start this one on an empty directory with JOIN="
                + (identity.isWitness() ? "WITNESS" : "TRUE");
    }

    private long deadline() {
        return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(config.timeoutMillis());
    }

    private void waits(String why, long deadline) throws SQLException {
        if (System.nanoTime() - deadline > 0) {
            throw new StillReturningException(
                    config.name(),
                    why + ". Where a majority of the members has lost its directories, the others can neither serve"
                            + " nor let it in: restore the lost ones from what was set aside, or from a backup");
        }
        LockSupport.parkNanos(PAUSE_NANOS);
    }

    /** Why the last one that was asked did not answer what it knows; empty where it did not say. */
    String refusal() {
        return lastWhy;
    }

    /** Asks for its place in each group that knows another directory of this name. */
    Standing returned(Member peer) throws IOException {
        Standing standing = ask(peer);
        if (standing == null || standing.others().isEmpty()) {
            return standing;
        }
        // Before it is forgotten there.
        identity.comingBack().mustVote(standing.others());
        return ask(peer, config.listen(), CHANGE_MILLIS);
    }

    /** @return {@code null} where it does not answer, or cannot tell */
    Standing ask(Member peer) {
        return ask(peer, "", ANSWER_MILLIS);
    }

    private Standing ask(Member peer, String address, int timeoutMillis) {
        lastWhy = "";
        try {
            String answer = asks.ask(
                    new ReturnQuestion(config.cluster(), config.name(), identity.incarnation(), address),
                    peer,
                    timeoutMillis);
            if (answer == null || answer.isEmpty()) {
                return null;
            }
            if (answer.startsWith(Joining.REFUSED)) {
                lastWhy = answer.substring(Joining.REFUSED.length());
                return null;
            }
            return Standing.decode(answer, identity.incarnation());
        } catch (IOException | IllegalArgumentException e) {
            LOG.debug("node {} does not tell what it knows of {}", peer.name(), config.name(), e);
            return null;
        }
    }
}
