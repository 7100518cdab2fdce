package io.synod.log;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of a log's directory: segments ({@code 19700102W.cq4} is cycle 1), the next one written in advance ({@code
 * .precreated}), the last one set aside while it is being copied ({@code .aside}).
 *
 * <p>A segment is written full of zeros before it is used: on a full disk that fails with an error here, where nothing is
 * lost, and not with a fault in mapped memory later. It gets its name only when it is on disk, because Chronicle would use
 * a partial one.
 */
final class Segments {
    private static final Logger LOG = LoggerFactory.getLogger(Segments.class);
    private static final DateTimeFormatter NAME = DateTimeFormatter.ofPattern("yyyyMMdd'W'");
    private static final String SEGMENT = ".cq4";
    private static final String READY = ".precreated";
    private static final String ASIDE = ".aside";
    private static final String PARTIAL = ".partial";
    private static final String CHRONICLE_TABLE = "metadata.cq4t";

    /** Larger writes make large folios in the page cache, of which every force then writes the whole: 4 times slower. */
    private static final int ZEROS = 4096;

    private final Path directory;
    private final long blockBytes;
    /** It was told that they cannot be listed. */
    private volatile boolean unlistable;

    Segments(Path directory, long blockBytes) {
        this.directory = directory;
        this.blockBytes = blockBytes;
    }

    Path directory() {
        return directory;
    }

    Path segment(int cycle) {
        return directory.resolve(nameOf(cycle) + SEGMENT);
    }

    Path aside(int cycle) {
        return directory.resolve(nameOf(cycle) + ASIDE);
    }

    private Path ready(int cycle) {
        return directory.resolve(nameOf(cycle) + READY);
    }

    private static String nameOf(int cycle) {
        return NAME.format(LocalDate.ofEpochDay(cycle));
    }

    /** All segments by cycle. */
    SortedMap<Integer, Path> list() throws IOException {
        return list(SEGMENT);
    }

    private SortedMap<Integer, Path> list(String suffix) throws IOException {
        SortedMap<Integer, Path> found = new TreeMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + suffix)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                try {
                    LocalDate day = LocalDate.parse(name.substring(0, name.length() - suffix.length()), NAME);
                    found.put((int) day.toEpochDay(), file);
                } catch (DateTimeParseException e) {
                    throw new IOException("file " + file + " is not part of a log; move it away", e);
                }
            }
        }
        return found;
    }

    /** Undoes a copy that a crash cut short: what was set aside is the truth until it is deleted. */
    void undoCopy() throws IOException {
        for (var aside : list(ASIDE).entrySet()) {
            for (Path copy : list().tailMap(aside.getKey() + 1).values()) {
                Files.delete(copy);
            }
            Files.move(aside.getValue(), segment(aside.getKey()), StandardCopyOption.ATOMIC_MOVE);
        }
        forceDirectory();
    }

    /** Removes what is no part of the log: Chronicle's table (rebuilt, and dangerous when stale), half-made segments. */
    void sweep(int nextCycle) throws IOException {
        Files.deleteIfExists(directory.resolve(CHRONICLE_TABLE));
        for (Path partial : list(PARTIAL).values()) {
            Files.delete(partial);
        }
        for (var spare : list(READY).entrySet()) {
            if (spare.getKey() != nextCycle || !isBlank(spare.getValue())) {
                Files.delete(spare.getValue());
            }
        }
    }

    /** Bytes up to which a segment of that many blocks may be filled without ever making it grow. */
    long usableBytes(int blocks) {
        return blocks * blockBytes - (64 << 10);
    }

    int blocksFor(long bytes) {
        int blocks = 1;
        while (usableBytes(blocks) < bytes) {
            blocks++;
        }
        return blocks;
    }

    /** Whether somebody has deleted the directory. */
    boolean deleted() {
        return Files.notExists(directory);
    }

    /** What is to be said then, or when a file of it was deleted. */
    static String whenDeleted(Path gone) {
        return gone + " was deleted while the node ran: restore the node's directory before it starts again";
    }

    /**
     * Has the segment of this cycle ready for Chronicle, of at least that many blocks.
     *
     * @throws LogFullException when the disk is full; nothing is left behind then
     */
    void prepare(int cycle, int blocks) throws IOException {
        Path ready = ready(cycle);
        long size = blocks * blockBytes + overlap();
        if (Files.exists(ready) && Files.size(ready) >= size) {
            return;
        }
        Path partial = directory.resolve(nameOf(cycle) + PARTIAL);
        boolean done = false;
        try {
            try (RandomAccessFile file = new RandomAccessFile(partial.toFile(), "rw")) {
                byte[] zeros = new byte[ZEROS];
                for (long at = 0; at < blocks * blockBytes; at += ZEROS) {
                    file.write(zeros);
                }
                // Mapped along with the last block, never written to: it may be a hole.
                file.setLength(size);
                file.getFD().sync();
            }
            Files.move(partial, ready, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            done = true;
        } catch (IOException e) {
            if (deleted()) {
                throw new IOException(whenDeleted(directory), e);
            }
            throw new LogFullException(noRoom(size), e);
        } finally {
            if (!done) {
                deleteQuietly(partial);
            }
        }
    }

    private String noRoom(long size) {
        return "no room for the next segment of the log (" + size + " bytes in " + directory + ", "
                + directory.toFile().getUsableSpace()
                + " free): disk full? Free some space; the log goes on by itself then";
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.warn("cannot delete {}; it is deleted at the next start", file, e);
        }
    }

    /** What Chronicle maps beyond a block: a quarter of it from 256 KiB on. */
    private long overlap() {
        return blockBytes / 4;
    }

    private boolean isBlank(Path file) throws IOException {
        if (Files.size(file) < blockBytes + overlap()) {
            return false;
        }
        byte[] chunk = new byte[1 << 16];
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            for (int n = in.read(chunk); n > 0; n = in.read(chunk)) {
                for (int i = 0; i < n; i++) {
                    if (chunk[i] != 0) {
                        return false;
                    }
                }
            }
        } catch (IOException e) {
            LOG.warn("{} cannot be read and is made again: {}", file, e.toString());
            return false;
        }
        return true;
    }

    /** New, renamed and deleted names are on disk when this returns. */
    void forceDirectory() throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private interface Look {
        long at(Segments segments) throws IOException;
    }

    /** −1 when they cannot be listed, which is told once where they are not {@link #deleted}. Any thread. */
    long bytes() {
        return look(Segments::sumOfBytes);
    }

    /** How many segments there are; as {@link #bytes}. */
    int count() {
        return (int) look(segments -> segments.list().size());
    }

    private long look(Look look) {
        try {
            long found = look.at(this);
            unlistable = false;
            return found;
        } catch (IOException e) {
            if (!unlistable && !deleted()) {
                unlistable = true;
                LOG.warn("log {}: cannot list files: {}", directory, e.toString());
            }
            return -1;
        }
    }

    private long sumOfBytes() throws IOException {
        long sum = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                try {
                    sum += Files.size(file);
                } catch (NoSuchFileException e) {
                    LOG.trace("renamed meanwhile: {}", file);
                }
            }
        }
        return sum;
    }
}
