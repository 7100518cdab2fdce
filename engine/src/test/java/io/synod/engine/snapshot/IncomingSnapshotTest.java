package io.synod.engine.snapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.group.Members;
import io.synod.replica.Snapshots.Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a snapshot on its way in is forced, and what a crash leaves of it. */
class IncomingSnapshotTest {
    private static final int CHUNK = 32 << 10;
    private static final int PIECE = 1 << 20;
    /** Four pieces, the last one not full. */
    private static final int LENGTH = 3 * PIECE + 5 * CHUNK + 100;

    private static final Header HEADER =
            new Header(SnapshotTrailer.VERSION, 17, 100, 1, new Members(List.of()), LENGTH);

    @TempDir
    Path directory;

    private final byte[] bytes = new byte[LENGTH];
    private Disk disk;
    private long unreadableFrom = Long.MAX_VALUE;

    IncomingSnapshotTest() {
        new Random(1).nextBytes(bytes);
    }

    private IncomingSnapshot open() throws IOException {
        DatabaseFiles files = new DatabaseFiles(directory.resolve("shop"));
        disk = new Disk(FileChannel.open(
                files.incoming(), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE));
        disk.unreadableFrom = unreadableFrom;
        return IncomingSnapshot.open(
                files,
                HEADER,
                (header, length) -> {
                    throw new IOException("not in this test");
                },
                disk);
    }

    private void send(IncomingSnapshot to, long upTo) throws IOException {
        while (to.received() < upTo) {
            int from = (int) to.received();
            byte[] chunk = new byte[Math.min(CHUNK, LENGTH - from)];
            System.arraycopy(bytes, from, chunk, 0, chunk.length);
            to.write(chunk);
        }
    }

    @Test
    void is_forced_once_per_piece_and_at_its_end() throws Exception {
        try (IncomingSnapshot to = open()) {
            send(to, PIECE - CHUNK);
            assertEquals(0, disk.forces);
            send(to, PIECE);
            assertEquals(1, disk.forces);
            send(to, 3 * PIECE + 2 * CHUNK);
            assertEquals(3, disk.forces);
            send(to, LENGTH);
            assertEquals(4, disk.forces);
        }
        assertEquals(4, disk.forces);
    }

    @Test
    void crash_leaves_what_was_forced_and_claims_no_more() throws Exception {
        IncomingSnapshot dying = open();
        send(dying, 2 * PIECE + 7 * CHUNK);
        disk.crash();
        try (IncomingSnapshot to = open()) {
            assertEquals(2 * PIECE, to.received());
            send(to, LENGTH);
            disk.crash();
        }
        try (IncomingSnapshot to = open()) {
            assertEquals(LENGTH, to.received());
            ByteBuffer there = ByteBuffer.allocate(LENGTH);
            disk.read(there, 0);
            assertEquals(ByteBuffer.wrap(bytes), there.flip());
        }
    }

    @Test
    void close_keeps_what_was_received() throws Exception {
        try (IncomingSnapshot to = open()) {
            send(to, PIECE + 3 * CHUNK);
        }
        disk = null;
        try (IncomingSnapshot to = open()) {
            assertEquals(PIECE + 3 * CHUNK, to.received());
        }
    }

    /** The system forgets what it could not write: what it says later about the same bytes is not true. */
    @Test
    void what_could_not_be_forced_is_not_forced_again_but_sent_again() throws Exception {
        try (IncomingSnapshot to = open()) {
            send(to, PIECE);
            disk.fails = true;
            assertThrows(IOException.class, () -> send(to, 2 * PIECE));
            disk.fails = false;
        }
        assertEquals(2, disk.forces);
        try (IncomingSnapshot to = open()) {
            assertEquals(PIECE, to.received());
        }
    }

    /** Else it would be refused for ever, and this member never have a copy. */
    @Test
    void what_the_disk_does_not_give_any_more_is_sent_again() throws Exception {
        try (IncomingSnapshot to = open()) {
            send(to, 2 * PIECE);
        }
        unreadableFrom = PIECE + 100;
        try (IncomingSnapshot to = open()) {
            assertEquals(PIECE, to.received());
            send(to, LENGTH);
        }
        unreadableFrom = Long.MAX_VALUE;
        try (IncomingSnapshot to = open()) {
            assertEquals(LENGTH, to.received());
        }
    }

    /** A file of which a crash takes what was not forced. */
    private static final class Disk extends FileChannel {
        private final FileChannel file;
        private int forces;
        private boolean fails;
        private long unreadableFrom;
        private long forced;

        Disk(FileChannel file) throws IOException {
            this.file = file;
            forced = file.size();
        }

        void crash() throws IOException {
            file.truncate(forced);
            close();
        }

        @Override
        public void force(boolean metaData) throws IOException {
            forces++;
            if (fails) {
                throw new IOException("a broken disk in this test");
            }
            forced = file.size();
        }

        @Override
        public FileChannel truncate(long size) throws IOException {
            file.truncate(size);
            return this;
        }

        @Override
        public int read(ByteBuffer into) throws IOException {
            return file.read(into);
        }

        @Override
        public long read(ByteBuffer[] into, int offset, int length) throws IOException {
            return file.read(into, offset, length);
        }

        @Override
        public int read(ByteBuffer into, long position) throws IOException {
            if (position + into.remaining() > unreadableFrom) {
                throw new IOException("Input/output error");
            }
            return file.read(into, position);
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            return file.write(from);
        }

        @Override
        public long write(ByteBuffer[] from, int offset, int length) throws IOException {
            return file.write(from, offset, length);
        }

        @Override
        public int write(ByteBuffer from, long position) throws IOException {
            return file.write(from, position);
        }

        @Override
        public long position() throws IOException {
            return file.position();
        }

        @Override
        public FileChannel position(long to) throws IOException {
            file.position(to);
            return this;
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel to) throws IOException {
            return file.transferTo(position, count, to);
        }

        @Override
        public long transferFrom(ReadableByteChannel from, long position, long count) throws IOException {
            return file.transferFrom(from, position, count);
        }

        @Override
        public MappedByteBuffer map(MapMode mode, long position, long size) throws IOException {
            return file.map(mode, position, size);
        }

        @Override
        public FileLock lock(long position, long size, boolean shared) throws IOException {
            return file.lock(position, size, shared);
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) throws IOException {
            return file.tryLock(position, size, shared);
        }

        @Override
        protected void implCloseChannel() throws IOException {
            file.close();
        }
    }
}
