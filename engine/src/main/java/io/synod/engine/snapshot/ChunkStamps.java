package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.h2.mvstore.DataUtils;

/**
 * Tells the chunks that Synod wrote into an H2 file from those of anybody else. H2 fills a chunk's header with spaces up to a
 * line feed; Synod makes the last of them a tab, which H2 does not look at. So a file that stock H2 has opened for writing
 * is known by its chunks, or by the mark of a clean shutdown, which Synod never leaves.
 */
final class ChunkStamps {
    static final int BLOCK = 4096;
    private static final int HEADER_MAX = 1024;
    private static final int FOOTER = 128;
    private static final byte[] START = "chunk:".getBytes(StandardCharsets.ISO_8859_1);
    private static final Pattern NAMES = Pattern.compile("chunk:([0-9a-f]+),len:([0-9a-f]+),.*");
    private static final Pattern FOOT =
            Pattern.compile("chunk:([0-9a-f]+),len:([0-9a-f]+),version:[0-9a-f]+,fletcher:.*");

    /** Is called for each chunk of a file. */
    private interface Visitor {
        void chunk(long position, byte[] header, int terminator) throws IOException;
    }

    private ChunkStamps() {}

    /** Stamps what is about to be written at a place in the file, if it is a chunk. */
    static void stamp(byte[] bytes, int offset, int length, long position) {
        if (position >= 2 * BLOCK && position % BLOCK == 0 && length >= BLOCK && startsChunk(bytes, offset)) {
            int end = terminator(bytes, offset, HEADER_MAX);
            if (end > offset && bytes[end - 1] == ' ') {
                bytes[end - 1] = '\t';
            }
        }
    }

    /** Stamps the chunks of a file that somebody else wrote, which becomes Synod's. */
    static void stampAll(FileChannel file) throws IOException {
        walk(file, file.size(), (position, header, end) -> {
            if (header[end - 1] == ' ') {
                write(file, (byte) '\t', position + end - 1);
            }
        });
    }

    private static void write(FileChannel file, byte value, long position) throws IOException {
        ByteBuffer one = ByteBuffer.wrap(new byte[] {value});
        while (one.hasRemaining()) {
            file.write(one, position);
        }
    }

    /** @return where the first chunk that Synod did not write begins, below a length; −1 for none */
    static long foreign(FileChannel file, long length) throws IOException {
        long[] found = {-1};
        walk(file, length, (position, header, end) -> {
            if (header[end - 1] != '\t' && found[0] < 0) {
                found[0] = position;
            }
        });
        return found[0];
    }

    /** Whether H2 has closed the file in good order. */
    static boolean isClosed(FileChannel file) throws IOException {
        for (int block = 0; block < 2; block++) {
            byte[] bytes = read(file, (long) block * BLOCK, BLOCK);
            if (new String(bytes, StandardCharsets.ISO_8859_1).contains(",clean:1")) {
                return true;
            }
        }
        return false;
    }

    /** Takes H2's mark of a clean shutdown out of the file's header. */
    static void unmarkClosed(FileChannel file) throws IOException {
        for (int block = 0; block < 2; block++) {
            byte[] bytes = read(file, (long) block * BLOCK, BLOCK);
            String text = new String(bytes, StandardCharsets.ISO_8859_1);
            int end = text.indexOf(",fletcher:");
            if (end > 0) {
                String plain = text.substring(0, end).replace(",clean:1", "");
                byte[] head = plain.getBytes(StandardCharsets.ISO_8859_1);
                String sum = Integer.toHexString(DataUtils.getFletcher32(head, 0, head.length));
                byte[] block4k = new byte[BLOCK];
                byte[] whole = (plain + ",fletcher:" + sum + "\n").getBytes(StandardCharsets.ISO_8859_1);
                System.arraycopy(whole, 0, block4k, 0, whole.length);
                ByteBuffer out = ByteBuffer.wrap(block4k);
                while (out.hasRemaining()) {
                    file.write(out, (long) block * BLOCK + out.position());
                }
            }
        }
    }

    private static void walk(FileChannel file, long length, Visitor visitor) throws IOException {
        for (long position = 2 * BLOCK; position < length; ) {
            byte[] header = read(file, position, HEADER_MAX);
            long size = header.length < HEADER_MAX ? 0 : chunkLength(file, position, header);
            if (size > 0) {
                visitor.chunk(position, header, terminator(header, 0, HEADER_MAX));
                position += size;
            } else {
                position += BLOCK; // what was left behind in free space, or a torn end
            }
        }
    }

    /** 0 when no whole chunk begins there. */
    private static long chunkLength(FileChannel file, long position, byte[] header) throws IOException {
        int end = startsChunk(header, 0) ? terminator(header, 0, HEADER_MAX) : -1;
        if (end < 1) {
            return 0;
        }
        Matcher names = NAMES.matcher(new String(header, 0, end, StandardCharsets.ISO_8859_1));
        if (!names.matches()) {
            return 0;
        }
        long length = Long.parseLong(names.group(2), 16) * BLOCK;
        byte[] footer = read(file, position + length - FOOTER, FOOTER);
        Matcher foot = FOOT.matcher(new String(footer, StandardCharsets.ISO_8859_1).trim());
        boolean whole = foot.matches()
                && foot.group(1).equals(names.group(1))
                && foot.group(2).equals(names.group(2));
        return whole ? length : 0;
    }

    private static boolean startsChunk(byte[] bytes, int offset) {
        for (int i = 0; i < START.length; i++) {
            if (offset + i >= bytes.length || bytes[offset + i] != START[i]) {
                return false;
            }
        }
        return true;
    }

    private static int terminator(byte[] bytes, int offset, int max) {
        for (int i = offset; i < offset + max && i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                return i;
            }
        }
        return -1;
    }

    /**
     * Fewer bytes at the end.
     *
     * @throws DamagedStoreException the disk does not give them
     */
    static byte[] read(FileChannel file, long position, int length) throws IOException {
        int there = (int) Math.max(0, Math.min(length, file.size() - position));
        if (position < 0 || there == 0) {
            return new byte[0];
        }
        ByteBuffer bytes = ByteBuffer.allocate(there);
        try {
            FaultyDisk.reads(position, position + there);
            while (bytes.hasRemaining()) {
                if (file.read(bytes, position + bytes.position()) < 0) {
                    return new byte[0];
                }
            }
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            throw new DamagedStoreException(
                    "the database file cannot be read at byte " + position + ": " + e.getMessage(), e);
        }
        return bytes.array();
    }
}
