package io.synod.engine.server;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.concurrent.TimeUnit;

/**
 * A client's input that has to bring the whole greeting within one time: a time-out for each read alone could be drawn out with a byte
 * now and then. Used by the connection's thread.
 */
final class HelloInput extends FilterInputStream {
    private final Socket socket;
    private final long deadlineNanos;
    private boolean greeted;

    HelloInput(Socket socket, InputStream in, long millis) {
        super(in);
        this.socket = socket;
        this.deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /** From now on the client may be silent for as long as it likes. */
    void greeted() throws IOException {
        greeted = true;
        socket.setSoTimeout(0);
    }

    @Override
    public int read() throws IOException {
        limit();
        return in.read();
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        limit();
        return in.read(into, offset, length);
    }

    private void limit() throws IOException {
        if (!greeted) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
            if (left <= 0) {
                throw new SocketTimeoutException("its greeting did not come in time");
            }
            socket.setSoTimeout((int) left);
        }
    }
}
