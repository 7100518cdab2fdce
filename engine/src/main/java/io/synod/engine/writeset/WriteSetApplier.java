package io.synod.engine.writeset;

import java.nio.ByteBuffer;
import org.h2.engine.SessionLocal;

/** Puts a write set into this member's H2. Called by one thread at a time, in log order. */
public final class WriteSetApplier {
    /** What became of a write set; the same on every member. */
    public enum Outcome {
        /** Its changes stand in the session's open transaction. */
        APPLIED,
        /** It stands behind a DDL that changed one of its tables: nothing was done, and its commit failed (40001). */
        VOID
    }

    private WriteSetApplier() {}

    /**
     * Applies a write set of another node's transaction, and its marks, in the session's open transaction (or a new one).
     * Does not commit: the caller puts the applied index into the same transaction ({@link AppliedState}) and commits.
     *
     * @throws DivergenceException this member's rows are not what the log says they must be
     */
    public static Outcome apply(SessionLocal session, TableRegistry tables, SequenceMarks marks, ByteBuffer writeSet) {
        throw new UnsupportedOperationException();
    }

    /**
     * The same for the write set of the session's own open transaction, whose rows are in place already: decides whether it
     * is void and applies the marks only. When VOID, the caller rolls the transaction back.
     */
    public static Outcome applyOwn(
            SessionLocal session, TableRegistry tables, SequenceMarks marks, ByteBuffer writeSet) {
        throw new UnsupportedOperationException();
    }
}
