package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase.RoleListener;
import io.synod.engine.server.ConnectionPlaces;
import io.synod.engine.server.SqlServer;
import io.synod.engine.session.SynodSession;
import io.synod.jdbc.SynodUrl;
import java.io.IOException;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.h2.security.SHA256;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Executes statements before anybody is in a hurry. A process that has only followed has never loaded most of the classes that a
 * client's session needs, and interprets them at first: after a hand-over that would be most of the time without a commit.
 *
 * <p>Once per process, a while after a node of several knows a leader, and on a thread of its own that rests after each round:
 * another node is started, in memory, which knows nothing of the first one and is closed in the end. Its one database has a random
 * name, its one user a random password, and it is reached through the loopback address only. Whatever fails is of no
 * consequence.
 */
final class WarmUp implements RoleListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);
    /** Enough for the methods that each session calls to be compiled. */
    private static final int ROUNDS = 150;
    /** Then it is enough, on a machine that is too slow or too busy for all of them. */
    private static final long WORK_NANOS = 1_500_000_000;

    /** Nothing to look after; that the process stood still is told by the node for which all this is done. */
    private static final String SETTINGS = ";SCRUB=0;RECLAIM=0;ELECTION_TIMEOUT=60000";

    /** What the node itself does first, and whoever waits for it, needs the processors more. */
    private static final long LATER_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long PAUSE_MAX_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long END_MILLIS = 1_000;
    private static final int SECRET_BYTES = 16;
    /** Of the few connections that it has at a time, and of those that others try. */
    private static final int PLACES = 4;

    /** Tests, whose nodes are many and live for seconds, pass for having done it. */
    private static final AtomicBoolean BEGUN =
            new AtomicBoolean("false".equalsIgnoreCase(System.getProperty("synod.warmup")));

    private final AtomicBoolean begun;
    private final BooleanSupplier closed;
    private final long laterNanos;
    private volatile boolean ending;
    private volatile Thread thread;
    private volatile SqlServer server;
    private volatile int rounds;
    private volatile Throwable failure;

    /** @param closed whether the node that it is for has ended, or is about to */
    WarmUp(BooleanSupplier closed) {
        this(closed, BEGUN, LATER_NANOS);
    }

    /**
     * @param begun whether it was done, or is being done, in this process
     * @param laterNanos how long after a leader is known
     */
    WarmUp(BooleanSupplier closed, AtomicBoolean begun, long laterNanos) {
        this.closed = closed;
        this.begun = begun;
        this.laterNanos = laterNanos;
    }

    /**
     * Whether a node profits: one that has others, or may have, from which clients come. One alone is as slow at first with it as
     * without.
     */
    static boolean isFor(NodeConfig config) {
        return config.warmsUp() && config.isReachable();
    }

    /** For a test: rounds of sessions that have succeeded. */
    int rounds() {
        return rounds;
    }

    /** For a test: {@code null} for none. */
    Throwable failure() {
        return failure;
    }

    /** For a test. */
    static AtomicBoolean ofThisProcess() {
        return BEGUN;
    }

    /** Before a node knows a leader it has better things to do. */
    @Override
    public void onRole(String database, String leader, long epoch, boolean serving) {
        if (leader != null && !begun.get() && begun.compareAndSet(false, true)) {
            try {
                Thread started = new Thread(this::runQuietly, "synod-warm-up");
                started.setDaemon(true);
                // Where the system heeds it. The threads that it starts inherit it.
                started.setPriority(Thread.MIN_PRIORITY);
                started.start();
                thread = started;
            } catch (RuntimeException | Error e) {
                // No thread left, say: whoever else is told of the leader needs to be.
                failed(e);
            }
        }
    }

    private void failed(Throwable e) {
        failure = e;
        LOG.debug("the warm-up has failed, first sessions may be slow", e);
    }

    /** Ends it, whatever it waits for, and waits a while until it has ended. */
    @Override
    public void close() {
        ending = true;
        Thread running = thread;
        if (running == null) {
            return;
        }
        LockSupport.unpark(running);
        NodeStart.closeQuietly(server);
        try {
            running.join(END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void runQuietly() {
        try {
            run();
        } catch (CancellationException e) {
            LOG.debug("the node closes during its warm-up", e);
            // Another node of this process may need it.
            begun.set(false);
        } catch (IOException | SQLException | RuntimeException | Error e) {
            failed(e);
        }
    }

    private void run() throws SQLException, IOException {
        String database = "warm_up_" + secret();
        char[] password = secret().toCharArray();
        SynodUrl url = SynodUrl.parse(SynodUrl.PREFIX + "mem:" + database + SETTINGS, null);
        pause(laterNanos);
        checkOpen();
        try (Node node = NodeStart.start(NodeConfig.of(url))) {
            node.host(database, Map.of());
            createUser(node, database, password);
            String host = InetAddress.getLoopbackAddress().getHostAddress();
            try (SqlServer listens = SqlServer.start(host, 0, node, new ConnectionPlaces(PLACES))) {
                server = listens;
                String endpoint = (host.contains(":") ? "[" + host + "]" : host) + ":" + listens.port();
                rounds(new WarmUpSessions(endpoint, database, password, this::checkOpen));
            }
        } finally {
            Arrays.fill(password, ' ');
        }
    }

    private void rounds(WarmUpSessions sessions) throws SQLException {
        long worked = 0;
        boolean failedOnce = false;
        for (int round = 0; round < ROUNDS && worked < WORK_NANOS; round++) {
            long start = System.nanoTime();
            try {
                sessions.run(round);
                rounds = round + 1;
            } catch (SQLException e) {
                checkOpen();
                if (failedOnce) {
                    throw e;
                }
                failedOnce = true;
                LOG.debug("a round of the warm-up has failed, the next one is tried", e);
            }
            long took = System.nanoTime() - start;
            worked += took;
            pause(Math.min(took, PAUSE_MAX_NANOS));
        }
        LOG.debug("{} rounds of the warm-up took {} ms", rounds, worked / 1_000_000);
    }

    private void pause(long nanos) {
        long start = System.nanoTime();
        for (long left = nanos; left > 0; left = nanos - (System.nanoTime() - start)) {
            checkOpen();
            LockSupport.parkNanos(left);
        }
    }

    private void checkOpen() {
        if (ending || closed.getAsBoolean()) {
            throw new CancellationException();
        }
    }

    /** Before the port is open: whoever comes first is the administrator. */
    private static void createUser(Node node, String database, char[] password) throws SQLException {
        byte[] hash = SHA256.getKeyPasswordHash(WarmUpSessions.USER, password.clone());
        SynodSession first = node.open(database, WarmUpSessions.USER, hash, Map.of());
        first.close();
    }

    private static String secret() {
        byte[] bytes = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
