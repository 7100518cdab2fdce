package io.synod.transport;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Big-endian reads from a part of an array; whatever does not fit is a {@link MalformedFrameException}. */
final class WireInput {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final byte[] bytes;
    private final int end;
    private int position;

    WireInput(byte[] bytes, int from, int length) {
        this.bytes = bytes;
        this.position = from;
        this.end = from + length;
    }

    static int intAt(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    int remaining() {
        return end - position;
    }

    byte getByte() throws MalformedFrameException {
        need(1);
        return bytes[position++];
    }

    boolean getBoolean() throws MalformedFrameException {
        byte value = getByte();
        if (value != 0 && value != 1) {
            throw new MalformedFrameException("boolean " + value + ", expected 0 or 1");
        }
        return value == 1;
    }

    int getInt() throws MalformedFrameException {
        need(4);
        int value = (int) INT.get(bytes, position);
        position += 4;
        return value;
    }

    long getLong() throws MalformedFrameException {
        need(8);
        long value = (long) LONG.get(bytes, position);
        position += 8;
        return value;
    }

    byte[] getBytes() throws MalformedFrameException {
        int length = getLength();
        byte[] value = Arrays.copyOfRange(bytes, position, position + length);
        position += length;
        return value;
    }

    String getText() throws MalformedFrameException {
        int length = getLength();
        String text = new String(bytes, position, length, StandardCharsets.UTF_8);
        position += length;
        return text;
    }

    /** The next {@code length} bytes as an input of their own; they are skipped here. */
    WireInput slice() throws MalformedFrameException {
        int length = getLength();
        WireInput slice = new WireInput(bytes, position, length);
        position += length;
        return slice;
    }

    /** A count of things of at least {@code minBytes} each, so that a wrong count cannot make us allocate. */
    int getCount(int minBytes) throws MalformedFrameException {
        int count = getInt();
        if (count < 0 || (long) count * minBytes > remaining()) {
            throw new MalformedFrameException("count " + count + " with " + remaining() + " bytes left");
        }
        return count;
    }

    private int getLength() throws MalformedFrameException {
        int length = getInt();
        need(length);
        return length;
    }

    private void need(int more) throws MalformedFrameException {
        if (more < 0 || more > end - position) {
            throw new MalformedFrameException("length " + more + " with " + (end - position) + " bytes left");
        }
    }
}
