package io.synod.bench.floor;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/**
 * The follower of the floor, a process of its own: the thread that reads writes all that has arrived, forces once, and
 * acknowledges the last batch. Frames are {@code int length, long batch, bytes}.
 */
final class FloorFollower {
    private static final int BUFFER = 1 << 20;
    private static final int HEADER = Integer.BYTES + Long.BYTES;

    private FloorFollower() {}

    /** @param args the file to force into; the port is printed on standard output */
    public static void main(String[] args) throws IOException {
        try (ForcedFile file = new ForcedFile(Path.of(args[0]));
                ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            System.out.println(((InetSocketAddress) server.getLocalAddress()).getPort());
            try (SocketChannel leader = server.accept()) {
                leader.setOption(StandardSocketOptions.TCP_NODELAY, true);
                follow(leader, file);
            }
        }
    }

    private static void follow(SocketChannel leader, ForcedFile file) throws IOException {
        ByteBuffer in = ByteBuffer.allocateDirect(BUFFER);
        ByteBuffer ack = ByteBuffer.allocateDirect(Long.BYTES);
        while (leader.read(in) >= 0) {
            in.flip();
            long last = -1;
            int end = 0;
            while (in.limit() - end >= HEADER && in.limit() - end >= HEADER + in.getInt(end)) {
                last = in.getLong(end + Integer.BYTES);
                end += HEADER + in.getInt(end);
            }
            if (last >= 0) {
                file.writeAndForce(in.slice(0, end));
                ack.clear().putLong(last).flip();
                while (ack.hasRemaining()) {
                    leader.write(ack);
                }
            }
            in.position(end).compact();
        }
    }
}
