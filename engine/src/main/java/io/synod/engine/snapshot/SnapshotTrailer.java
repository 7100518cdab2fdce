package io.synod.engine.snapshot;

import io.synod.replica.Snapshots.Header;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * The end of a snapshot's bytes: first comes H2's file up to a checkpoint, then this, so that what was received becomes the
 * database's file by a rename. It names the place in the log and the checksum of everything before it; its own checksum is
 * the snapshot's id, by which the header, which travels apart, is tied to it.
 *
 * @param fileLength bytes of H2's file
 * @param digest SHA-256 of them
 */
record SnapshotTrailer(long fileLength, long index, long epoch, byte[] digest) {
    static final int VERSION = 1;
    static final int SIZE = 4 + 4 + 8 + 8 + 8 + 32;
    private static final int MAGIC = 0x53594e54; // SYNT

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    byte[] encode() {
        return ByteBuffer.allocate(SIZE)
                .putInt(MAGIC)
                .putInt(VERSION)
                .putLong(fileLength)
                .putLong(index)
                .putLong(epoch)
                .put(digest)
                .array();
    }

    long id() {
        return ByteBuffer.wrap(sha256().digest(encode())).getLong();
    }

    /** @throws IOException the bytes are not the trailer that the header tells of */
    static SnapshotTrailer decode(byte[] bytes, Header header) throws IOException {
        SnapshotTrailer trailer;
        try {
            ByteBuffer in = ByteBuffer.wrap(bytes);
            if (in.getInt() != MAGIC || in.getInt() != VERSION) {
                throw new IOException("a snapshot does not end as one of version " + VERSION + " does");
            }
            byte[] digest = new byte[32];
            long fileLength = in.getLong();
            long index = in.getLong();
            long epoch = in.getLong();
            in.get(digest);
            trailer = new SnapshotTrailer(fileLength, index, epoch, digest);
        } catch (BufferUnderflowException e) {
            throw new IOException("a snapshot's end is cut short", e);
        }
        if (trailer.id() != header.id()
                || trailer.index != header.index()
                || trailer.epoch != header.epoch()
                || trailer.fileLength + SIZE != header.length()) {
            throw new IOException("a snapshot ends as another than the one at index " + header.index() + " does");
        }
        return trailer;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SnapshotTrailer t && Arrays.equals(encode(), t.encode());
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(encode());
    }
}
