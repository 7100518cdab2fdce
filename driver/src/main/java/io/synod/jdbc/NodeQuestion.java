package io.synod.jdbc;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.h2.engine.Constants;
import org.h2.engine.SessionRemote;

/**
 * A question to a node outside of any session. In H2's protocol it is the one for the key of a database file, with a key that no file
 * has; a stock server answers it as well, with something else.
 */
public final class NodeQuestion {
    /** Reads what a node says. */
    @FunctionalInterface
    public interface Answer<T> {
        T read(DataInputStream in) throws IOException;
    }

    private NodeQuestion() {}

    /**
     * @param endpoint {@code HOST:PORT}
     * @param key the question; its beginning says which one it is
     * @param timeoutMillis for connecting, and once more for each piece of the answer
     * @throws IOException no answer, or not one that can be read
     */
    public static <T> T ask(String endpoint, String key, int timeoutMillis, Answer<T> answer) throws IOException {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(timeoutMillis);
            socket.connect(new InetSocketAddress(HostPort.host(endpoint), HostPort.port(endpoint)), timeoutMillis);
            // In one piece: else it waits for acknowledgements in between, and half of one is no question.
            DataOutputStream out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
            out.writeInt(Constants.TCP_PROTOCOL_VERSION_MIN_SUPPORTED);
            out.writeInt(Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED);
            out.writeInt(-1);
            out.writeInt(-1);
            out.writeInt(key.length());
            out.writeChars(key);
            out.writeInt(SessionRemote.SESSION_CHECK_KEY);
            out.flush();
            return answer.read(new DataInputStream(socket.getInputStream()));
        }
    }
}
