package io.synod.transport;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Takes frames from a stream, as many as one read brings. Confined to the thread that reads the connection. */
final class FrameReader {
    private static final int BUFFER_BYTES = 128 << 10;

    private final InputStream in;
    private final FrameCodec codec = new FrameCodec();
    private byte[] buffer = new byte[BUFFER_BYTES];
    private int start;
    private int end;

    /** @param first bytes that were already taken off the stream */
    FrameReader(InputStream in, byte[] first) {
        this.in = in;
        System.arraycopy(first, 0, buffer, 0, first.length);
        end = first.length;
    }

    /**
     * @throws EOFException at the end of the stream
     * @throws MalformedFrameException for whatever is not a frame of ours
     */
    Frame next(int maxBodyBytes) throws IOException {
        fill(FrameCodec.HEADER_BYTES);
        int length = FrameCodec.frameLength(buffer, start, maxBodyBytes);
        fill(length);
        int at = start;
        codec.check(buffer, at, length);
        start += length;
        WireInput header = new WireInput(buffer, at, FrameCodec.HEADER_BYTES);
        header.getInt();
        header.getByte();
        byte type = header.getByte();
        int parts = (header.getByte() & 0xFF) << 8 | header.getByte() & 0xFF;
        header.getLong();
        long consumed = header.getLong();
        WireInput body = new WireInput(buffer, at + FrameCodec.HEADER_BYTES, length - FrameCodec.HEADER_BYTES);
        return new Frame(type, parts, consumed, length, body, wholeFrameBuffered());
    }

    private boolean wholeFrameBuffered() {
        int available = end - start;
        return available >= FrameCodec.HEADER_BYTES
                && WireInput.intAt(buffer, start + 8) <= available - FrameCodec.HEADER_BYTES;
    }

    private void fill(int needed) throws IOException {
        if (end - start >= needed) {
            return;
        }
        if (start == end && needed <= BUFFER_BYTES && buffer.length > BUFFER_BYTES) {
            buffer = new byte[BUFFER_BYTES];
            start = 0;
            end = 0;
        } else if (start > 0) {
            System.arraycopy(buffer, start, buffer, 0, end - start);
            end -= start;
            start = 0;
        }
        while (end < needed) {
            if (end == buffer.length) {
                // Doubled and not sized by the header at once: a peer has to send what it makes us allocate.
                buffer =
                        Arrays.copyOf(buffer, (int) Math.min((long) buffer.length * 2, Math.max(needed, BUFFER_BYTES)));
            }
            int read = in.read(buffer, end, buffer.length - end);
            if (read < 0) {
                throw new EOFException(end == 0 ? "closed by the peer" : "closed by the peer within a frame");
            }
            end += read;
        }
    }
}
