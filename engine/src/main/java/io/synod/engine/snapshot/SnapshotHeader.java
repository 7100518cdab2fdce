package io.synod.engine.snapshot;

import io.synod.group.Members;
import io.synod.replica.Snapshots.Header;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/** The bytes of a {@link Header}, in the files that keep one. */
record SnapshotHeader(Header header) {
    byte[] encode() {
        byte[] members = header.members().encode();
        ByteBuffer out = ByteBuffer.allocate(4 + 8 * 4 + 4 + members.length);
        out.putInt(header.version())
                .putLong(header.id())
                .putLong(header.index())
                .putLong(header.epoch())
                .putLong(header.length())
                .putInt(members.length)
                .put(members);
        return out.array();
    }

    /** @throws IllegalArgumentException for what was not written by {@link #encode} */
    static SnapshotHeader read(ByteBuffer in) {
        try {
            int version = in.getInt();
            long id = in.getLong();
            long index = in.getLong();
            long epoch = in.getLong();
            long length = in.getLong();
            int size = in.getInt();
            if (size < 0 || size > in.remaining()) {
                throw new IllegalArgumentException("members of " + size + " bytes in " + in.remaining());
            }
            byte[] members = new byte[size];
            in.get(members);
            return new SnapshotHeader(new Header(version, id, index, epoch, Members.decode(members), length));
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("a snapshot's header is cut short", e);
        }
    }
}
