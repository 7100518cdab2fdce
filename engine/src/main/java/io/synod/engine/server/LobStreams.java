package io.synod.engine.server;

import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import org.h2.engine.Constants;
import org.h2.store.LobStorageInterface;

/** Open large objects of one connection: a client reads each in portions, mostly one after the other. */
final class LobStreams {
    private static final int OPEN_MAX = 16;

    /** Largest portion in bytes, whatever the client asks for. */
    private static final int PORTION_MAX = 16 * Constants.IO_BUFFER_SIZE;

    private static final class Position {
        private final InputStream in;
        private long offset;

        private Position(InputStream in) {
            this.in = in;
        }
    }

    private final Map<Long, Position> open = new LinkedHashMap<>(OPEN_MAX, 0.75f, true);

    byte[] read(LobStorageInterface storage, long lob, long offset, int length) throws IOException {
        Position position = open.get(lob);
        if (position == null || position.offset != offset) {
            forget(lob);
            position = new Position(storage.getInputStream(lob, -1));
            position.in.skipNBytes(offset);
            position.offset = offset;
            open.put(lob, position);
            if (open.size() > OPEN_MAX) {
                forget(open.keySet().iterator().next());
            }
        }
        byte[] portion = position.in.readNBytes(Math.min(length, PORTION_MAX));
        position.offset += portion.length;
        return portion;
    }

    void close() throws IOException {
        for (Long lob : open.keySet().toArray(new Long[0])) {
            forget(lob);
        }
    }

    private void forget(long lob) throws IOException {
        Position old = open.remove(lob);
        if (old != null) {
            old.in.close();
        }
    }
}
