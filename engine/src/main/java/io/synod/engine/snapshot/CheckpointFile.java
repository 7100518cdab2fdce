package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * The side file of an H2 file: how much of it belongs to the last checkpoint, and where that stands in the log. Replaced as
 * a whole, forced before and after.
 *
 * @param length bytes of the H2 file; 0 for one that has never been checkpointed
 * @param applied index of the last entry in them
 */
record CheckpointFile(long length, long applied) {
    private static final int MAGIC = 0x53594e43; // SYNC
    private static final int VERSION = 1;
    private static final int SIZE = 4 + 4 + 8 + 8 + 4;

    /** @return {@code null} when there is none */
    static CheckpointFile read(Path path) throws IOException {
        if (!Files.exists(path)) {
            return null;
        }
        byte[] bytes = Files.readAllBytes(path);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (bytes.length != SIZE || in.getInt() != MAGIC || in.getInt(SIZE - 4) != crc(bytes)) {
            throw new IOException(
                    path + " is damaged (" + bytes.length + " bytes): restore it together with its database file from a"
                            + " backup, or remove both to have the database rebuilt from the log");
        }
        int version = in.getInt();
        if (version != VERSION) {
            throw new IOException(path + " has format version " + version + "; this release of Synod reads version "
                    + VERSION + ": update this node");
        }
        return new CheckpointFile(in.getLong(), in.getLong());
    }

    void write(Path path) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(SIZE);
        out.putInt(MAGIC).putInt(VERSION).putLong(length).putLong(applied);
        out.putInt(crc(out.array())).flip();
        Path temporary = path.resolveSibling(path.getFileName() + ".new");
        try (FileChannel file = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            while (out.hasRemaining()) {
                file.write(out);
            }
            file.force(true);
        }
        Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        forceDirectory(path.toAbsolutePath().getParent());
    }

    /** A rename is only sure once the directory is forced; systems that cannot open one need no force. */
    private static void forceDirectory(Path directory) throws IOException {
        if (System.getProperty("os.name").startsWith("Windows")) {
            return;
        }
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, SIZE - 4);
        return (int) crc.getValue();
    }
}
