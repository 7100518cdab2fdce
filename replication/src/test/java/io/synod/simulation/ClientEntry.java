package io.synod.simulation;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What a client's transaction, or somebody who asks for its outcome, puts into the log.
 *
 * @param value unlike that of any other entry
 * @param intent what the client wants; each attempt at it has another number, and at most one may succeed
 * @param writes none in a fence
 */
record ClientEntry(long value, boolean fence, int session, long number, long intent, List<Write> writes) {
    /**
     * @param list to which the value is appended
     * @param account whose balance becomes this
     */
    record Write(int list, long value, int account, long balance) {
        private static final int BYTES = 24;
    }

    private static final int HEADER = 29;

    byte[] encode() {
        ByteBuffer out = ByteBuffer.allocate(HEADER + writes.size() * Write.BYTES);
        out.putLong(value)
                .put((byte) (fence ? 1 : 0))
                .putInt(session)
                .putLong(number)
                .putLong(intent);
        for (Write write : writes) {
            out.putInt(write.list).putLong(write.value).putInt(write.account).putLong(write.balance);
        }
        return out.array();
    }

    /** @return {@code null} for an entry that is no client's */
    static ClientEntry of(Entry entry) {
        if (entry.kind() != EntryKind.DATA || entry.payload().length < HEADER) {
            return null;
        }
        ByteBuffer in = ByteBuffer.wrap(entry.payload());
        long value = in.getLong();
        boolean fence = in.get() != 0;
        int session = in.getInt();
        long number = in.getLong();
        long intent = in.getLong();
        List<Write> writes = new ArrayList<>();
        while (in.hasRemaining()) {
            writes.add(new Write(in.getInt(), in.getLong(), in.getInt(), in.getLong()));
        }
        return new ClientEntry(value, fence, session, number, intent, writes);
    }
}
