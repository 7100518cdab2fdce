package io.synod.engine.snapshot;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * The files of one database, and the few steps by which they are replaced so that a crash leaves the old or the new.
 *
 * @param base path without a suffix, absolute
 */
record DatabaseFiles(Path base) {
    DatabaseFiles {
        base = base.toAbsolutePath().normalize();
    }

    /** H2's file. */
    Path data() {
        return with(".mv.db");
    }

    /** How much of it belongs to the last checkpoint ({@link CheckpointFile}). */
    Path checkpoint() {
        return with(".checkpoint");
    }

    /** A snapshot on its way in, or an H2 file on its way to be one. */
    Path incoming() {
        return with(".incoming.mv.db");
    }

    /** How much of it is on disk ({@link IncomingProgress}). */
    Path progress() {
        return with(".incoming");
    }

    /** What has to take the place of H2's file ({@link Replacement}). */
    Path replacement() {
        return with(".replacement");
    }

    /** The copy from which a start goes on when space was being reclaimed. */
    Path fallback() {
        return with(".fallback.mv.db");
    }

    /** Where a damaged file is put aside. */
    Path damaged() {
        return with(".damaged.mv.db");
    }

    /** Why the file has to be rebuilt; there only where it has. */
    Path damage() {
        return with(".damage");
    }

    Path directory() {
        return base.getParent();
    }

    String name() {
        return base.getFileName().toString();
    }

    Path with(String suffix) {
        return base.resolveSibling(base.getFileName() + suffix);
    }

    /** Replaces a small file as a whole. */
    static void replace(Path path, ByteBuffer content) throws IOException {
        Path temporary = path.resolveSibling(path.getFileName() + ".new");
        try (FileChannel file = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            while (content.hasRemaining()) {
                file.write(content);
            }
            file.force(true);
        }
        move(temporary, path);
    }

    /**
     * What is in a small file.
     *
     * @throws DamagedStoreException the disk does not give it
     * @throws IOException it cannot be opened
     */
    static byte[] read(Path path) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            return in.readAllBytes();
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            throw new DamagedStoreException(path + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** The content of the moved file must be on disk already. */
    static void move(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        forceDirectory(to.toAbsolutePath().getParent());
    }

    static void delete(Path path) throws IOException {
        if (Files.deleteIfExists(path)) {
            forceDirectory(path.toAbsolutePath().getParent());
        }
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
}
