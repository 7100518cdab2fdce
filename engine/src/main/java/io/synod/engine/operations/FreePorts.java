package io.synod.engine.operations;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports of the loopback address for nodes of tests and demonstrations. A port stays with the process that took it until the
 * process ends, also while nobody listens on it: a node that is down finds its port free when it comes back. Thread-safe.
 */
public final class FreePorts {
    // Below the ports that systems give to outgoing connections: one of those could take a node's port while it is
    // down.
    private static final int FIRST = 20_000;
    private static final int BLOCKS = 120;
    private static final int BLOCK = 100;
    /** As many for one process, so that there are some for others; it begins again with the first of them. */
    private static final int OWN_BLOCKS = 10;
    /** Each port that one process may have, twice. */
    private static final int TRIES = 2 * OWN_BLOCKS * BLOCK;

    // A process owns the block whose first port it listens on: the system ends that with the process, however it ends.
    private static final List<ServerSocket> OWNED = new ArrayList<>();
    private static int next;
    private static int end;
    private static int turns;

    private FreePorts() {}

    /**
     * Different ones that are free now, and that no process took that runs.
     *
     * @throws IOException there are not so many
     */
    public static synchronized List<Integer> take(int count) throws IOException {
        List<Integer> ports = new ArrayList<>();
        int taken = 0;
        while (ports.size() < count) {
            if (taken == TRIES) {
                throw new IOException("no " + count + " ports are free: " + taken + " that were tried are in use");
            }
            if (next == end) {
                nextBlock();
            }
            int port = next++;
            try {
                listen(port).close();
                ports.add(port);
            } catch (IOException e) {
                // By a node that runs, or by a program that takes what it likes.
                taken++;
            }
        }
        return ports;
    }

    private static void nextBlock() throws IOException {
        if (OWNED.size() < OWN_BLOCKS) {
            ownBlock();
        }
        if (OWNED.isEmpty()) {
            throw new IOException("no " + BLOCK + " ports between " + FIRST + " and " + (FIRST + BLOCKS * BLOCK)
                    + " on the loopback address are free");
        }
        int block = OWNED.get(turns++ % OWNED.size()).getLocalPort();
        next = block + 1;
        end = block + BLOCK;
    }

    private static void ownBlock() {
        int start = ThreadLocalRandom.current().nextInt(BLOCKS);
        for (int tried = 0; tried < BLOCKS; tried++) {
            try {
                OWNED.add(listen(FIRST + (start + tried) % BLOCKS * BLOCK));
                return;
            } catch (IOException taken) {
                // Another process has it.
            }
        }
    }

    private static ServerSocket listen(int port) throws IOException {
        ServerSocket socket = new ServerSocket();
        try {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }
}
