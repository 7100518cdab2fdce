package io.synod.jdbc;

import java.io.DataInputStream;
import java.io.IOException;

/**
 * Whether a node answers, and whether it knows who leads a database: asked without a session, while a session's own connection
 * waits, or is lost. It tells no more than that a database of this name has a leader, and whether that is the node.
 */
public final class LeaderQuestion {
    /** What a node says. */
    enum Answer {
        /** Nothing: it is down, paused or cut off from here. */
        SILENT,
        /** It is there, and does not say. */
        OTHER,
        /** It serves as the leader itself; said only to who asks that. */
        SERVES,
        KNOWN,
        NONE
    }

    private static final String PREFIX = "SYNOD.LEADER/";
    /** Since one release later: others answer as to anything that they do not know. */
    private static final String SERVING_PREFIX = "SYNOD.SERVING/";
    // Not those of H2's protocol.
    private static final int OTHER = 0;
    private static final int KNOWN = 101;
    private static final int NONE = 102;
    private static final int SERVES = 103;

    private LeaderQuestion() {}

    /**
     * @param key as it was sent; may be {@code null}
     * @return the database that is asked for; {@code null} where this is not the question
     */
    public static String database(String key) {
        return key != null && key.startsWith(PREFIX) ? key.substring(PREFIX.length()) : null;
    }

    /**
     * @param key as it was sent; may be {@code null}
     * @return the database of which is asked whether this node serves it as the leader; {@code null} where this is not the question
     */
    public static String servedDatabase(String key) {
        return key != null && key.startsWith(SERVING_PREFIX) ? key.substring(SERVING_PREFIX.length()) : null;
    }

    /**
     * @param known as for {@link #answer(Boolean)}
     * @param serves whether it is this node, and it serves
     */
    public static int answer(Boolean known, boolean serves) {
        return serves ? SERVES : answer(known);
    }

    /** @param known {@code null} where the node does not have the database, or has not opened it yet */
    public static int answer(Boolean known) {
        return known == null ? OTHER : known ? KNOWN : NONE;
    }

    /**
     * Whether a node hosts a database; asks it.
     *
     * @param endpoint {@code HOST:PORT}
     * @param timeoutMillis for connecting, and once more for the answer
     * @return false also when it does not answer
     */
    public static boolean isHosted(String endpoint, String database, int timeoutMillis) {
        Answer answer = ask(endpoint, database, timeoutMillis);
        return answer == Answer.KNOWN || answer == Answer.NONE;
    }

    /** @param timeoutMillis for connecting, and once more for the answer */
    static Answer ask(String endpoint, String database, int timeoutMillis) {
        return askFor(PREFIX + database, endpoint, timeoutMillis);
    }

    /**
     * Whether a node serves a database as its leader.
     *
     * @param timeoutMillis for connecting, and once more for the answer
     */
    static Answer askServing(String endpoint, String database, int timeoutMillis) {
        return askFor(SERVING_PREFIX + database, endpoint, timeoutMillis);
    }

    private static Answer askFor(String key, String endpoint, int timeoutMillis) {
        try {
            return switch (NodeQuestion.ask(endpoint, key, timeoutMillis, DataInputStream::readInt)) {
                case SERVES -> Answer.SERVES;
                case KNOWN -> Answer.KNOWN;
                case NONE -> Answer.NONE;
                default -> Answer.OTHER;
            };
        } catch (IOException e) {
            return Answer.SILENT;
        }
    }
}
