package io.synod.replica;

/**
 * What a node may spend on members that are behind.
 *
 * @param logBytes size of the whole log, in bytes, past which it is no longer kept for members that have not got it: they
 *     get a snapshot then. The log is larger only as far as a state machine's checkpoint, a snapshot on its way, or a member
 *     that has just got one needs it
 * @param snapshotBytesPerSecond at most so many bytes of snapshots are sent per second, to all members together; 0 for
 *     no bound
 */
public record LogLimits(long logBytes, long snapshotBytesPerSecond) {
    public LogLimits {
        if (logBytes <= 0) {
            throw new IllegalArgumentException("bound of the log " + logBytes + " bytes; expected 1 or more");
        }
        if (snapshotBytesPerSecond < 0) {
            throw new IllegalArgumentException(
                    "snapshot bytes per second " + snapshotBytesPerSecond + "; expected 0 (no bound) or more");
        }
    }

    /** 256 MiB of log, 64 MiB per second. */
    public static LogLimits standard() {
        return new LogLimits(256L << 20, 64L << 20);
    }
}
