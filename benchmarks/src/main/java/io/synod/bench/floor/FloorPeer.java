package io.synod.bench.floor;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A follower as its leader sees it: a process and a connection. One thread. */
final class FloorPeer implements Closeable {
    private final Process process;
    private final SocketChannel channel;
    private final ByteBuffer acks = ByteBuffer.allocateDirect(1 << 12);
    private long acknowledged = -1;

    FloorPeer(Path file, Selector selector) throws IOException {
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        FloorFollower.class.getName(),
                        file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader out = process.inputReader(StandardCharsets.US_ASCII);
        String port = out.readLine();
        if (port == null) {
            throw new IOException("the floor's follower ended with " + process.exitValue());
        }
        channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port)));
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ);
    }

    void send(ByteBuffer frame) throws IOException {
        while (frame.hasRemaining()) {
            channel.write(frame);
        }
    }

    /** The last batch that it acknowledged, after a look at what has arrived. */
    long acknowledged() throws IOException {
        acks.clear();
        int read = channel.read(acks);
        if (read < 0) {
            throw new EOFException("the floor's follower is gone");
        }
        // Acknowledgements are eight bytes, each written at once; over loopback they arrive whole.
        for (int at = 0; at + Long.BYTES <= read; at += Long.BYTES) {
            acknowledged = acks.getLong(at);
        }
        return acknowledged;
    }

    @Override
    public void close() throws IOException {
        channel.close();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
