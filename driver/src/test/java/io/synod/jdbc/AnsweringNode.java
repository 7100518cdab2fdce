package io.synod.jdbc;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;

/** Answers each question that is asked without a session with a number, and nothing else. */
final class AnsweringNode implements AutoCloseable {
    /** Keeps who asked waiting. */
    static final int NOTHING = -1;

    private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Set<Socket> waiting = ConcurrentHashMap.newKeySet();
    private final AtomicInteger asked = new AtomicInteger();

    /** @param answer to the question of this number, from 1 */
    AnsweringNode(IntUnaryOperator answer) throws IOException {
        Thread thread = new Thread(() -> run(answer), "answering-node");
        thread.setDaemon(true);
        thread.start();
    }

    private void run(IntUnaryOperator answer) {
        while (!socket.isClosed()) {
            try {
                Socket client = socket.accept();
                waiting.add(client);
                DataInputStream in = new DataInputStream(client.getInputStream());
                in.skipNBytes(4 * Integer.BYTES);
                in.skipNBytes((long) Character.BYTES * in.readInt() + Integer.BYTES);
                int number = answer.applyAsInt(asked.incrementAndGet());
                if (number != NOTHING) {
                    new DataOutputStream(client.getOutputStream()).writeInt(number);
                    client.close();
                }
            } catch (IOException e) {
                // Who asked has gone, or the test is over.
            }
        }
    }

    /** How many questions came. */
    int asked() {
        return asked.get();
    }

    String place() {
        return "127.0.0.1:" + socket.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        socket.close();
        for (Socket client : waiting) {
            client.close();
        }
    }
}
