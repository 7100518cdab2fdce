package io.synod.transport;

import io.synod.group.Invariant;
import java.util.zip.CRC32C;

/**
 * The frame around everything that peers send each other:
 *
 * <pre>
 * magic:4  version:1  type:1  parts:2  length:4  crc:4  consumed:8  body:length
 * </pre>
 *
 * The CRC32C covers header (its own field as zero) and body. {@code consumed} tells the peer how many bytes of this
 * connection its frames have taken off the window.
 *
 * <p>A hello and a refusal have version 1 for ever: they are read before either side knows what the other one speaks, and what a later release
 * has to say more stands behind it in their bodies.
 */
final class FrameCodec {
    static final int MAGIC = 0x53594E44; // "SYND"
    static final byte VERSION = 1;
    static final int HEADER_BYTES = 24;
    static final int MAX_PARTS = 0xFFFF;

    static final byte MESSAGES = 0;
    static final byte HELLO = 1;
    static final byte REFUSED = 2;

    /** An entry is bounded by what one transaction may write; nothing else comes near. */
    static final int MAX_BODY_BYTES = 256 << 20;

    /** Before the handshake nobody may make us allocate more. */
    static final int MAX_HANDSHAKE_BYTES = 16 << 10;

    private static final int CRC_AT = 12;

    private final CRC32C crc = new CRC32C();
    /** Of the open frame. */
    private int start;

    /** Opens a frame behind what stands in {@code out}. */
    void begin(WireOutput out, byte type, int parts, long consumed) {
        Invariant.that(parts >= 0 && parts <= MAX_PARTS, "%d parts in a frame, limit %d", parts, MAX_PARTS);
        start = out.length();
        out.putInt(MAGIC);
        out.putByte(VERSION);
        out.putByte(type);
        out.putByte(parts >>> 8);
        out.putByte(parts);
        out.putInt(0);
        out.putInt(0);
        out.putLong(consumed);
    }

    /** Closes the frame: length and checksum. */
    void end(WireOutput out) {
        int length = out.length() - start;
        out.setInt(start + CRC_AT - 4, length - HEADER_BYTES);
        crc.reset();
        crc.update(out.array(), start, length);
        out.setInt(start + CRC_AT, (int) crc.getValue());
    }

    /**
     * The length of the frame whose header stands here, header included.
     */
    static int frameLength(byte[] bytes, int at, int maxBodyBytes) throws MalformedFrameException {
        int magic = WireInput.intAt(bytes, at);
        if (magic != MAGIC) {
            throw new MalformedFrameException(String.format("magic %08x, expected %08x", magic, MAGIC));
        }
        byte version = bytes[at + 4];
        if (version != VERSION) {
            throw new MalformedFrameException(
                    "frame version " + version + ", this node speaks version " + VERSION + ": upgrade the older one");
        }
        int length = WireInput.intAt(bytes, at + 8);
        if (length < 0 || length > maxBodyBytes) {
            throw new MalformedFrameException("frame length " + length + ", limit " + maxBodyBytes);
        }
        return HEADER_BYTES + length;
    }

    /** Checks the checksum of a whole frame. The array's CRC field is cleared. */
    void check(byte[] bytes, int at, int length) throws MalformedFrameException {
        int stated = WireInput.intAt(bytes, at + CRC_AT);
        for (int i = 0; i < 4; i++) {
            bytes[at + CRC_AT + i] = 0;
        }
        crc.reset();
        crc.update(bytes, at, length);
        if ((int) crc.getValue() != stated) {
            throw new MalformedFrameException(
                    String.format("checksum %08x, computed %08x", stated, (int) crc.getValue()));
        }
    }
}
