package io.synod.engine.server;

import io.synod.jdbc.NodeQuestion;
import java.io.IOException;
import java.util.UUID;

/**
 * What a node asks whose directory is empty, or was damaged: whether it was a member before, and that it may take its own place with the
 * directory that it has now. Others refuse it as a peer. A node of an earlier release does not know the question.
 *
 * @param incarnation of the directory that the node runs on
 * @param address {@code host:port} where it listens and is to take its place; empty to ask only
 */
public record ReturnQuestion(String cluster, String node, UUID incarnation, String address) {
    private static final String PREFIX = "SYNOD.RETURN/1/";

    /** @return {@code null} where the key is not this question */
    static ReturnQuestion of(String key) {
        String[] parts = key == null || !key.startsWith(PREFIX)
                ? new String[0]
                : key.substring(PREFIX.length()).split("/", -1);
        if (parts.length != 4) {
            return null;
        }
        try {
            return new ReturnQuestion(parts[0], parts[1], UUID.fromString(parts[2]), parts[3]);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /**
     * Asks a node, at its port for peers.
     *
     * @return its answer, see {@link io.synod.engine.session.SessionFactory#returns}; {@code null} where it does not know the question
     * @throws IOException it cannot be reached, or does not answer
     */
    public String ask(String endpoint, int timeoutMillis) throws IOException {
        String key = PREFIX + cluster + '/' + node + '/' + incarnation + '/' + address;
        return NodeQuestion.ask(endpoint, key, timeoutMillis, JoinQuestion::read);
    }
}
