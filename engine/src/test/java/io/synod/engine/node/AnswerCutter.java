package io.synod.engine.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;

/** Loses the answer that it is told to lose, and the connection with it. */
public final class AnswerCutter implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int target;
    private final String database;
    private final AtomicInteger answersLeft = new AtomicInteger(Integer.MAX_VALUE);

    /** @param url a remote URL of one node, without settings */
    public AnswerCutter(String url) throws IOException {
        int slash = url.lastIndexOf('/');
        target = Integer.parseInt(url.substring(url.lastIndexOf(':') + 1, slash));
        database = url.substring(slash);
        start(() -> {
            while (true) {
                Socket client = listener.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                start(() -> pump(client, server, false));
                start(() -> pump(server, client, true));
            }
        });
    }

    /** The way to the node through here. */
    public String url() {
        return "jdbc:synod://127.0.0.1:" + listener.getLocalPort() + database;
    }

    /** Lets so many portions of answers through, and loses the next. */
    public void loseAfter(int answers) {
        answersLeft.set(answers);
    }

    /** @return whether what was to be lost has been */
    public boolean loseNoMore() {
        return answersLeft.getAndSet(Integer.MAX_VALUE) < 0;
    }

    private interface Task {
        void run() throws IOException;
    }

    private static void start(Task task) {
        Thread thread = new Thread(
                () -> {
                    try {
                        task.run();
                    } catch (IOException e) {
                        // One of the two ends is gone: so is this way between them.
                        return;
                    }
                },
                "cutter");
        thread.setDaemon(true);
        thread.start();
    }

    private void pump(Socket from, Socket to, boolean answers) throws IOException {
        byte[] portion = new byte[1 << 16];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n; (n = in.read(portion)) >= 0; ) {
                if (answers && answersLeft.getAndDecrement() == 0) {
                    return;
                }
                out.write(portion, 0, n);
                out.flush();
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
