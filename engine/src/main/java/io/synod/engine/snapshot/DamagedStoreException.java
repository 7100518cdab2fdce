package io.synod.engine.snapshot;

import java.io.IOException;

/** A file of a database cannot be read, or is not the one that its side file tells of: it has to be rebuilt. */
public final class DamagedStoreException extends IOException {
    private static final long serialVersionUID = 1L;

    public DamagedStoreException(String message) {
        super(message);
    }

    public DamagedStoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
