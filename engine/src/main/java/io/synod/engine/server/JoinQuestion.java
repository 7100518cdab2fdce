package io.synod.engine.server;

import io.synod.jdbc.NodeQuestion;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.UUID;

/**
 * What a node asks that was added to a cluster and has never run: which slot it has, and who else belongs to it. It cannot ask as a
 * peer, for a peer has to say its slot first.
 *
 * @param incarnation of the directory that the node runs on
 */
public record JoinQuestion(String cluster, String node, UUID incarnation) {
    private static final String PREFIX = "SYNOD.JOIN/";
    // Not one of H2's protocol, nor of the question for the leader.
    private static final int ANSWERED = 111;
    private static final int TEXT_MAX = 64 * 1024;

    /** @return {@code null} where the key is not this question */
    static JoinQuestion of(String key) {
        String[] parts = key == null || !key.startsWith(PREFIX) ? new String[0] : key.split("/", -1);
        if (parts.length != 4) {
            return null;
        }
        try {
            return new JoinQuestion(parts[1], parts[2], UUID.fromString(parts[3]));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** The answer of a node, as bytes of the protocol. */
    static void write(String answer, org.h2.value.Transfer out) throws IOException {
        out.writeInt(ANSWERED).writeString(answer).flush();
    }

    /**
     * Asks a node, at its port for peers.
     *
     * @return its answer, see {@link io.synod.engine.session.SessionFactory#joins}; {@code null} where it has none
     * @throws IOException it cannot be reached, or does not answer
     */
    public String ask(String endpoint, int timeoutMillis) throws IOException {
        String key = PREFIX + cluster + '/' + node + '/' + incarnation;
        return NodeQuestion.ask(endpoint, key, timeoutMillis, JoinQuestion::read);
    }

    static String read(DataInputStream in) throws IOException {
        if (in.readInt() != ANSWERED) {
            return null;
        }
        int length = in.readInt();
        if (length < 0 || length > TEXT_MAX) {
            return null;
        }
        StringBuilder text = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            text.append(in.readChar());
        }
        return text.toString();
    }
}
