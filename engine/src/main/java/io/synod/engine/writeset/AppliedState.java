package io.synod.engine.writeset;

import java.util.UUID;
import org.h2.engine.SessionLocal;

/**
 * Where this member stands in the log, and which commits its clients have made, kept in maps of the same store as the rows
 * and written in the same transaction. Writes come from the thread that applies the log, in any session's open transaction;
 * {@link #appliedIndex()} is thread-safe.
 */
public final class AppliedState {
    /**
     * What is known of a client session's commits.
     *
     * @param lastSeq the greatest sequence number that was committed or fenced
     * @param index the index of that entry
     * @param fenced no commit with a number up to lastSeq and after the last one committed will ever be applied
     * @param committedSeq the greatest sequence number that was committed, 0 for none
     */
    public record ClientSession(long lastSeq, long index, boolean fenced, long committedSeq) {}

    public static AppliedState load(SessionLocal session) {
        throw new UnsupportedOperationException();
    }

    /** Puts index and epoch of the entry that is being applied into the session's transaction; commit follows. */
    public void advance(SessionLocal session, long index, long epoch) {
        throw new UnsupportedOperationException();
    }

    /** To be called when the transaction with {@link #advance} has been committed. */
    public void committed(long index, long epoch) {
        throw new UnsupportedOperationException();
    }

    /** Index of the last entry that is committed in H2; 0 for none. */
    public long appliedIndex() {
        throw new UnsupportedOperationException();
    }

    public long appliedEpoch() {
        throw new UnsupportedOperationException();
    }

    /** Notes in the session's transaction that a client's commit is applied at an index. */
    public void recordCommit(SessionLocal session, UUID client, long seq, long index) {
        throw new UnsupportedOperationException();
    }

    /** Notes in the session's transaction that no commit of the client up to this number will be applied any more. */
    public void recordFence(SessionLocal session, UUID client, long seq, long index) {
        throw new UnsupportedOperationException();
    }

    /** @return {@code null} for a session that has committed nothing yet, or whose record has expired */
    public ClientSession find(SessionLocal session, UUID client) {
        throw new UnsupportedOperationException();
    }

    /**
     * Forgets the client sessions whose last commit or fence lies below an index, in the session's transaction.
     *
     * @return how many
     */
    public int expire(SessionLocal session, long beforeIndex) {
        throw new UnsupportedOperationException();
    }

    /** How many client sessions are known. */
    public long clientSessions(SessionLocal session) {
        throw new UnsupportedOperationException();
    }
}
