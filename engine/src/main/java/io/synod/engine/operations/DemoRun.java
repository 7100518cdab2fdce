package io.synod.engine.operations;

/** A demo that can be run once. */
interface DemoRun {
    /** @return whether all that it claims holds */
    boolean run() throws Exception;

    /** Kills whatever still runs; for an end from outside. */
    void abort();
}
