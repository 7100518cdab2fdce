package io.synod.engine.writeset;

import java.nio.ByteBuffer;
import org.h2.engine.SessionLocal;

/**
 * High-water marks of sequences. H2's sequences live outside its transactions, so the log carries a mark per sequence that
 * lies ahead of the values that the leader hands out; the next leader starts at the mark. A value that may be seen by a
 * client must lie below a committed mark: the leader calls {@link #due()} after each statement that may have drawn values
 * and before its result leaves, and if it is true commits {@link #encode()} first. A transaction that commits at once needs
 * no entry of its own: its write set carries what is due.
 *
 * <p>Thread-safe; {@link #apply}, {@link #onDdlApplied} and {@link #lead} come from the thread that applies the log.
 */
public final class SequenceMarks {
    /** Reads the marks of an open database. */
    public static SequenceMarks load(SessionLocal session) {
        throw new UnsupportedOperationException();
    }

    /** Whether a sequence has handed out values that no committed mark covers. Cheap: one look per sequence. */
    public boolean mustMark() {
        throw new UnsupportedOperationException();
    }

    /** Whether a mark should be proposed soon, so that {@link #mustMark()} never comes true in the way of a client. */
    public boolean due() {
        throw new UnsupportedOperationException();
    }

    /** New marks for the sequences that are due, for an entry of their own; {@code null} when none is. */
    public byte[] encode() {
        throw new UnsupportedOperationException();
    }

    /**
     * Marks at exactly the present values of all sequences, for a leader that stops in good order (no statement may run any
     * more): the next leader then leaves no gap. {@code null} when nothing would change.
     */
    public byte[] encodeExact() {
        throw new UnsupportedOperationException();
    }

    /** Applies marks made by {@link #encode()} or {@link #encodeExact()}, in the session's transaction. */
    public void apply(SessionLocal session, ByteBuffer encoded) {
        throw new UnsupportedOperationException();
    }

    /**
     * To be called on every member before a DDL statement that may restart a sequence is executed (its text has the token
     * RESTART): moves all sequences to their marks, so that a restart can be told from values drawn.
     */
    public void beforeRestart(SessionLocal session) {
        throw new UnsupportedOperationException();
    }

    /**
     * A DDL statement has been executed: finds new sequences, forgets the marks of those that are gone.
     *
     * @param restarted whether {@link #beforeRestart} was called for it
     */
    public void onDdlApplied(SessionLocal session, boolean restarted) {
        throw new UnsupportedOperationException();
    }

    /** This node starts to lead, nothing runs yet: no sequence gives a value below its mark any more. */
    public void lead(SessionLocal session) {
        throw new UnsupportedOperationException();
    }
}
