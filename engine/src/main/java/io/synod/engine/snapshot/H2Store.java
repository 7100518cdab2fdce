package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.Map;
import java.util.function.LongSupplier;
import org.h2.api.ErrorCode;
import org.h2.engine.ConnectionInfo;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.engine.SynodDatabaseBridge;
import org.h2.engine.User;
import org.h2.message.DbException;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.db.LobStorageMap;
import org.h2.mvstore.db.SynodLobStore;
import org.h2.mvstore.tx.SynodUndoLogs;
import org.h2.store.DataHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An H2 database that is opened the one way that Synod can trust: cut back to its last checkpoint, no writing behind our
 * back that matters, no closing by itself. Thread-safe.
 *
 * <p>It is opened without a user: the users of a new database, the first one too, come from the log, so that they are the
 * same on every member down to the salt of their password.
 */
public final class H2Store implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(H2Store.class);
    private static final CheckpointFile NEVER = new CheckpointFile(0, 0);

    /** Transactions that H2 may have open beside those of the sessions it counts. */
    private static final int OWN_TRANSACTIONS = 16;

    private final Database database;
    private final SynodUndoLogs undoLogs;
    private final Path sideFile;
    private final CheckpointFile opened;
    private final StatementGate gate = new StatementGate();
    private final SynodLobStore lobCleaning;
    private final GatedLobs lobs;
    private Checkpoint checkpoint;
    private boolean closed;

    private H2Store(Database database, Path sideFile, CheckpointFile opened) {
        this.database = database;
        this.sideFile = sideFile;
        this.opened = opened;
        SynodLobStore.forgetTemporary(database.getStore().getTransactionStore());
        lobCleaning = new SynodLobStore(database.getStore().getMvStore(), (LobStorageMap) database.getLobStorage());
        lobs = new GatedLobs(database, gate);
        undoLogs = new SynodUndoLogs(database.getStore().getTransactionStore());
        undoLogs.cover(2 * OWN_TRANSACTIONS);
    }

    /**
     * Opens a file, cut back to its last checkpoint; everything behind it comes back from the log. A file that has never been
     * checkpointed starts empty.
     *
     * @param base path without {@code .mv.db}
     * @param settings H2's database settings (upper-case keys) that may differ from the default; those that Synod needs win.
     *     Settings that H2 sets by SQL are the caller's business
     * @throws SQLException 90020 another process has it open; 90048 an H2 file that is not Synod's; 90030 shorter than its
     *     checkpoint or not readable
     */
    public static H2Store openFile(Path base, Map<String, String> settings) throws IOException, SQLException {
        Path absolute = base.toAbsolutePath().normalize();
        Path file = absolute.resolveSibling(absolute.getFileName() + ".mv.db");
        Path sideFile = absolute.resolveSibling(absolute.getFileName() + ".checkpoint");
        Files.createDirectories(absolute.getParent());
        CheckpointFile last = CheckpointFile.read(sideFile);
        if (last == null) {
            if (Files.exists(file)) {
                throw error(
                        ErrorCode.FILE_VERSION_ERROR_1,
                        file + " is an H2 database that Synod has not made (" + sideFile.getFileName()
                                + " is missing beside it): export it with SCRIPT TO and import it into a new database");
            }
            last = NEVER;
            last.write(sideFile); // from now on, the file is known as ours
        }
        cutBack(file, last);
        ConnectionInfo info = new ConnectionInfo(UninterruptibleFilePath.prefix() + absolute);
        Database database = open(info, settings);
        H2Store store = new H2Store(database, sideFile, last);
        // The bytes of the checkpoint stay as they are, and a later one lies at the end of the file.
        MVStore chunks = database.getStore().getMvStore();
        chunks.setReuseSpace(false);
        // Nor are there gaps that H2 might fill at the next start, before it can be told: it stores what it rolls back
        // there.
        chunks.setRetentionTime(Integer.MAX_VALUE);
        return store;
    }

    /** Opens a new database in memory. */
    public static H2Store openMemory(Map<String, String> settings) throws SQLException {
        return new H2Store(open(new ConnectionInfo("mem:synod"), settings), null, NEVER);
    }

    private static Database open(ConnectionInfo info, Map<String, String> settings) throws SQLException {
        settings.forEach(info::setProperty);
        info.setProperty("WRITE_DELAY", Integer.toString(Integer.MAX_VALUE)); // chunks are written by checkpoints
        info.setProperty("DB_CLOSE_ON_EXIT", "FALSE"); // H2's shutdown hook closes under running transactions
        info.setProperty("MAX_COMPACT_TIME", "0"); // compaction moves chunks
        info.setProperty("ANALYZE_AUTO", "0"); // statistics of its own would give each member its own plans
        info.setProperty("LOCK_MODE", "3"); // the commit guard needs table locks
        try {
            Database database = new Database(info, null);
            database.setCloseDelay(-1);
            return database;
        } catch (DbException e) {
            throw DbException.toSQLException(e);
        }
    }

    /** Cuts the file to its checkpoint, under the same lock that H2 takes, so never under another process's feet. */
    private static void cutBack(Path file, CheckpointFile last) throws IOException, SQLException {
        if (!Files.exists(file)) {
            if (last.length() > 0) {
                throw tooShort(file, 0, last);
            }
            return;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                FileLock lock = tryLock(channel)) {
            if (lock == null) {
                throw error(
                        ErrorCode.DATABASE_ALREADY_OPEN_1,
                        file + " is open already, here or in another process: close it there first");
            }
            long size = channel.size();
            if (size < last.length()) {
                throw tooShort(file, size, last);
            }
            if (size > last.length()) {
                channel.truncate(last.length());
                LOG.info(
                        "{} cut from {} to {} bytes, its checkpoint at index {}",
                        file,
                        size,
                        last.length(),
                        last.applied());
            }
        }
    }

    private static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // open in this process
        }
    }

    private static SQLException tooShort(Path file, long size, CheckpointFile last) {
        return error(
                ErrorCode.FILE_CORRUPTED_1,
                file + " has " + size + " bytes, its checkpoint at index " + last.applied() + " has " + last.length()
                        + ": restore it from a backup, or remove it together with its .checkpoint file to have it rebuilt from"
                        + " the log");
    }

    private static SQLException error(int code, String message) {
        return new SQLException(message, ErrorCode.getState(code), code);
    }

    public Database database() {
        return database;
    }

    /** A session of H2's system user, who may do everything: for applying entries. Auto-commit is off. */
    public SessionLocal systemSession() {
        return session(database.getSystemUser());
    }

    /**
     * A session of a user, auto-commit off.
     *
     * @param user as H2 compares it
     * @param passwordHash H2's user password hash, as the client sends it; empty for an empty password
     * @throws SQLException 28000 wrong user or password
     */
    public SessionLocal session(String user, byte[] passwordHash) throws SQLException {
        User found = database.findUser(user);
        if (found == null || !SynodDatabaseBridge.passwordMatches(found, passwordHash)) {
            throw DbException.get(ErrorCode.WRONG_USER_OR_PASSWORD).getSQLException();
        }
        return session(found);
    }

    private SessionLocal session(User user) {
        SessionLocal session = SynodDatabaseBridge.createSession(database, user);
        if (session == null) {
            throw DbException.get(ErrorCode.DATABASE_IS_CLOSED);
        }
        session.setAutoCommit(false);
        undoLogs.cover(database.getSessionCount() + OWN_TRANSACTIONS);
        return session;
    }

    /** Applied index of the checkpoint that the file was opened at; 0 for none. */
    public long checkpointIndex() {
        return opened.applied();
    }

    public StatementGate gate() {
        return gate;
    }

    /** Where sessions keep LOBs that clients hand over outside of statements. */
    public DataHandler lobs() {
        return lobs;
    }

    /** Frees the space of LOBs that were removed, as far as no reader needs them. To be called now and then. */
    public void freeLobs() {
        if (lobCleaning.hasWork()) {
            gate.enterOpenTransaction();
            try {
                lobCleaning.free();
            } finally {
                gate.exit();
            }
        }
    }

    /**
     * To be called once, before the first checkpoint: tells the checkpoints where H2 stands in the log.
     *
     * @throws IllegalStateException H2 does not stand where its checkpoint says
     */
    public synchronized Checkpoint checkpoints(LongSupplier appliedIndex) {
        long applied = appliedIndex.getAsLong();
        if (applied != opened.applied()) {
            throw new IllegalStateException(
                    "the database stands at index " + applied + " of the log, its checkpoint at " + opened.applied()
                            + ": remove the database file and its .checkpoint file to have it rebuilt from the log");
        }
        checkpoint = new Checkpoint(database.getStore().getMvStore(), gate, sideFile, opened, appliedIndex);
        return checkpoint;
    }

    /** Takes a last checkpoint (where {@link #checkpoints} was called) and closes; statements must have ended. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        try {
            if (checkpoint != null && checkpoint.takeLast() == null) {
                LOG.warn("a statement did not end in time: {} closes without a last checkpoint", database.getName());
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn(
                    "no last checkpoint of {}: the next start replays the log from the one before",
                    database.getName(),
                    e);
        }
        abandon();
    }

    /** Closes without a checkpoint, as a kill would. */
    public synchronized void abandon() {
        if (!closed) {
            closed = true;
            database.shutdownImmediately();
        }
    }
}
