package io.synod.log;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the log says of itself, in a small text file that is replaced as a whole: format, whether it was closed, which
 * batch is the last of every sealed segment,
 * which is the first that is needed. The last of these is forced before what stands before it is deleted.
 *
 * @param clean whether the log was closed, with {@code lastBatch} as its last batch
 * @param first number of the first batch that is needed
 * @param sealed last batch number by cycle, of segments that are never written again
 */
record Manifest(boolean clean, long lastBatch, long first, SortedMap<Integer, Long> sealed) {
    private static final Logger LOG = LoggerFactory.getLogger(Manifest.class);
    private static final String FILE = "MANIFEST";
    private static final String FORMAT = "synod-log 2";
    /** Of versions that never deleted anything. */
    private static final String FORMAT_WITHOUT_FIRST = "synod-log 1";

    private static final long UNKNOWN = 0;
    /** Far more than the segments of any disk need. */
    private static final int BYTES_MAX = 64 << 20;

    static final Manifest NONE = new Manifest(false, 0, UNKNOWN, new TreeMap<>());
    /** There is one that says nothing any more. */
    private static final Manifest DAMAGED = new Manifest(false, 0, UNKNOWN, new TreeMap<>());

    /** Whether there was one, of which nothing is known any more. */
    boolean isDamaged() {
        return this == DAMAGED;
    }

    /** Whether it says which batch is the first that is needed. */
    boolean knowsFirst() {
        return first != UNKNOWN;
    }

    /** A batch that was forced before this was written, as all before it: that of a segment's end is, and so is the one that cut. */
    long durableBatch() {
        long ended = sealed.isEmpty() ? 0 : sealed.get(sealed.lastKey());
        return Math.max(Math.max(clean ? lastBatch : 0, ended), first > 1 ? first : 0);
    }

    /**
     * {@link #NONE} where there is none, and likewise, but {@link #isDamaged}, where it is not what was written, or cannot be read: what it
     * repeats is in the segments and the mark, if these are whole.
     *
     * @throws IOException it was written by another version
     */
    static Manifest read(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        if (!Files.exists(file)) {
            return NONE;
        }
        String text;
        try {
            text = new String(FileReads.small(file, BYTES_MAX), StandardCharsets.ISO_8859_1);
        } catch (DamagedLogException e) {
            LOG.warn("{} cannot be read: {}", file, e.faults().get(0).reason());
            return DAMAGED;
        }
        int end = text.lastIndexOf("crc ");
        if (end < 0 || !text.substring(end).strip().equals("crc " + crc(text.substring(0, end)))) {
            LOG.warn("{} is damaged: its checksum is not that of its lines", file);
            return DAMAGED;
        }
        String[] lines = text.substring(0, end).split("\n");
        if (!lines[0].equals(FORMAT) && !lines[0].equals(FORMAT_WITHOUT_FIRST)) {
            throw new IOException("the log in " + directory + " has format \"" + lines[0] + "\", this version knows \""
                    + FORMAT + "\"; use the version that wrote it, or a newer one");
        }
        boolean clean = false;
        long lastBatch = 0;
        long first = 1;
        SortedMap<Integer, Long> sealed = new TreeMap<>();
        for (String line : lines) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "closed" -> {
                    clean = true;
                    lastBatch = Long.parseLong(words[1]);
                }
                case "first" -> first = Long.parseLong(words[1]);
                case "sealed" -> sealed.put(Integer.parseInt(words[1]), Long.parseLong(words[2]));
                default -> {
                    // The format line, and what a later version of this format may add.
                }
            }
        }
        return new Manifest(clean, lastBatch, first, sealed);
    }

    /** The directory must be forced afterwards. */
    void write(Path directory) throws IOException {
        StringBuilder text = new StringBuilder(FORMAT).append('\n');
        if (clean) {
            text.append("closed ").append(lastBatch).append('\n');
        }
        text.append("first ").append(first).append('\n');
        for (Map.Entry<Integer, Long> segment : sealed.entrySet()) {
            text.append("sealed ")
                    .append(segment.getKey())
                    .append(' ')
                    .append(segment.getValue())
                    .append('\n');
        }
        String crc = crc(text.toString());
        text.append("crc ").append(crc).append('\n');
        Path next = directory.resolve(FILE + ".next");
        try (RandomAccessFile out = new RandomAccessFile(next.toFile(), "rw")) {
            out.setLength(0);
            out.write(text.toString().getBytes(StandardCharsets.ISO_8859_1));
            out.getFD().sync();
        }
        Files.move(next, directory.resolve(FILE), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** On a full disk. The segments say all that is needed, see {@link LogReclaim}. The directory must be forced afterwards. */
    static void delete(Path directory) throws IOException {
        Files.deleteIfExists(directory.resolve(FILE + ".next"));
        Files.deleteIfExists(directory.resolve(FILE));
    }

    static String crc(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.ISO_8859_1));
        return Long.toHexString(crc.getValue());
    }
}
