package io.synod.engine.snapshot;

import java.io.IOException;

/** A database's file was written to outside of its log. */
public final class OutsideChangeException extends IOException {
    private static final long serialVersionUID = 1L;

    private final long applied;
    private final boolean checkpointStands;

    OutsideChangeException(String message, long applied, boolean checkpointStands) {
        super(message);
        this.applied = applied;
        this.checkpointStands = checkpointStands;
    }

    /** Index of the last entry that was in the file before. */
    public long applied() {
        return applied;
    }

    /** Whether the file can be cut back to what it was. */
    public boolean checkpointStands() {
        return checkpointStands;
    }
}
