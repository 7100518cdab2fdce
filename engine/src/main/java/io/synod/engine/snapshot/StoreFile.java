package io.synod.engine.snapshot;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import org.h2.api.ErrorCode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file of a database that is not open: what is there, what of it counts, and what was written to it by others. Under
 * the lock that H2 takes, so never under the feet of whoever has it open.
 */
public final class StoreFile {
    private static final Logger LOG = LoggerFactory.getLogger(StoreFile.class);

    /** Less is soon full again. */
    private static final long ROOM = 64 << 20;

    private static final int PROBE = 1 << 20;

    private StoreFile() {}

    /** Whether anything of the database is there. */
    public static boolean isThere(Path base) {
        DatabaseFiles files = new DatabaseFiles(base);
        return Files.exists(files.data()) || Files.exists(files.checkpoint()) || Files.exists(files.replacement());
    }

    /** Whether the file system has more than a little room. */
    static boolean hasRoom(Path file) {
        File directory = file.toAbsolutePath().getParent().toFile();
        long free = FaultyDisk.usable(file.toString(), directory.getUsableSpace());
        return free >= Math.min(ROOM, directory.getTotalSpace() / 10) && takesMore(file);
    }

    /** Of a quota, the free space tells nothing. */
    private static boolean takesMore(Path file) {
        Path probe = file.resolveSibling(file.getFileName() + ".room");
        try (FileChannel channel = FileChannel.open(
                probe, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE)) {
            FaultyDisk.writes(file.toString());
            ByteBuffer bytes = ByteBuffer.allocate(PROBE);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
            return true;
        } catch (IOException e) {
            LOG.debug("{} has no room yet", file, e);
            return false;
        }
    }

    /** Whoever opens a file anew is told of a page that was not written since the last force, unless somebody else was. */
    static void force(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            FaultyDisk.forces(file.toString());
            channel.force(true);
        } catch (NoSuchFileException e) {
            LOG.debug("{} is gone: whoever opens it says so", file, e);
        } catch (IOException e) {
            throw new IOException(file + " could not be forced to disk, restart this node: " + e.getMessage(), e);
        }
    }

    /**
     * Cuts the file to its checkpoint, under the same lock that H2 takes, so never under another process's feet.
     *
     * @return what it sums up to
     * @throws DamagedStoreException it is not what the checkpoint left
     */
    static FileSum cutBack(DatabaseFiles files, CheckpointFile last) throws IOException, SQLException {
        Path file = files.data();
        if (!Files.exists(file)) {
            if (last.length() > 0) {
                throw new DamagedStoreException(file + " is missing; " + has(last));
            }
            return new FileSum();
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                FileLock lock = tryLock(channel)) {
            if (lock == null) {
                throw isOpen(file);
            }
            if (last.length() > 0 && CheckpointFile.isUnstamped(files.checkpoint())) {
                ChunkStamps.stampAll(channel);
                channel.force(false);
                last.write(files.checkpoint());
            }
            long size = channel.size();
            checkOutside(file, channel, size, last);
            if (size < last.length()) {
                throw new DamagedStoreException(file + " has " + size + " bytes; " + has(last));
            }
            FileSum sum = new FileSum();
            sum.extend(last.length(), (offset, length) -> ChunkStamps.read(channel, offset, length));
            if (last.sum() != null && last.sum() != sum.value()) {
                throw new DamagedStoreException(file + FileSum.differs(sum.value(), last.sum()) + "; " + has(last));
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
            return sum;
        }
    }

    /** What was written by anybody else is in no log: it is neither kept nor thrown away without being asked. */
    private static void checkOutside(Path file, FileChannel channel, long size, CheckpointFile last)
            throws IOException {
        long foreign = ChunkStamps.foreign(channel, size);
        boolean closed = ChunkStamps.isClosed(channel);
        if (foreign >= 0 || closed) {
            boolean checkpointStands = size >= last.length() && ChunkStamps.foreign(channel, last.length()) < 0;
            throw new OutsideChangeException(
                    file + " was opened for writing outside of the log, by H2 itself ("
                            + (foreign >= 0 ? "at byte " + foreign : "it was closed in H2's own way") + ")",
                    last.applied(),
                    checkpointStands);
        }
    }

    /**
     * Throws away what was written to the file outside of the log, where the checkpoint in it still stands.
     *
     * @throws DamagedStoreException it does not: the file has to be rebuilt
     */
    public static void discardOutsideChanges(Path base) throws IOException, SQLException {
        DatabaseFiles files = new DatabaseFiles(base);
        CheckpointFile last = CheckpointFile.read(files.checkpoint());
        try (FileChannel channel = FileChannel.open(files.data(), StandardOpenOption.READ, StandardOpenOption.WRITE);
                FileLock lock = tryLock(channel)) {
            if (lock == null) {
                throw isOpen(files.data());
            }
            if (last == null || channel.size() < last.length() || ChunkStamps.foreign(channel, last.length()) >= 0) {
                throw new DamagedStoreException(
                        files.data() + " was written to outside of the log, and its checkpoint did not survive that");
            }
            channel.truncate(last.length());
            ChunkStamps.unmarkClosed(channel);
            channel.force(true);
        }
        LOG.warn("{}: what was written outside of the log was thrown away", files.data());
    }

    /** The file counts as one that Synod has not made from now on. */
    public static void disown(Path base) throws IOException {
        DatabaseFiles.delete(new DatabaseFiles(base).checkpoint());
    }

    /** Puts a file that has to be rebuilt out of the way. */
    public static Path setAside(Path base) throws IOException {
        DatabaseFiles files = new DatabaseFiles(base);
        if (Files.exists(files.data())) {
            DatabaseFiles.move(files.data(), files.damaged());
        }
        DatabaseFiles.delete(files.checkpoint());
        DatabaseFiles.delete(files.replacement());
        DatabaseFiles.delete(files.damage());
        return files.damaged();
    }

    static SQLException isOpen(Path file) {
        return error(
                ErrorCode.DATABASE_ALREADY_OPEN_1,
                file + " is open already, here or in another process: close it there first");
    }

    static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // open in this process
        }
    }

    private static String has(CheckpointFile last) {
        return "its checkpoint at index " + last.applied() + " has " + last.length() + " bytes";
    }

    static SQLException error(int code, String message) {
        return new SQLException(message, ErrorCode.getState(code), code);
    }
}
