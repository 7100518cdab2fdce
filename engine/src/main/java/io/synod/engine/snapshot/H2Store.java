package io.synod.engine.snapshot;

import io.synod.group.Members;
import io.synod.replica.Snapshots.Header;
import io.synod.replica.Snapshots.Incoming;
import io.synod.replica.Snapshots.Outgoing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.engine.ConnectionInfo;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.engine.SynodDatabaseBridge;
import org.h2.engine.User;
import org.h2.message.DbException;
import org.h2.mvstore.FileStore;
import org.h2.mvstore.db.LobStorageMap;
import org.h2.mvstore.db.SynodLobStore;
import org.h2.mvstore.tx.SynodUndoLogs;
import org.h2.store.DataHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An H2 database that is open the one way that Synod can trust: cut back to its last checkpoint, no writing behind our back
 * that matters, no closing by itself ({@link TrustedOpening}). Thread-safe.
 *
 * <p>It is opened without a user: the users of a new database, the first one too, come from the log, so that they are the
 * same on every member down to the salt of their password.
 */
public final class H2Store implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(H2Store.class);

    /** Transactions that H2 may have open beside those of the sessions it counts. */
    private static final int OWN_TRANSACTIONS = 16;

    private final Database database;
    private final SynodUndoLogs undoLogs;
    /** {@code null} in memory. */
    private final DatabaseFiles files;

    private final Map<String, String> settings;
    private final int maxQueryTimeout;
    private final CheckpointFile opened;
    private final FileSum sum;
    private final StatementGate gate;
    private final SynodLobStore lobCleaning;
    private final GatedLobs lobs;
    private final StoreSnapshots snapshots;
    private final FileHealth health;
    private volatile Checkpoint checkpoint;
    private boolean closed;

    private H2Store(
            Database database,
            DatabaseFiles files,
            Map<String, String> settings,
            CheckpointFile opened,
            FileSum sum,
            StatementGate gate) {
        this.database = database;
        this.files = files;
        this.settings = settings;
        this.maxQueryTimeout = Integer.parseInt(settings.getOrDefault("MAX_QUERY_TIMEOUT", "0"));
        this.opened = opened;
        this.sum = sum;
        this.gate = gate;
        SynodLobStore.forgetTemporary(database.getStore().getTransactionStore());
        lobCleaning = new SynodLobStore(database.getStore().getMvStore(), (LobStorageMap) database.getLobStorage());
        lobs = new GatedLobs(database, gate);
        snapshots = new StoreSnapshots(database.getStore().getMvStore());
        health = new FileHealth(
                files == null ? null : files.data(), database.getStore().getMvStore());
        undoLogs = new SynodUndoLogs(database.getStore().getTransactionStore());
        undoLogs.cover(2 * OWN_TRANSACTIONS);
    }

    /**
     * Opens a file, cut back to its last checkpoint; everything behind it comes back from the log. A file that has never been
     * checkpointed starts empty. A replacement that was decided before a crash is carried out first.
     *
     * @param base path without {@code .mv.db}
     * @param settings H2's database settings (upper-case keys) that may differ from the default; those that Synod needs win.
     *     Settings that H2 sets by SQL are the caller's business
     * @throws DamagedStoreException shorter than its checkpoint, other than it was, or not readable: it has to be rebuilt
     * @throws SQLException 90020 another process has it open; 90048 an H2 file that is not Synod's
     */
    public static H2Store openFile(Path base, Map<String, String> settings) throws IOException, SQLException {
        return openFile(new DatabaseFiles(base), settings, new StatementGate());
    }

    private static H2Store openFile(DatabaseFiles files, Map<String, String> settings, StatementGate gate)
            throws IOException, SQLException {
        Files.createDirectories(files.directory());
        if (Files.exists(files.damage())) {
            throw new DamagedStoreException(new String(DatabaseFiles.read(files.damage()), StandardCharsets.UTF_8));
        }
        Replacement.finish(files);
        FailedForces.forget(files.data());
        DatabaseFiles.delete(files.fallback()); // of a reclaim that came to its end, or never to its beginning
        CheckpointFile last = CheckpointFile.read(files.checkpoint());
        if (last == null) {
            if (Files.exists(files.data())) {
                throw StoreFile.error(
                        ErrorCode.FILE_VERSION_ERROR_1,
                        files.data() + " is an H2 database that Synod has not made ("
                                + files.checkpoint().getFileName() + " is missing beside it)");
            }
            last = CheckpointFile.NEVER;
            last.write(files.checkpoint()); // from now on, the file is known as ours
        }
        FileSum sum = StoreFile.cutBack(files, last);
        ConnectionInfo info = new ConnectionInfo(UninterruptibleFilePath.prefix() + files.base());
        Database database = TrustedOpening.openFile(files.data(), info, settings);
        H2Store store = new H2Store(database, files, settings, last, sum, gate);
        // Chunks are given up when space is reclaimed, not before.
        database.getStore().getMvStore().setRetentionTime(Integer.MAX_VALUE);
        return store;
    }

    /** Opens the file that has taken the place of this one, behind the same gate. This one must be closed. */
    public H2Store reopened() throws IOException, SQLException {
        return openFile(files, settings, gate);
    }

    /**
     * Opens a new database in memory.
     *
     * @param name what JDBC calls its catalog; another database may have the same
     */
    public static H2Store openMemory(String name, Map<String, String> settings) throws SQLException {
        Database database = TrustedOpening.open(new ConnectionInfo("mem:" + name), settings);
        return new H2Store(database, null, settings, CheckpointFile.NEVER, new FileSum(), new StatementGate());
    }

    /** For messages: the path without a suffix. */
    public String name() {
        return database.getName();
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
        User found = known(user, passwordHash);
        if (found == null) {
            throw DbException.get(ErrorCode.WRONG_USER_OR_PASSWORD).getSQLException();
        }
        return session(found);
    }

    /** Whether an administrator has this name and password. */
    public boolean isAdministrator(String user, byte[] passwordHash) {
        User found = known(user, passwordHash);
        return found != null && found.isAdmin();
    }

    private User known(String user, byte[] passwordHash) {
        User found = database.findUser(user);
        return found != null && SynodDatabaseBridge.passwordMatches(found, passwordHash) ? found : null;
    }

    /**
     * A session of a user who has been let in before.
     *
     * @throws DbException 90032 there is no such user any more
     */
    public SessionLocal session(String user) {
        return session(database.getUser(user));
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

    /** The bound that MAX_QUERY_TIMEOUT sets for statements of clients' sessions here, in milliseconds; 0 for none. */
    public int maxQueryTimeout() {
        return maxQueryTimeout;
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

    /** Header of the snapshot that this state began with; {@code null} for one that began empty. */
    public Header origin() {
        return opened.origin() == null ? null : opened.origin().header();
    }

    /** As {@link #checkpoints(Supplier)}, for a store that makes no snapshots. */
    public Checkpoint checkpoints(LongSupplier appliedIndex) throws IOException {
        return checkpoints(() -> new Checkpoint.Position(appliedIndex.getAsLong(), 0, null));
    }

    /**
     * To be called once, before the first checkpoint: tells the checkpoints where H2 stands in the log.
     *
     * @throws DamagedStoreException H2 does not stand where its checkpoint says
     */
    public synchronized Checkpoint checkpoints(Supplier<Checkpoint.Position> position) throws IOException {
        long applied = position.get().index();
        if (applied != opened.applied()) {
            throw new DamagedStoreException("the database " + database.getName() + " stands at index " + applied
                    + " of the log, its checkpoint at " + opened.applied());
        }
        Path sideFile = files == null ? null : files.checkpoint();
        checkpoint = new Checkpoint(database.getStore().getMvStore(), gate, sideFile, opened, sum, position);
        return checkpoint;
    }

    /**
     * Copies the file into a zip, as it stands at a checkpoint that is taken for it. What follows in the file meanwhile is not
     * copied, and what is copied does not change.
     *
     * @param patienceNanos how long to wait for a moment without a statement that writes
     * @throws DbException 90126 for a database in memory, HYT00 for no such moment, 90031 the zip cannot be written
     */
    public void backup(String zip, long patienceNanos) {
        if (files == null || checkpoint == null) {
            throw DbException.get(ErrorCode.DATABASE_IS_NOT_PERSISTENT);
        }
        try {
            long deadline = System.nanoTime() + patienceNanos;
            while (checkpoint.take() == null) {
                if (System.nanoTime() - deadline > 0) {
                    throw DbException.get(
                            ErrorCode.LOCK_TIMEOUT_1, "no moment without a statement that writes, for BACKUP");
                }
            }
            StoreBackup.write(
                    files.data(), checkpoint.image(), database.getStore().getMvStore(), zip);
        } catch (IOException e) {
            throw DbException.convertIOException(e, zip);
        }
    }

    /**
     * A snapshot for another member, of a checkpoint that is taken if the last one is too old.
     *
     * @param atLeast the index that it has to cover
     * @param members in force where the log has told of none
     * @throws IOException statements that write never paused, or there is no entry of that index here: try later
     */
    public Outgoing snapshot(long atLeast, Members members) throws IOException {
        if (files == null) {
            throw new IOException("a database in memory has no snapshots");
        }
        Outgoing recent = snapshots.reuse(atLeast);
        if (recent != null) {
            return recent;
        }
        Checkpoint.Image image = checkpoint.image();
        if (image == null || image.position().index() < atLeast) {
            if (checkpoint.take() == null) {
                throw new IOException(
                        "no snapshot of " + database.getName() + " now: statements that write never paused");
            }
            image = checkpoint.image();
        }
        if (image.position().index() < atLeast) {
            throw new IOException("no snapshot of " + database.getName() + " at index " + atLeast + ": only index "
                    + image.position().index() + " is applied here");
        }
        return snapshots.make(image, members);
    }

    /**
     * What a reclaim gave back.
     *
     * @param before bytes of the file
     * @param pauseNanos how long statements that write stood still for it
     */
    public record Reclaimed(long before, long after, long pauseNanos) {}

    /**
     * Gives back space of the file; statements that write stand still for most of it, reads go on. No interrupts may come.
     *
     * @return {@code null} when that is not possible now, because a snapshot is being read or statements that write never
     *     paused: try later; and in memory, where there is no file
     */
    public synchronized Reclaimed reclaim() throws IOException {
        if (files == null || closed || checkpoint == null || !snapshots.forget()) {
            return null;
        }
        synchronized (checkpoint) {
            return new SpaceReclaim(database.getStore().getMvStore(), gate, files, checkpoint).run();
        }
    }

    /**
     * Compares the file up to its last checkpoint with the checksum of that. Not held up by anybody, nor does it hold up anybody.
     *
     * @param read is told how many bytes were read just now, and takes its time; what it throws ends it
     * @return how many bytes were compared; 0 where they were moved or the store was closed meanwhile, and in memory
     * @throws DamagedStoreException they are not what was written, or cannot be read
     */
    public long verify(IntConsumer read) throws IOException {
        Checkpoint checkpoints = checkpoint;
        if (files == null || checkpoints == null) {
            return 0;
        }
        Checkpoint.Sealed sealed = checkpoints.sealed();
        FileSum found = new FileSum();
        String unreadable = null;
        try {
            found.extend(sealed.length(), (offset, length) -> {
                byte[] piece = Checkpoint.read(database.getStore().getMvStore(), offset, length);
                read.accept(length);
                return piece;
            });
        } catch (DamagedStoreException e) {
            unreadable = e.getMessage();
        } catch (IOException | RuntimeException e) {
            if (isClosed()) {
                return 0;
            }
            throw e;
        }
        if (unreadable == null && found.value() == sealed.sum()) {
            return sealed.length();
        }
        if (isClosed() || checkpoints.sealed().moves() != sealed.moves()) {
            return 0;
        }
        throw new DamagedStoreException(
                files.data() + (unreadable == null ? FileSum.differs(found.value(), sealed.sum()) : ": " + unreadable));
    }

    /** By us, or by H2 itself, where it could not write. */
    private synchronized boolean isClosed() {
        return closed || database.getStore().getMvStore().isClosed();
    }

    /** How full the file is: bytes, and how many percent of them are current. Nothing in memory. */
    public Space space() {
        if (files == null) {
            return new Space(0, 100);
        }
        FileStore<?> file = database.getStore().getMvStore().getFileStore();
        return new Space(file.size(), file.getChunksFillRate());
    }

    /** @param fillPercent how much of it is current */
    public record Space(long bytes, int fillPercent) {}

    /** Goes on with the snapshot of which a part was received before, or starts anew. */
    public Incoming receive(Header header, Installer installer) throws IOException {
        return IncomingSnapshot.open(files, header, installer);
    }

    /** What makes a snapshot that has arrived whole, and was checked, the state of this member. */
    public interface Installer {
        /** @param fileLength bytes of the snapshot that are H2's file */
        void install(Header header, long fileLength) throws IOException;
    }

    /**
     * Decides that the snapshot that has arrived takes the place of this store's file, and closes the store. {@link #reopened}
     * carries it out, or the next start does.
     */
    public void replaceBy(Header header, long fileLength) throws IOException {
        Replacement.decide(
                files,
                Replacement.Source.INCOMING,
                new CheckpointFile(fileLength, header.index(), new SnapshotHeader(header)));
        FaultPoint.reach(FaultPoint.DECIDED);
        abandon();
        FaultPoint.reach(FaultPoint.CLOSED);
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

    /** An entry failed half-way: no checkpoint may hold what it has left behind, and the next start replays it. */
    public void distrust() {
        Checkpoint checkpoints = checkpoint;
        if (checkpoints != null) {
            checkpoints.end();
        }
    }

    /** Has the next start rebuild the file. */
    public void markDamaged(String why) {
        if (files != null) {
            try {
                Files.writeString(files.damage(), why);
            } catch (IOException e) {
                LOG.warn("{} is damaged, which could not be noted for the next start", files.data(), e);
            }
        }
    }

    /** Whether its file can be read and written. */
    public FileHealth health() {
        return health;
    }

    /** Closes without a checkpoint, as a kill would; but one that is being taken comes to its end. */
    public synchronized void abandon() {
        if (closed) {
            return;
        }
        distrust();
        // Whoever opens the file next cuts it back: what a checkpoint of before noted then would not be in it.
        synchronized (checkpoint == null ? this : checkpoint) {
            closed = true;
            health.closes();
            database.shutdownImmediately();
        }
    }
}
