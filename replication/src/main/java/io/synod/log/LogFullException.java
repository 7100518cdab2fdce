package io.synod.log;

import java.io.IOException;

/** There is no room on the disk for a batch. Nothing of it was written; the same batch may be given again later. */
public final class LogFullException extends IOException {
    private static final long serialVersionUID = 1;

    /** @param message names the directory, and what to do */
    public LogFullException(String message, IOException cause) {
        super(message, cause);
    }
}
