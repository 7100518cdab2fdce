package io.synod.engine.snapshot;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import org.h2.engine.Constants;
import org.h2.store.fs.FileBase;

/**
 * A file channel that no interrupt closes: it reads and writes through {@link RandomAccessFile}s, which do not look at
 * interrupts. Thread-safe; reads of different threads go through different handles and so rarely wait for each other.
 */
final class UninterruptibleFile extends FileBase {
    private static final int READERS = 4;

    private final String path;
    private final RandomAccessFile writer;
    private final RandomAccessFile[] readers = new RandomAccessFile[READERS];
    /** Whether it is a store, whose chunks are to be known as Synod's. */
    private final boolean stamps;

    private long position;
    private volatile IOException notForced;

    /** @param mode as {@link RandomAccessFile} knows it; the file is created in mode {@code rw} */
    UninterruptibleFile(String path, String mode) throws IOException {
        this.path = path;
        stamps = path.endsWith(Constants.SUFFIX_MV_FILE);
        writer = new RandomAccessFile(path, mode);
        try {
            for (int i = 0; i < READERS; i++) {
                readers[i] = new RandomAccessFile(path, "r");
            }
        } catch (IOException e) {
            implCloseChannel();
            throw e;
        }
    }

    private void checkOpen() throws IOException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
    }

    /**
     * Where a force has failed, the system may take what it could not write for written: the next force would say that it is on
     * disk. So there is no next one, and at the next write H2 gives up.
     */
    private void checkForced() throws IOException {
        IOException failed = notForced;
        if (failed != null) {
            throw new IOException(failed.getMessage(), failed);
        }
    }

    @Override
    public synchronized int read(ByteBuffer into) throws IOException {
        int read = read(into, position);
        position += Math.max(read, 0);
        return read;
    }

    @Override
    public int read(ByteBuffer into, long from) throws IOException {
        checkOpen();
        byte[] bytes = into.hasArray() ? into.array() : new byte[into.remaining()];
        int offset = into.hasArray() ? into.arrayOffset() + into.position() : 0;
        RandomAccessFile reader = readers[(int) (Thread.currentThread().getId() & (READERS - 1))];
        int read;
        FaultyDisk.reads(from, from + into.remaining());
        synchronized (reader) {
            reader.seek(from);
            read = reader.read(bytes, offset, into.remaining());
        }
        if (read > 0) {
            if (into.hasArray()) {
                into.position(into.position() + read);
            } else {
                into.put(bytes, 0, read);
            }
        }
        return read;
    }

    @Override
    public synchronized int write(ByteBuffer from) throws IOException {
        int written = write(from, position);
        position += written;
        return written;
    }

    @Override
    public int write(ByteBuffer from, long to) throws IOException {
        checkOpen();
        checkForced();
        int length = from.remaining();
        byte[] bytes;
        int offset = 0;
        if (from.hasArray()) {
            bytes = from.array();
            offset = from.arrayOffset() + from.position();
            from.position(from.limit());
        } else {
            bytes = new byte[length];
            from.get(bytes);
        }
        if (stamps) {
            ChunkStamps.stamp(bytes, offset, length, to);
        }
        try {
            FaultyDisk.writes(path);
            synchronized (writer) {
                writer.seek(to);
                writer.write(bytes, offset, length);
            }
        } catch (IOException e) {
            throw DiskFullException.orElse(e, path, length);
        }
        return length;
    }

    @Override
    public synchronized long position() {
        return position;
    }

    @Override
    public synchronized FileChannel position(long newPosition) {
        position = newPosition;
        return this;
    }

    @Override
    public long size() throws IOException {
        checkOpen();
        return writer.length();
    }

    @Override
    public synchronized FileChannel truncate(long size) throws IOException {
        checkOpen();
        synchronized (writer) {
            if (size < writer.length()) {
                writer.setLength(size);
            }
        }
        position = Math.min(position, size);
        return this;
    }

    @Override
    public void force(boolean metaData) throws IOException {
        checkOpen();
        checkForced();
        try {
            FaultyDisk.forces(path);
            writer.getFD().sync();
        } catch (IOException e) {
            notForced = new IOException(path + " could not be forced to disk, restart this node: " + e.getMessage(), e);
            if (stamps) {
                FailedForces.note(Path.of(path), notForced);
            }
            throw e;
        }
    }

    @Override
    public FileLock tryLock(long from, long size, boolean shared) throws IOException {
        return writer.getChannel().tryLock(from, size, shared);
    }

    @Override
    protected void implCloseChannel() throws IOException {
        for (RandomAccessFile reader : readers) {
            if (reader != null) {
                reader.close();
            }
        }
        writer.close();
    }

    /** In H2's messages. */
    @Override
    public String toString() {
        return path;
    }
}
