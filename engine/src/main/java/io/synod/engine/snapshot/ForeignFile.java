package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.h2.api.ErrorCode;

/** An H2 file that was not written by Synod, on its way to become a database's first state. */
final class ForeignFile {
    private static final Pattern FORMAT = Pattern.compile("format:([0-9a-f]+)");
    private static final int FORMAT_READ = 3;
    private static final String ENCRYPTED = "H2encrypt\n";

    private ForeignFile() {}

    /**
     * Copies it to where a snapshot on its way in lies, as Synod would have written it. The file itself is not touched.
     *
     * @throws SQLException 90020 in use; 90048 of another format; 90049 encrypted
     */
    static void copy(DatabaseFiles files) throws IOException, SQLException {
        Path source = files.data();
        DatabaseFiles.delete(files.progress());
        try (FileChannel from = FileChannel.open(source, StandardOpenOption.READ, StandardOpenOption.WRITE);
                FileLock lock = H2Store.tryLock(from)) {
            if (lock == null) {
                throw H2Store.isOpen(source);
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
            throw H2Store.error(
                    ErrorCode.FILE_ENCRYPTION_ERROR_1,
                    file
                            + " is encrypted, which Synod does not support: its log would hold the rows in the clear. Take the"
                            + " encryption away with H2's tool ChangeFileEncryption, and encrypt the disk instead");
        }
        Matcher format = FORMAT.matcher(text);
        if (!text.startsWith("H:2") || !format.find()) {
            throw H2Store.error(
                    ErrorCode.FILE_VERSION_ERROR_1,
                    file
                            + " is not an H2 database, or its header is damaged: restore it from a backup, or move it away");
        }
        if (Integer.parseInt(format.group(1), 16) != FORMAT_READ) {
            throw H2Store.error(
                    ErrorCode.FILE_VERSION_ERROR_1,
                    file + " has H2's file format " + format.group(1) + ", this version reads format " + FORMAT_READ
                            + " (H2 2.2 and later): write a script with SCRIPT TO on the H2 version that made it, move the"
                            + " file away, and run the script with RUNSCRIPT in the new database");
        }
    }

    /** Whether there is a file that Synod has not made. */
    static boolean isThere(DatabaseFiles files) {
        return Files.exists(files.data())
                && Files.notExists(files.checkpoint())
                && Files.notExists(files.replacement());
    }
}
