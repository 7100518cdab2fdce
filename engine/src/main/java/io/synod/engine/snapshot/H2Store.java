package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import java.util.function.LongSupplier;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;

/**
 * An H2 database that is opened the one way that Synod can trust: cut back to its last checkpoint, no writing behind our
 * back that matters, no closing by itself. Thread-safe.
 */
public final class H2Store implements AutoCloseable {
    /**
     * Opens a file, cut back to its last checkpoint; everything behind it comes back from the log. A file that has never been
     * checkpointed starts empty.
     *
     * @param base path without {@code .mv.db}
     * @param settings H2's database settings (upper-case keys) that may differ from the default; those that Synod needs win
     * @throws SQLException 90020 another process has it open; 90096 an H2 file that is not Synod's; 90030 shorter than its
     *     checkpoint or not readable
     */
    public static H2Store openFile(Path base, Map<String, String> settings) throws IOException, SQLException {
        throw new UnsupportedOperationException();
    }

    /** Opens a new database in memory. */
    public static H2Store openMemory(Map<String, String> settings) throws SQLException {
        throw new UnsupportedOperationException();
    }

    public Database database() {
        throw new UnsupportedOperationException();
    }

    /** A session of H2's system user, who may do everything: for applying entries. Auto-commit is off. */
    public SessionLocal systemSession() {
        throw new UnsupportedOperationException();
    }

    /**
     * A session of a user, auto-commit off.
     *
     * @param user as H2 compares it
     * @param passwordHash H2's user password hash, as the client sends it; empty for an empty password
     * @throws SQLException 28000 wrong user or password
     */
    public SessionLocal session(String user, byte[] passwordHash) throws SQLException {
        throw new UnsupportedOperationException();
    }

    /** Applied index of the checkpoint that the file was opened at; 0 for none. */
    public long checkpointIndex() {
        throw new UnsupportedOperationException();
    }

    public StatementGate gate() {
        throw new UnsupportedOperationException();
    }

    /** To be called once, before the first checkpoint: tells the checkpoints where H2 stands in the log. */
    public Checkpoint checkpoints(LongSupplier appliedIndex) {
        throw new UnsupportedOperationException();
    }

    /** Takes a last checkpoint (where {@link #checkpoints} was called) and closes; statements must have ended. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }

    /** Closes without a checkpoint, as a kill would. */
    public void abandon() {
        throw new UnsupportedOperationException();
    }
}
