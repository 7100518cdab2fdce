package io.synod.jdbc;

import java.io.DataInputStream;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * Takes the {@link ReplyHead} off each answer before H2's code reads it. An answer begins with what is read after a flush. A
 * stock server sends none.
 *
 * <p>Used by the thread that holds the session's lock; {@link #latest} by anybody.
 */
final class ReplyHeads {
    private final In in;
    private volatile ReplyHead latest;
    private boolean begins;

    ReplyHeads(InputStream in) {
        this.in = new In(in);
    }

    /** @return {@code null} where the node has sent none */
    ReplyHead latest() {
        return latest;
    }

    InputStream in() {
        return in;
    }

    OutputStream out(OutputStream out) {
        return new Out(out);
    }

    private final class In extends FilterInputStream {
        private int pushedBack = -1;

        In(InputStream in) {
            super(in);
        }

        private void takeHead() throws IOException {
            begins = false;
            int first = super.read();
            if (first == ReplyHead.MAGIC) {
                latest = ReplyHead.read(new DataInputStream(in));
            } else {
                pushedBack = first;
            }
        }

        @Override
        public int read() throws IOException {
            if (begins) {
                takeHead();
            }
            if (pushedBack >= 0) {
                int first = pushedBack;
                pushedBack = -1;
                return first;
            }
            return super.read();
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (begins || pushedBack >= 0) {
                if (length == 0) {
                    return 0;
                }
                int first = read();
                if (first < 0) {
                    return -1;
                }
                bytes[offset] = (byte) first;
                return 1;
            }
            return super.read(bytes, offset, length);
        }
    }

    private final class Out extends FilterOutputStream {
        Out(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
        }

        @Override
        public void flush() throws IOException {
            begins = true;
            super.flush();
        }
    }
}
