package io.synod.engine.session;

import java.util.List;

/** Looks at everything that a node has on its disk for damage. Thread-safe. */
public interface ScrubCommands {
    /**
     * What was found of one file, or of the log.
     *
     * @param file its name in the node's directory
     * @param bytes that were checked; 0 where it is in memory, or was being replaced
     * @param damage {@code null} for none
     * @param done what was done about it, or has to be; {@code null} for nothing
     */
    record Scrubbed(String node, String file, long bytes, String damage, String done) {}

    /**
     * Reads the node's log and the files of all its databases, now, and begins to repair what is damaged.
     *
     * @throws org.h2.message.DbException 57014 the statement was cancelled or timed out, or the thread was interrupted, 90031 the log cannot be read
     */
    List<Scrubbed> scrub();
}
