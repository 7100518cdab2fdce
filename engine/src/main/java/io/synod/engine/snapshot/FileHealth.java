package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.file.Path;
import org.h2.mvstore.MVStore;

/** Whether H2 can read and write the file of a store, and why not. Thread-safe. */
public final class FileHealth {
    /** {@code null} in memory. */
    private final Path file;

    private final MVStore store;
    private volatile IOException notWritten;
    private volatile boolean closed;

    FileHealth(Path file, MVStore store) {
        this.file = file;
        this.store = store;
    }

    /** Whether H2 has given its file up because there was no room for what it had to write. */
    public boolean lacksSpace() {
        return lacksSpace(null);
    }

    /** Whether that was so, or an error, which may be {@code null}, comes of it. */
    public boolean lacksSpace(Throwable error) {
        Throwable failure = failure();
        return DiskFullException.isCauseOf(failure == null ? error : failure);
    }

    /** Why nothing is read from the file or written to it any more; {@code null} while it is in order. */
    public Exception failure() {
        // First: a write beside the force that failed may have been refused for lack of space.
        IOException notForced = notForced();
        return notForced == null ? store.getPanicException() : notForced;
    }

    private IOException notForced() {
        // After that, what is noted of the file is of the next store.
        return file == null || closed || notWritten != null ? notWritten : FailedForces.of(file);
    }

    /** The store is about to be closed. */
    void closes() {
        notWritten = notForced();
        closed = true;
    }

    /** Whether there is room enough on its disk for it to be opened and to go on. */
    public boolean hasRoom() {
        return file == null || StoreFile.hasRoom(file);
    }

    /**
     * Once the store is closed: whether what was written to the file has reached the disk as far as the system knows.
     *
     * @throws IOException it has not; nobody knows what the file holds
     */
    public void checkWritten() throws IOException {
        if (notWritten != null) {
            throw new IOException(notWritten.getMessage(), notWritten);
        }
        if (file == null) {
            return;
        }
        try {
            StoreFile.force(file);
        } catch (IOException e) {
            notWritten = e;
            throw e;
        }
    }
}
