package io.synod.transport;

import java.io.FilterInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The input of an accepted connection, which has to bring its whole handshake within one time: a time-out for each read alone could be
 * drawn out with a byte now and then, and every place among the unknown be kept. Confined to the thread that reads the connection.
 */
final class HandshakeInput extends FilterInputStream {
    private final Socket socket;
    private final LongSupplier nanoClock;
    private final long deadlineNanos;
    private boolean welcome;

    HandshakeInput(Socket socket, long millis, LongSupplier nanoClock) throws IOException {
        super(socket.getInputStream());
        this.socket = socket;
        this.nanoClock = nanoClock;
        this.deadlineNanos = nanoClock.getAsLong() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /** From now on the socket's own time-out counts. */
    void welcome() {
        welcome = true;
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
        if (!welcome) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - nanoClock.getAsLong());
            if (left <= 0) {
                throw new SocketTimeoutException("the handshake did not come in time");
            }
            socket.setSoTimeout((int) left);
        }
    }
}
