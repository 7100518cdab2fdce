package io.synod.engine.session;

/** A command that knows whether it only reads: the driver then repeats it elsewhere without asking for its commit. */
public interface PlainRead {
    /** @return false when in doubt */
    boolean isPlainRead();

    /**
     * As {@link #isPlainRead}, and when it is true this command keeps to it: where its text comes to stand for something that
     * writes, executing it fails before it does anything, with {@link io.synod.jdbc.RemoteInternals#PREPARE_AGAIN}.
     */
    default boolean promisePlainRead() {
        return isPlainRead();
    }
}
