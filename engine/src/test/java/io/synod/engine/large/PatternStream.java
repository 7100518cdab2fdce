package io.synod.engine.large;

import java.io.InputStream;
import java.util.zip.CRC32C;

/** So many bytes that look random and are the same each time, made while they are read. Printable ASCII, for CLOBs. */
final class PatternStream extends InputStream {
    private long left;
    private long state = 88172645463325252L;

    PatternStream(long bytes) {
        left = bytes;
    }

    @Override
    public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0];
    }

    @Override
    public int read(byte[] to, int offset, int length) {
        if (left == 0) {
            return -1;
        }
        int count = (int) Math.min(left, length);
        for (int i = 0; i < count; i++) {
            state ^= state << 13;
            state ^= state >>> 7;
            state ^= state << 17;
            to[offset + i] = (byte) (' ' + (state & 63));
        }
        left -= count;
        return count;
    }

    static long crc(InputStream in) throws java.io.IOException {
        CRC32C crc = new CRC32C();
        byte[] buffer = new byte[64 << 10];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            crc.update(buffer, 0, n);
        }
        return crc.getValue();
    }
}
