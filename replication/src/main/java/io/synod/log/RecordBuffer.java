package io.synod.log;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.openhft.chronicle.bytes.Bytes;

/** Reused memory outside of the heap, in the two shapes that are needed: to encode into, and for Chronicle to copy from. */
final class RecordBuffer {
    static {
        ChronicleRuntime.ready();
    }

    /** What a large batch needed beyond this is given back. */
    private static final int KEPT_BYTES = 4 << 20;

    private ByteBuffer buffer;
    private Bytes<ByteBuffer> view;

    RecordBuffer() {
        allocate(64 << 10);
    }

    /** Empty, with room for at least that many bytes. */
    ByteBuffer clear(int bytes) {
        if (bytes > buffer.capacity()) {
            allocate(Math.max(bytes, Math.min(KEPT_BYTES, 2 * buffer.capacity())));
        } else if (buffer.capacity() > KEPT_BYTES && bytes <= KEPT_BYTES) {
            allocate(KEPT_BYTES);
        }
        return buffer.clear();
    }

    Bytes<?> view(int from, int length) {
        return view.readPositionRemaining(from, length);
    }

    private void allocate(int bytes) {
        if (view != null) {
            view.releaseLast();
        }
        buffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
        view = Bytes.wrapForRead(buffer);
        // Appends move between threads under the caller's baton.
        view.singleThreadedCheckDisabled(true);
    }
}
