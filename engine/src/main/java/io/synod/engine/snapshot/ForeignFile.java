package io.synod.engine.snapshot;

import io.synod.replica.Snapshots.Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.h2.api.ErrorCode;
import org.h2.engine.ConnectionInfo;
import org.h2.engine.Constants;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.engine.SynodDatabaseBridge;
import org.h2.mvstore.MVStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An H2 file that was not written by Synod, on its way to become a database's first state. */
public final class ForeignFile {
    private static final Logger LOG = LoggerFactory.getLogger(ForeignFile.class);
    private static final Pattern FORMAT = Pattern.compile("format:([0-9a-f]+)");
    private static final int FORMAT_READ = 3;
    private static final String ENCRYPTED = "H2encrypt\n";

    private ForeignFile() {}

    /** What a file that was not Synod's has to hold before it is. */
    public interface Initializer {
        /** Writes into the session's transaction, which is committed then. */
        void initialize(SessionLocal session) throws IOException;
    }

    /**
     * Makes an H2 file that was not written by Synod the state of a group at an index of its log. The file itself stays as it
     * is until the new one is whole; then it is replaced by it in one step.
     *
     * @param origin place in the log, epoch and members; its length does not count
     * @throws SQLException 90020 in use; 90048 of another format; 90049 encrypted; and what H2 says
     */
    public static void adopt(Path base, Map<String, String> settings, Header origin, Initializer initializer)
            throws IOException, SQLException {
        DatabaseFiles files = new DatabaseFiles(base);
        copy(files);
        String incoming = files.incoming().toString();
        ConnectionInfo info = new ConnectionInfo(UninterruptibleFilePath.prefix()
                + incoming.substring(0, incoming.length() - Constants.SUFFIX_MV_FILE.length()));
        Database database = TrustedOpening.open(info, settings);
        long length;
        try {
            MVStore store = database.getStore().getMvStore();
            store.setRetentionTime(Integer.MAX_VALUE);
            SessionLocal session = SynodDatabaseBridge.createSession(database, database.getSystemUser());
            session.lock();
            try {
                initializer.initialize(session);
                session.commit(false);
            } finally {
                session.unlock();
            }
            // Nothing else runs here, and the last chunk is one of its own, as a checkpoint's.
            store.commit();
            store.executeFilestoreOperation(() -> {});
            Checkpoint.mark(store);
            store.commit();
            length = store.getFileStore().size();
            store.sync();
        } finally {
            database.shutdownImmediately();
        }
        Replacement.decide(
                files,
                Replacement.Source.INCOMING,
                new CheckpointFile(length, origin.index(), new SnapshotHeader(origin)));
        Replacement.finish(files);
        LOG.info("{} is the state at index {} of its log now", files.data(), origin.index());
    }

    /**
     * Copies it to where a snapshot on its way in lies, as Synod would have written it. The file itself is not touched.
     *
     * @throws SQLException 90020 in use; 90048 of another format; 90049 encrypted
     */
    static void copy(DatabaseFiles files) throws IOException, SQLException {
        Path source = files.data();
        DatabaseFiles.delete(files.progress());
        try (FileChannel from = FileChannel.open(source, StandardOpenOption.READ, StandardOpenOption.WRITE);
                FileLock lock = StoreFile.tryLock(from)) {
            if (lock == null) {
                throw StoreFile.isOpen(source);
            }
            checkFormat(source, from);
            try (FileChannel to = FileChannel.open(
                    files.incoming(),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE)) {
                long size = from.size();
                for (long copied = 0; copied < size; ) {
                    copied += from.transferTo(copied, size - copied, to);
                }
                ChunkStamps.stampAll(to);
                to.force(true);
            }
        }
    }

    private static void checkFormat(Path file, FileChannel from) throws IOException, SQLException {
        ByteBuffer head = ByteBuffer.allocate((int) Math.min(ChunkStamps.BLOCK, from.size()));
        while (head.hasRemaining() && from.read(head, head.position()) > 0) {
            head.mark();
        }
        String text = new String(head.array(), StandardCharsets.ISO_8859_1);
        if (text.startsWith(ENCRYPTED)) {
            throw StoreFile.error(
                    ErrorCode.FILE_ENCRYPTION_ERROR_1,
                    file
                            + " is encrypted, which Synod does not support: its log would hold the rows in the clear. Take the"
                            + " encryption away with H2's tool ChangeFileEncryption, and encrypt the disk instead");
        }
        Matcher format = FORMAT.matcher(text);
        if (!text.startsWith("H:2") || !format.find()) {
            throw StoreFile.error(
                    ErrorCode.FILE_VERSION_ERROR_1,
                    file
                            + " is not an H2 database, or its header is damaged: restore it from a backup, or move it away");
        }
        if (Integer.parseInt(format.group(1), 16) != FORMAT_READ) {
            throw StoreFile.error(
                    ErrorCode.FILE_VERSION_ERROR_1,
                    file + " has H2's file format " + format.group(1) + ", this version reads format " + FORMAT_READ
                            + " (H2 2.2 and later): write a script with SCRIPT TO on the H2 version that made it, move the"
                            + " file away, and run the script with RUNSCRIPT in the new database");
        }
    }

    /** Whether there is an H2 file that Synod has not made. */
    public static boolean isThere(Path base) {
        DatabaseFiles files = new DatabaseFiles(base);
        return Files.exists(files.data())
                && Files.notExists(files.checkpoint())
                && Files.notExists(files.replacement());
    }
}
