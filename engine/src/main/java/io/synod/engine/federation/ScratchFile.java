package io.synod.engine.federation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** The temporary file of a scratch database whose rows are too many for the memory. */
final class ScratchFile {
    private static final String PREFIX = "synod-scratch-";
    private static final String SUFFIX = ".mv.db";

    /** A file that is about to be opened is not locked yet. */
    private static final Duration FRESH = Duration.ofMinutes(1);

    private static final Set<Path> SEARCHED = ConcurrentHashMap.newKeySet();

    private final Path base;

    private ScratchFile(Path base) {
        this.base = base;
    }

    /** Names a new one. The first call for a directory deletes there what processes that were killed have left. */
    static ScratchFile in(Path directory) {
        try {
            Path where = Files.createDirectories(directory).toAbsolutePath().normalize();
            if (SEARCHED.add(where)) {
                deleteLeftOnes(where);
            }
            return new ScratchFile(where.resolve(PREFIX + UUID.randomUUID()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deletes files that nobody has open: H2 locks its own. */
    static void deleteLeftOnes(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, PREFIX + "*" + SUFFIX)) {
            for (Path file : files) {
                if (Files.getLastModifiedTime(file)
                                .toInstant()
                                .isBefore(Instant.now().minus(FRESH))
                        && isFree(file)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private static boolean isFree(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException | IOException e) {
            return false;
        }
    }

    /** @return the path as H2's URL wants it */
    String path() {
        return base.toString();
    }

    void delete() {
        try {
            Files.deleteIfExists(base.resolveSibling(base.getFileName() + SUFFIX));
            Files.deleteIfExists(base.resolveSibling(base.getFileName() + ".trace.db"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
