package io.synod.engine.snapshot;

import io.synod.replica.Snapshots.Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which bytes of a snapshot on its way in are on disk: the snapshot's header, then for each piece its length and checksum.
 * A record is written after its piece was forced, and need not be forced itself: one that is lost costs that piece only. At
 * a new start the pieces are read again and compared, up to the first that differs. One thread at a time.
 */
final class IncomingProgress implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(IncomingProgress.class);
    private static final int MAGIC = 0x53594e49; // SYNI
    private static final int VERSION = 1;
    private static final int RECORD = 4 + 4 + 4;
    private static final int PIECE_MAX = 64 << 20;

    private final FileChannel file;
    private long received;
    private long end;
    /** Of the piece that is being written: its length and checksum so far. */
    private int unforced;

    private final CRC32C crc = new CRC32C();

    private IncomingProgress(FileChannel file) {
        this.file = file;
    }

    /** Goes on where this very snapshot was left, or starts anew. */
    static IncomingProgress open(Path path, Header header, FileChannel data) throws IOException {
        FileChannel file =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        IncomingProgress progress = new IncomingProgress(file);
        try {
            byte[] start = start(header);
            if (progress.isFrom(start)) {
                progress.end = start.length;
                progress.resume(data);
            } else {
                file.truncate(0);
                progress.write(start, 0);
                progress.end = start.length;
            }
            file.truncate(progress.end);
            return progress;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static byte[] start(Header header) {
        byte[] encoded = new SnapshotHeader(header).encode();
        ByteBuffer out = ByteBuffer.allocate(4 + 4 + encoded.length + 4);
        out.putInt(MAGIC).putInt(VERSION).put(encoded);
        return out.putInt(crc(out.array(), out.position())).array();
    }

    private boolean isFrom(byte[] start) throws ClosedChannelException {
        try {
            return Arrays.equals(start, read(0, start.length));
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            LOG.warn("what was received of a snapshot is not known, and it is sent anew: {}", e.toString());
            return false;
        }
    }

    /** What the disk does not give is as what it gives otherwise than it was: it is sent again, and so are all that follow. */
    private void resume(FileChannel data) throws ClosedChannelException {
        try {
            resumeTo(data);
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            LOG.warn("a snapshot is sent again from byte {} on: {}", received, e.toString());
        }
    }

    private void resumeTo(FileChannel data) throws IOException {
        while (true) {
            byte[] record = read(end, RECORD);
            ByteBuffer in = ByteBuffer.wrap(record);
            if (record.length < RECORD || in.getInt(RECORD - 4) != crc(record, RECORD - 4)) {
                return;
            }
            int length = in.getInt();
            if (length < 0 || length > PIECE_MAX) {
                return;
            }
            byte[] piece = read(data, received, length);
            if (piece.length < length || crc(piece, length) != in.getInt()) {
                return;
            }
            received += length;
            end += RECORD;
        }
    }

    long received() {
        return received;
    }

    /** How many of the bytes received are not in a record yet. */
    int unforced() {
        return unforced;
    }

    /** The piece goes on with these bytes. */
    void written(byte[] bytes) {
        crc.update(bytes, 0, bytes.length);
        unforced += bytes.length;
        received += bytes.length;
    }

    /** The piece is on disk. */
    void forced() throws IOException {
        ByteBuffer out = ByteBuffer.allocate(RECORD);
        out.putInt(unforced).putInt((int) crc.getValue());
        write(out.putInt(crc(out.array(), RECORD - 4)).array(), end);
        end += RECORD;
        unforced = 0;
        crc.reset();
    }

    private byte[] read(long offset, int length) throws IOException {
        return read(file, offset, length);
    }

    /** Fewer bytes at the end of the file. */
    private static byte[] read(FileChannel file, long offset, int length) throws IOException {
        long there = Math.max(0, Math.min(length, file.size() - offset));
        ByteBuffer bytes = ByteBuffer.allocate((int) there);
        while (bytes.hasRemaining()) {
            if (file.read(bytes, offset + bytes.position()) < 0) {
                return Arrays.copyOf(bytes.array(), bytes.position());
            }
        }
        return bytes.array();
    }

    private void write(byte[] bytes, long offset) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(bytes);
        while (out.hasRemaining()) {
            file.write(out, offset + out.position());
        }
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
