package io.synod.bench.floor;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A preallocated file, written from the front to the end and from the front again, and forced. One thread. */
final class ForcedFile implements Closeable {
    private static final int BLOCK = 4_096;
    private static final long BYTES = 64L << 20;

    private final FileChannel channel;
    private long position;

    ForcedFile(Path path) throws IOException {
        channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        ByteBuffer zeros = ByteBuffer.allocateDirect(BLOCK);
        for (long at = 0; at < BYTES; at += BLOCK) {
            channel.write(zeros.clear(), at);
        }
        channel.force(true);
    }

    /** Writes all that remains in the buffer behind what was written last, and forces it. */
    void writeAndForce(ByteBuffer bytes) throws IOException {
        if (position + bytes.remaining() > BYTES) {
            position = 0;
        }
        while (bytes.hasRemaining()) {
            position += channel.write(bytes, position);
        }
        channel.force(false);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
