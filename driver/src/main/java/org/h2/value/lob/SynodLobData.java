package org.h2.value.lob;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Supplier;
import org.h2.message.DbException;
import org.h2.value.ValueLob;

/**
 * A LOB whose content is somewhere else and is read in another way than H2 would: its kinds are closed to other packages.
 *
 * <p><b>Failure.</b> What the reading ended with is told as it is, also where H2 would make an I/O error of it: when the stream is
 * opened, because its beginning is read then, and where H2 reads the whole. Later a stream ends with an I/O error that has it as
 * its cause, and so does a part that is asked of a {@link java.sql.Blob} or {@link java.sql.Clob}.
 */
public final class SynodLobData extends LobData {
    private final Supplier<InputStream> content;
    /** What the last stream ended with; {@code null} for nothing. */
    private volatile DbException failure;

    /**
     * @param content a new stream from the beginning, each time; an {@link IOException} of it whose cause is a {@link DbException}
     *     stands for that one
     */
    public SynodLobData(Supplier<InputStream> content) {
        this.content = content;
    }

    @Override
    public InputStream getInputStream(long precision) {
        failure = null;
        InputStream in = new BufferedInputStream(new Content(content.get()));
        in.mark(1);
        try {
            in.read();
            in.reset();
        } catch (IOException e) {
            throw DbException.convertIOException(e, null);
        }
        return in;
    }

    /**
     * Where H2 reads the whole it makes an I/O error of any other, and names the value in it: that is asked for here, and is the
     * only moment at which something else can be thrown instead.
     */
    @Override
    public String toString() {
        DbException e = failure;
        if (e != null && isForErrorOfWhole()) {
            throw e;
        }
        return super.toString();
    }

    private static boolean isForErrorOfWhole() {
        return StackWalker.getInstance()
                .walk(frames -> frames.anyMatch(frame -> frame.getClassName().equals(ValueLob.class.getName())
                        && frame.getMethodName().startsWith("read")));
    }

    private final class Content extends FilterInputStream {
        private Content(InputStream there) {
            super(there);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 255;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            try {
                return super.read(buffer, offset, length);
            } catch (IOException e) {
                failure = e.getCause() instanceof DbException error ? error : null;
                throw e;
            }
        }
    }
}
