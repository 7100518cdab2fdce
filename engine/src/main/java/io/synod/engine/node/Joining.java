package io.synod.engine.node;

import io.synod.engine.database.MemberErrors;
import io.synod.engine.server.JoinQuestion;
import io.synod.group.Member;
import io.synod.group.Members;
import java.io.IOException;
import java.sql.SQLException;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node that was added to a cluster learns its place there, before it is a peer of anybody. */
final class Joining {
    /** What an answer begins with that says why the node must not join. */
    static final String REFUSED = "!";

    private static final Logger LOG = LoggerFactory.getLogger(Joining.class);
    private static final int ANSWER_MILLIS = 1_000;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final NodeConfig config;
    private final JoinQuestion question;
    private String lastError = "";

    Joining(NodeConfig config, UUID incarnation) {
        this.config = config;
        this.question = new JoinQuestion(config.cluster(), config.name(), incarnation);
    }

    /**
     * Asks the nodes of PEERS until one knows this node as a member.
     *
     * @throws SQLException 55000 nobody has added it within the timeout, or it must not join
     */
    NodePlace await() throws SQLException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(config.timeoutMillis());
        LOG.info("node {} asks {} for its place in the cluster", config.name(), config.peers());
        while (true) {
            for (Member peer : config.peers()) {
                NodePlace place = ask(peer);
                if (place != null) {
                    LOG.info("node {} has slot {} among {}", config.name(), place.slot(), place.known());
                    return place;
                }
            }
            if (System.nanoTime() > deadline) {
                throw MemberErrors.notAdded(
                        config.name(),
                        config.name() + "@" + config.listen() + (config.witness() ? "', 'WITNESS" : ""),
                        config.timeoutMillis(),
                        lastError.isEmpty() ? "" : "; " + lastError);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /** @return {@code null} where that node does not answer, or does not know of this one */
    private NodePlace ask(Member peer) throws SQLException {
        try {
            String answer = question.ask(peer.address(), ANSWER_MILLIS);
            if (answer == null || answer.isEmpty()) {
                return null;
            }
            if (answer.startsWith(REFUSED)) {
                throw MemberErrors.mayNotJoin(config.name(), answer.substring(REFUSED.length()));
            }
            Members members = NodePlace.decode(answer);
            Member self = members.byName(config.name());
            return self == null ? null : new NodePlace(members, self.slot(), true);
        } catch (IOException | IllegalArgumentException e) {
            lastError = "node " + peer.name() + " at " + peer.address() + ": " + e.getMessage();
            LOG.debug("no answer about the place of node {}", config.name(), e);
            return null;
        }
    }
}
