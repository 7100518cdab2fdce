package io.synod.engine.operations;

import io.synod.jdbc.SynodUrl;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node in the foreground, from its start to SIGTERM. */
final class NodeRun {
    private static final Logger LOG = LoggerFactory.getLogger(NodeRun.class);

    private final String name;
    private final List<SynodUrl> databases;
    private final PrintWriter out;
    private final PrintWriter err;
    private final CountDownLatch stopped = new CountDownLatch(1);

    NodeRun(String name, List<SynodUrl> databases, PrintWriter out, PrintWriter err) {
        this.name = name;
        this.databases = databases;
        this.out = out;
        this.err = err;
    }

    /** @return the exit code, if the node ends by itself; at SIGTERM the process ends in here */
    int untilStopped() throws Exception {
        AutoCloseable node = start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(node), "synod-stop"));
        out.println("synod node " + name + " ready");
        stopped.await();
        return SynodCommand.FAILED;
    }

    private AutoCloseable start() throws Exception {
        throw new UnsupportedOperationException(databases + " " + out);
    }

    private void stop(AutoCloseable node) {
        int code = 0;
        try {
            node.close();
        } catch (Exception e) {
            err.println(SynodCommand.oneLine(e));
            code = SynodCommand.FAILED;
        }
        out.flush();
        err.flush();
        // After a signal the JVM would end with the signal's number, though all was done as it should be.
        Runtime.getRuntime().halt(code);
    }

    /** Ends the process when the stream does; for a program that starts nodes and may die itself. */
    static void exitAtEndOf(InputStream parent) {
        Thread thread = new Thread(
                () -> {
                    try {
                        while (parent.read() >= 0) {
                            // What a parent says is of no interest, only that it lives.
                        }
                    } catch (IOException e) {
                        LOG.debug("standard input failed", e);
                    }
                    Runtime.getRuntime().halt(SynodCommand.FAILED);
                },
                "synod-parent");
        thread.setDaemon(true);
        thread.start();
    }
}
