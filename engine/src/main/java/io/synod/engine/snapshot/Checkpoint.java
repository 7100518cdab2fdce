package io.synod.engine.snapshot;

import java.io.IOException;

/**
 * Takes checkpoints of an open H2 file. One at a time; thread-safe. In a database in memory, a checkpoint does nothing.
 */
public final class Checkpoint {
    /**
     * @param length bytes of the H2 file that belong to the checkpoint
     * @param applied index of the last entry in it
     * @param pauseNanos how long statements that write stood still for it
     */
    public record Taken(long length, long applied, long pauseNanos) {}

    /**
     * Takes a checkpoint.
     *
     * @return {@code null} when statements that write never paused in time: nothing happened, try later
     * @throws IOException the file could not be forced or the side file not be written: the last checkpoint stands
     */
    public Taken take() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The last one of this or an earlier run; an applied index of 0 when there is none. */
    public Taken last() {
        throw new UnsupportedOperationException();
    }
}
