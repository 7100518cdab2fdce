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
 * <p>A first start, where nobody is there or has met anybody of its name, goes on at once. That the others are not reached proves nothing:
 * {@link ReturnWatch} goes on asking.
 */
final class Returning {
    private static final Logger LOG = LoggerFactory.getLogger(Returning.class);
    private static final int ANSWER_MILLIS = 1_000;
    private static final int CHANGE_MILLIS = 10_000;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private final NodeConfig config;
    private final IdentityFile identity;
    private String lastWhy = "";

    Returning(NodeConfig config, IdentityFile identity) {
        this.config = config;
        this.identity = identity;
    }

    /**
     * The place of this node, which may be a new one.
     *
     * @throws SQLException as {@link IdentityFile#place}; 55000 it is to come back and that is not possible now, 90096 it was removed
     */
    NodePlace place() throws IOException, SQLException {
        if (identity.returns()) {
            return await();
        }
        if (config.comesBack() && identity.isNew() && wasMember()) {
            return await();
        }
        return identity.place(config);
    }

    /** Whether somebody has met another directory of this name; where that cannot be told, it may have to wait. */
    private boolean wasMember() throws IOException, SQLException {
        long deadline = deadline();
        while (true) {
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
                    identity.mustReturn(standing.others());
                    return true;
                }
                heard += standing == null ? 0 : 1;
                established |= standing != null && standing.established();
                removed |= standing != null && standing.removed();
            }
            if (config.joins()) {
                return false;
            }
            if (removed) {
                throw removed();
            }
            if (!established || heard >= neededToBegin()) {
                return false;
            }
            waits(
                    "the cluster has begun, and only " + heard + " of its nodes have said that they have not met one of"
                            + " this name, which takes " + neededToBegin() + ": start the others",
                    deadline);
        }
    }

    /** Any majority with the other directory, if there was one, has one of them. */
    private int neededToBegin() {
        return config.members().all().size() - config.members().majority() + 1;
    }

    private NodePlace await() throws IOException, SQLException {
        long deadline = deadline();
        LOG.warn("node {} does not vote until the others have given it a new place", config.name());
        String why = "none of its PEERS answers";
        while (true) {
            for (Member peer : config.peers()) {
                Standing standing = returned(peer);
                if (standing == null) {
                    continue;
                }
                NodePlace place = standing.place(config.name(), identity.incarnation());
                if (place != null) {
                    return taken(place);
                }
                if (standing.removed()) {
                    throw removed();
                }
                why = standing.why().isEmpty()
                        ? "node " + peer.name() + " has not met another directory of its name"
                        : standing.why();
            }
            waits(lastWhy.isEmpty() ? why : lastWhy, deadline);
        }
    }

    private NodePlace taken(NodePlace place) throws IOException {
        Path left = SetAside.databases(config.directory());
        if (left != null) {
            LOG.warn("node {}: what was left of its databases is in {}", config.name(), left);
        }
        identity.placed(place);
        LOG.warn("node {} has come back with slot {} among {}", config.name(), place.slot(), place.known());
        // By the addresses at which this node reaches them.
        return place.at(config.members());
    }

    private SQLException removed() {
        return MemberErrors.mayNotJoin(
                config.name(),
                "it was removed from the cluster: call SYNOD.MEMBER_ADD('" + config.name() + "@" + config.listen()
                        + "') on a node of it, and start this one on an empty directory with JOIN=TRUE");
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

    /** Asks for its place in each group that knows another directory of this name. */
    Standing returned(Member peer) throws IOException {
        Standing standing = ask(peer);
        if (standing == null || standing.others().isEmpty()) {
            return standing;
        }
        // Before it is forgotten there.
        identity.mustVote(standing.others());
        return ask(peer, config.listen(), CHANGE_MILLIS);
    }

    /** @return {@code null} where it does not answer, or cannot tell */
    Standing ask(Member peer) {
        return ask(peer, "", ANSWER_MILLIS);
    }

    private Standing ask(Member peer, String address, int timeoutMillis) {
        lastWhy = "";
        try {
            String answer = new ReturnQuestion(config.cluster(), config.name(), identity.incarnation(), address)
                    .ask(peer.address(), timeoutMillis);
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
