package io.synod.engine.operations;

import io.synod.engine.node.EmbeddedEngine;
import io.synod.engine.node.Node;
import io.synod.engine.node.StillReturningException;
import io.synod.jdbc.SynodUrl;
import io.synod.replica.ReplicatedLog;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node in the foreground, from its start to SIGTERM. */
final class NodeRun {
    private static final Logger LOG = LoggerFactory.getLogger(NodeRun.class);

    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String name;
    private final List<SynodUrl> databases;
    private final RoleLines lines;
    private final PrintWriter err;
    private volatile Node node;

    NodeRun(String name, List<SynodUrl> databases, PrintWriter out, PrintWriter err) {
        this.name = name;
        this.databases = databases;
        this.lines =
                new RoleLines(name, databases.stream().map(SynodUrl::database).toList(), out);
        this.err = err;
    }

    /** Starts the node and returns its exit code, if it cannot; at SIGTERM the process ends in here. */
    int untilStopped() throws Exception {
        start();
        Runtime.getRuntime().addShutdownHook(new Thread(this::stop, "synod-stop"));
        while (true) {
            hostAll();
            node.awaitEnd();
            LOG.warn("node {} is started again", name);
            start();
        }
    }

    /** One that has lost its directory waits for the others here as long as that takes. */
    private void start() throws SQLException {
        String why = "";
        while (true) {
            try {
                node = EmbeddedEngine.start(databases.get(0));
                node.addRoleListener(lines);
                return;
            } catch (StillReturningException e) {
                if (!why.equals(e.getMessage())) {
                    why = e.getMessage();
                    LOG.warn("{}", why);
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private void hostAll() throws SQLException {
        try {
            for (SynodUrl url : databases) {
                ReplicatedLog log = node.hostLog(url.database(), url.h2Settings());
                // The first database was open before anybody listened.
                lines.stands(url.database(), log);
            }
        } catch (SQLException e) {
            if (!node.isClosed()) {
                throw e;
            }
            LOG.debug("node {} ends by itself", name, e);
        }
    }

    private void stop() {
        int code = 0;
        try {
            node.close();
        } catch (RuntimeException e) {
            err.println(SynodCommand.oneLine(e));
            code = SynodCommand.FAILED;
        }
        lines.close();
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
