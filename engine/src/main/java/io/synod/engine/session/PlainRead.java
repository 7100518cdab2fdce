package io.synod.engine.session;

/** A command that knows whether it only reads: the driver then repeats it elsewhere without asking for its commit. */
public interface PlainRead {
    /** @return false when in doubt */
    boolean isPlainRead();
}
