package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How databases, and nodes with them, are closed. */
final class Closing {
    private static final Logger LOG = LoggerFactory.getLogger(Closing.class);

    private Closing() {}

    /**
     * An interrupted wait inside H2 counts as one that ended, which no checkpoint may be built on: an application's thread
     * closes on a thread that nobody interrupts.
     */
    static void onOwnThread(Runnable close) {
        Thread closer = new Thread(close, "synod-close");
        closer.start();
        boolean interrupted = false;
        while (true) {
            try {
                closer.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** After its log. */
    static void close(HostedDatabase database, boolean immediately) {
        try {
            if (immediately) {
                database.abandon();
            } else {
                database.close();
            }
        } catch (RuntimeException e) {
            // The next start cuts the file back to its last checkpoint and replays the log.
            LOG.warn("database {} was closed without a last checkpoint", database.name(), e);
        }
    }
}
