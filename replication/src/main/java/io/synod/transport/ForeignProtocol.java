package io.synod.transport;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;

/** Takes over connections to the peer port that do not speak Synod's peer protocol, such as SQL clients. */
@FunctionalInterface
public interface ForeignProtocol {
    /**
     * Called on a thread made for this connection, which may be kept for as long as the connection lives. The socket is
     * closed when this returns or throws, unless the handler has given it to another thread and returned true.
     *
     * @param in the socket's input, with the bytes that were already read put back in front
     * @return whether the socket was handed on and must stay open
     */
    boolean serve(Socket socket, InputStream in) throws IOException;
}
