package io.synod.engine.snapshot;

import io.synod.group.Members;
import io.synod.replica.Snapshots.Header;
import io.synod.replica.Snapshots.Outgoing;
import java.io.IOException;
import java.security.MessageDigest;
import org.h2.mvstore.MVStore;

/**
 * Snapshots of an open H2 file, for other members. None of them costs space or time to copy: the bytes of a checkpoint stay
 * in the file as they are (but for its header, which is kept) until space is reclaimed, and that waits for its readers. The
 * last one is given again as long as it is recent enough. Thread-safe.
 */
final class StoreSnapshots {
    private static final int PIECE = 1 << 20;

    private final MVStore store;
    private int readers;
    private Checkpoint.Image image;
    private Header header;
    private byte[] trailer;

    StoreSnapshots(MVStore store) {
        this.store = store;
    }

    /** The snapshot that was made last, if it covers the index; {@code null} otherwise. */
    synchronized Outgoing reuse(long atLeast) {
        return header != null && header.index() >= atLeast ? open() : null;
    }

    /**
     * Makes a snapshot of a checkpoint.
     *
     * @param members in force where the log has told of none
     */
    Outgoing make(Checkpoint.Image checkpoint, Members members) throws IOException {
        synchronized (this) {
            readers++; // the bytes stay
        }
        try {
            MessageDigest sha = SnapshotTrailer.sha256();
            sha.update(checkpoint.header());
            FileSum sum = new FileSum();
            sum.extend(checkpoint.length(), (offset, length) -> {
                byte[] piece = Checkpoint.read(store, offset, length);
                sha.update(piece);
                return piece;
            });
            if (sum.value() != checkpoint.sum()) {
                // Or the other member would take it for what this one has written.
                throw new DamagedStoreException("the database file" + FileSum.differs(sum.value(), checkpoint.sum()));
            }
            FaultPoint.reach(FaultPoint.MADE);
            Checkpoint.Position at = checkpoint.position();
            SnapshotTrailer end = new SnapshotTrailer(checkpoint.length(), at.index(), at.epoch(), sha.digest());
            synchronized (this) {
                image = checkpoint;
                trailer = end.encode();
                header = new Header(
                        SnapshotTrailer.VERSION,
                        end.id(),
                        at.index(),
                        at.epoch(),
                        at.members() == null ? members : at.members(),
                        checkpoint.length() + trailer.length);
                return open();
            }
        } finally {
            release();
        }
    }

    /** It did not arrive as it was made: the next one is read, and compared, again. */
    private synchronized void doubt(Header refused) {
        if (header != null && header.id() == refused.id()) {
            header = null;
        }
    }

    private Outgoing open() {
        readers++;
        return new Reader(image, header, trailer);
    }

    private synchronized void release() {
        readers--;
    }

    /**
     * Before the file's bytes are moved: forgets the last one.
     *
     * @return false: somebody reads a snapshot, the bytes must stay
     */
    synchronized boolean forget() {
        if (readers > 0) {
            return false;
        }
        header = null;
        image = null;
        trailer = null;
        return true;
    }

    private final class Reader implements Outgoing {
        private final Checkpoint.Image image;
        private final Header header;
        private final byte[] trailer;
        private boolean closed;

        Reader(Checkpoint.Image image, Header header, byte[] trailer) {
            this.image = image;
            this.header = header;
            this.trailer = trailer;
        }

        @Override
        public Header header() {
            return header;
        }

        @Override
        public int read(long offset, byte[] buffer) throws IOException {
            int filled = 0;
            while (filled < buffer.length && offset + filled < header.length()) {
                filled += piece(offset + filled, buffer, filled);
            }
            return filled;
        }

        /** From one of the three parts. */
        private int piece(long offset, byte[] into, int at) throws IOException {
            byte[] from;
            int start;
            if (offset < Checkpoint.HEADER) {
                from = image.header();
                start = (int) offset;
            } else if (offset >= image.length()) {
                from = trailer;
                start = (int) (offset - image.length());
            } else {
                int length = (int) Math.min(Math.min(PIECE, into.length - at), image.length() - offset);
                from = read(offset, length);
                start = 0;
            }
            int length = Math.min(into.length - at, from.length - start);
            System.arraycopy(from, start, into, at, length);
            return length;
        }

        private byte[] read(long offset, int length) throws IOException {
            try {
                return Checkpoint.read(store, offset, length);
            } catch (DamagedStoreException e) {
                // Whoever makes the next one finds that, and has it repaired.
                doubt(header);
                throw e;
            }
        }

        @Override
        public void refused() {
            doubt(header);
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                release();
            }
        }
    }
}
