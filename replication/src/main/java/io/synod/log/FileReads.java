package io.synod.log;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Plain reads of the log's files, all of which pass here. A sector that the disk does not give is damage: what stood in it is
 * gone like what stood where a bit has turned. A file that cannot be opened is not, and is told as it is.
 */
final class FileReads {
    private static final int PIECE = 256 << 10;
    private static final int SECTOR = 4096;
    /** A disk may take seconds for each of them: after so many, whole pieces are given up. */
    private static final int SECTORS_MAX = 64;

    /** A disk that does not give all of its sectors. */
    interface Disk {
        void read(File file, long from, long to) throws IOException;
    }

    /** Set by tests only: what it throws, the read throws. */
    static volatile Disk disk;

    private FileReads() {}

    /** Bytes of a file that cannot be read. */
    record Unreadable(long from, long to, String why) {
        /** To go on with, where other things are said of the file. */
        static String told(List<Unreadable> of) {
            return of.isEmpty() ? "" : "; " + of;
        }

        @Override
        public String toString() {
            return "bytes " + from + " to " + (to - 1) + " cannot be read: " + why;
        }
    }

    /** Exactly so many bytes. */
    static void at(File file, RandomAccessFile in, long at, byte[] into, int offset, int length) throws IOException {
        Disk test = disk;
        if (test != null) {
            test.read(file, at, at + length);
        }
        in.seek(at);
        in.readFully(into, offset, length);
    }

    /**
     * The first bytes of a file; zeros stand for those that cannot be read.
     *
     * @param read is told how many bytes were read just now, and takes its time
     * @return which cannot be read, in their order
     */
    static List<Unreadable> whole(File file, RandomAccessFile in, byte[] into, int length, IntConsumer read) {
        List<Unreadable> unreadable = new ArrayList<>();
        int refused = 0;
        for (int at = 0; at < length; at += PIECE) {
            int end = Math.min(length, at + PIECE);
            int step = PIECE;
            for (int from = at; from < end; from += step) {
                String why = read(file, in, into, from, Math.min(end, from + step));
                if (why != null && step == PIECE && refused < SECTORS_MAX) {
                    step = SECTOR;
                    from -= step;
                } else if (why != null) {
                    refused++;
                    add(unreadable, from, Math.min(end, from + step), why);
                }
            }
            read.accept(end - at);
        }
        return unreadable;
    }

    /** @return why it could not be read; {@code null} where it was */
    private static String read(File file, RandomAccessFile in, byte[] into, int from, int to) {
        try {
            at(file, in, from, into, from, to - from);
            return null;
        } catch (IOException e) {
            Arrays.fill(into, from, to, (byte) 0);
            return String.valueOf(e.getMessage());
        }
    }

    private static void add(List<Unreadable> unreadable, long from, long to, String why) {
        Unreadable last = unreadable.isEmpty() ? null : unreadable.get(unreadable.size() - 1);
        if (last != null && last.to() == from && last.why().equals(why)) {
            unreadable.set(unreadable.size() - 1, new Unreadable(last.from(), to, why));
        } else {
            unreadable.add(new Unreadable(from, to, why));
        }
    }

    /**
     * A small file, of at most so many bytes.
     *
     * @throws DamagedLogException it cannot be read
     */
    static byte[] small(Path path, int bytesMax) throws IOException {
        try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r")) {
            byte[] bytes = new byte[(int) Math.min(in.length(), bytesMax)];
            List<Unreadable> unreadable = whole(path.toFile(), in, bytes, bytes.length, read -> {});
            if (!unreadable.isEmpty()) {
                throw DamagedLogException.of(path, unreadable.get(0).toString());
            }
            return bytes;
        }
    }
}
