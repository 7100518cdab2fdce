package io.synod.engine.server;

import io.synod.jdbc.ReplyHead;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.function.Supplier;

/**
 * Puts a {@link ReplyHead} in front of each answer, once it is told to. An answer ends with a flush, also
 * where a client has sent several requests in one write. Used by its connection's thread.
 */
final class HeadedOutput extends FilterOutputStream {
    private Supplier<ReplyHead> heads;
    private boolean begins = true;

    HeadedOutput(OutputStream out) {
        super(out);
    }

    /** From the next answer on. */
    void begin(Supplier<ReplyHead> source) {
        heads = source;
    }

    @Override
    public void write(int b) throws IOException {
        head();
        out.write(b);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        head();
        out.write(bytes, offset, length);
    }

    private void head() throws IOException {
        if (begins && heads != null) {
            begins = false;
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(32);
            heads.get().write(new DataOutputStream(bytes));
            bytes.writeTo(out);
        }
    }

    @Override
    public void flush() throws IOException {
        begins = true;
        super.flush();
    }
}
