package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The kernel's timers of this machine's TCP connections, where it shows them. */
final class KeepAlives {
    private static final List<Path> TABLES = List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));
    private static final String ESTABLISHED = "01";
    private static final String KEEP_ALIVE = "02";
    /** A second more than the five that an idle connection is left alone, in hundredths. */
    private static final int SOON = 600;

    private KeepAlives() {}

    /** Skips the test where the timer of a connection that has one is not shown. */
    static void assumeShown() throws IOException {
        assumeTrue(Files.isReadable(TABLES.get(0)), "this system has no " + TABLES.get(0));
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket socket = new Socket(listener.getInetAddress(), listener.getLocalPort())) {
            socket.setKeepAlive(true);
            assumeTrue(
                    count(listener.getLocalPort(), false, Integer.MAX_VALUE) > 0,
                    "this system does not show the keep-alive timers of its connections");
        }
    }

    /**
     * How many idle connections at a port are looked at within seconds.
     *
     * @param here whether by the end at the port, else by the other one
     */
    static int soon(int port, boolean here) throws IOException {
        return count(port, here, SOON);
    }

    private static int count(int port, boolean here, int ticks) throws IOException {
        String end = String.format(":%04X", port);
        int count = 0;
        for (Path table : TABLES) {
            if (!Files.isReadable(table)) {
                continue;
            }
            for (String line : Files.readAllLines(table)) {
                String[] fields = line.trim().split("\\s+");
                if (fields.length > 5 && fields[here ? 1 : 2].endsWith(end) && fields[3].equals(ESTABLISHED)) {
                    String[] timer = fields[5].split(":");
                    if (timer[0].equals(KEEP_ALIVE) && Long.parseLong(timer[1], 16) <= ticks) {
                        count++;
                    }
                }
            }
        }
        return count;
    }
}
