package io.synod.transport;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing byte array with big-endian writes, reused from frame to frame. Not thread-safe. */
final class WireOutput {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    /** A buffer that one huge frame blew up is given back afterwards. */
    private static final int KEPT_BYTES = 1 << 20;

    private byte[] bytes;
    private int length;

    WireOutput(int capacity) {
        bytes = new byte[capacity];
    }

    void reset() {
        if (bytes.length > KEPT_BYTES) {
            bytes = new byte[KEPT_BYTES];
        }
        length = 0;
    }

    byte[] array() {
        return bytes;
    }

    int length() {
        return length;
    }

    void putByte(int value) {
        reserve(1);
        bytes[length++] = (byte) value;
    }

    void putBoolean(boolean value) {
        putByte(value ? 1 : 0);
    }

    void putInt(int value) {
        reserve(4);
        INT.set(bytes, length, value);
        length += 4;
    }

    void putLong(long value) {
        reserve(8);
        LONG.set(bytes, length, value);
        length += 8;
    }

    void putBytes(byte[] value) {
        putInt(value.length);
        reserve(value.length);
        System.arraycopy(value, 0, bytes, length, value.length);
        length += value.length;
    }

    void putText(String text) {
        putBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Overwrites four bytes that were written before. */
    void setInt(int at, int value) {
        INT.set(bytes, at, value);
    }

    private void reserve(int more) {
        int needed = Math.addExact(length, more);
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(needed, (int) Math.min(bytes.length * 2L, Integer.MAX_VALUE - 8)));
        }
    }
}
