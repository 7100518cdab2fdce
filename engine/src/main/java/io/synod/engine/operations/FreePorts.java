package io.synod.engine.operations;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Ports of the loopback address that nobody listens on. Thread-safe. */
public final class FreePorts {
    // Below the ports that systems give to outgoing connections: one of those could take a node's port while it is
    // down.
    private static final int FIRST = 20_000;
    private static final int LAST = 32_000;
    private static final int TRIES = 1_000;

    private FreePorts() {}

    /**
     * Different ones that are free now.
     *
     * @throws IOException there are not so many
     */
    public static List<Integer> take(int count) throws IOException {
        List<ServerSocket> held = new ArrayList<>();
        try {
            List<Integer> ports = new ArrayList<>();
            for (int tries = 0; ports.size() < count; tries++) {
                if (tries == TRIES) {
                    throw new IOException(
                            "no free port between " + FIRST + " and " + LAST + " on the loopback address was found");
                }
                int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
                ServerSocket socket = new ServerSocket();
                socket.setReuseAddress(true);
                try {
                    socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                    held.add(socket);
                    ports.add(port);
                } catch (IOException taken) {
                    socket.close();
                }
            }
            return ports;
        } finally {
            for (ServerSocket socket : held) {
                socket.close();
            }
        }
    }
}
