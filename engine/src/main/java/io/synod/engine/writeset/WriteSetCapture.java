package io.synod.engine.writeset;

import org.h2.engine.SessionLocal;

/** Reads what the open transaction of a session has changed. Stateless; thread-safe between sessions. */
public final class WriteSetCapture {
    private WriteSetCapture() {}

    /**
     * The changes of the session's open transaction, as they stand now: row images folded to one per row. Called by the
     * thread that holds the session, before H2's commit. Rows that were only locked, rows inserted and deleted again, and
     * temporary tables are left out.
     *
     * @param marks its sequences' marks that are due are put into the write set
     * @return {@code null} when no replicated row was changed
     * @throws IllegalStateException a table was changed that no applied DDL has created
     */
    public static byte[] capture(SessionLocal session, TableRegistry tables, SequenceMarks marks) {
        throw new UnsupportedOperationException();
    }
}
