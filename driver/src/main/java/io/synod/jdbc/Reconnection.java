package io.synod.jdbc;

import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/** Finds a node that serves: round after round over all of them, with a jittered pause between rounds. */
final class Reconnection {
    private static final int MIN_PAUSE_MILLIS = 5;
    private static final int MAX_PAUSE_MILLIS = 100;
    /** Between rounds in which nodes had no place for one more connection. */
    private static final int MAX_FULL_PAUSE_MILLIS = 2_000;

    private static final int MIN_ATTEMPT_MILLIS = 250;
    private static final long LOOK_NANOS = 50_000_000L;

    private final SynodUrl url;
    private final Connector connector;
    private final Endpoints endpoints;
    private final int connectTimeoutMillis;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wakeUp = lock.newCondition();
    private volatile String current;
    /** Not to be tried first again, whatever others say. */
    private String lostLeader = "";

    private boolean waiting;
    private BooleanSupplier cancelled = () -> false;
    private boolean givenUp;

    Reconnection(SynodUrl url, Connector connector) {
        this.url = url;
        this.connector = connector;
        this.endpoints = new Endpoints(url.endpoints());
        this.connectTimeoutMillis = url.intSetting("CONNECT_TIMEOUT");
    }

    /**
     * A session's first connection: a wrong password fails at once, a database that none of the nodes has, and a place that none
     * has, after asking them all.
     * CONNECT_TIMEOUT bounds each attempt, and after it no further round over the nodes begins: each is asked once at least.
     */
    NodeSession connectFirst() throws SQLException {
        // The login time-out is an upper bound only: pools set it for the whole JVM, to what they themselves would
        // wait.
        int login = DriverManager.getLoginTimeout();
        int limit = login > 0 && login < connectTimeoutMillis / 1000 ? login * 1000 : connectTimeoutMillis;
        return connect(new Deadline(limit), Hello.FIRST, true);
    }

    /** @throws SQLException 08001 when the deadline passes; 57014 when it was given up */
    NodeSession reconnect(Deadline deadline, Hello hello) throws SQLException {
        return connect(deadline, hello, false);
    }

    /** One attempt, without {@link #served}, at a node that need not be one of the URL's. */
    NodeSession connectTo(String endpoint, Hello hello) throws SQLException {
        return connector.connect(endpoint, hello, Math.min(connectTimeoutMillis, LeaderSearch.CONNECT_MILLIS));
    }

    /** This is the node of the moment: the watchdog asks it, and it is tried first. */
    void served(NodeSession session) {
        endpoints.served(session.endpoint());
        current = session.endpoint();
    }

    /** The leader's place, where it is known and wanted, before those of the URL. */
    private List<String> order() {
        List<String> order = endpoints.order();
        String leader = LeaderHints.of(url);
        if (leader != null && !lostLeader.equals(leader)) {
            order.remove(leader);
            order.add(0, leader);
        }
        return order;
    }

    /** The session has lost its node: it waits a moment for a leader rather than at a member that waits for one. */
    private void seekLeader(Deadline deadline) throws SQLException {
        CompletableFuture<String> search = ServingNode.search(url, current);
        long end = System.nanoTime() + 1_000_000L * Math.min(ServingNode.SEARCH_MILLIS, deadline.leftMillis());
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            try {
                String serving = search.get(Math.min(left, LOOK_NANOS), TimeUnit.NANOSECONDS);
                if (serving != null) {
                    LeaderHints.found(url, serving);
                }
                return;
            } catch (TimeoutException e) {
                checkGivenUp();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private NodeSession connect(Deadline deadline, Hello hello, boolean first) throws SQLException {
        begin();
        try {
            if (!first) {
                seekLeader(deadline);
            }
            SQLException last;
            SQLException notThere;
            SQLException full;
            int pauseMillis = MAX_PAUSE_MILLIS;
            do {
                full = null;
                last = null;
                notThere = null;
                List<String> order = order();
                for (int i = 0; i < order.size(); i++) {
                    String endpoint = order.get(i);
                    try {
                        NodeSession session = connector.connect(
                                endpoint, hello, first ? deadline.millis() : attemptMillis(deadline, order.size() - i));
                        served(session);
                        lostLeader = "";
                        return session;
                    } catch (SQLException e) {
                        if (Broken.isTooMany(e)) {
                            full = e;
                            continue;
                        }
                        if (first && Broken.isDatabaseNotThere(e)) {
                            notThere = e;
                            continue;
                        }
                        if (first ? Broken.isFinalAtConnect(e) : Broken.isFinalAtReconnect(e)) {
                            throw e;
                        }
                        LeaderHints.wrong(url, endpoint);
                        last = last == null ? e : last;
                    }
                    checkGivenUp();
                }
                if (full != null) {
                    pauseMillis = Math.min(2 * pauseMillis, MAX_FULL_PAUSE_MILLIS);
                }
            } while (full == null && last != null && pause(deadline, MAX_PAUSE_MILLIS)
                    || full != null && !first && pause(deadline, pauseMillis));
            checkGivenUp();
            if (full != null && !deadline.isOfStatement()) {
                throw full;
            }
            if (notThere != null) {
                throw notThere;
            }
            if (deadline.isOfStatement()) {
                throw Errors.cancelled();
            }
            throw Errors.unreachable(
                    url.endpoints(),
                    (first ? "CONNECT_TIMEOUT=" : "FAILOVER_TIMEOUT=") + deadline.millis() + " ms",
                    last);
        } finally {
            end();
        }
    }

    /** One that went silent must leave time for the others. */
    private int attemptMillis(Deadline deadline, int nodesLeft) {
        long share = Math.max(MIN_ATTEMPT_MILLIS, deadline.leftMillis() / nodesLeft);
        return (int) Math.min(connectTimeoutMillis, share);
    }

    /** @return the node that the session was last connected to; from any thread */
    String endpoint() {
        return current;
    }

    /** The node of the moment failed: try the others first. */
    void failed() {
        lostLeader = current;
        LeaderHints.wrong(url, current);
        endpoints.failed();
    }

    /** @return false when there is no time left, or the wait is given up */
    boolean pause(Deadline deadline) {
        return pause(deadline, MAX_PAUSE_MILLIS);
    }

    private boolean pause(Deadline deadline, int maxMillis) {
        long pause = Math.min(deadline.leftMillis(), ThreadLocalRandom.current().nextInt(MIN_PAUSE_MILLIS, maxMillis));
        if (pause <= 0) {
            return false;
        }
        lock.lock();
        try {
            long left = pause * 1_000_000L;
            while (left > 0 && !givenUp) {
                left = wakeUp.awaitNanos(left);
            }
            return !givenUp;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            givenUp = true;
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** @param cancelled whether the statement that needs a node was cancelled, also before it came to look for one */
    void serves(BooleanSupplier cancelled) {
        this.cancelled = cancelled;
    }

    /** @return whether somebody was waiting; from any thread */
    boolean giveUp() {
        lock.lock();
        try {
            givenUp = waiting;
            wakeUp.signalAll();
            return waiting;
        } finally {
            lock.unlock();
        }
    }

    private void begin() {
        lock.lock();
        try {
            waiting = true;
            givenUp = false;
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            waiting = false;
            givenUp = false;
        } finally {
            lock.unlock();
        }
    }

    private void checkGivenUp() throws SQLException {
        lock.lock();
        try {
            if (givenUp || cancelled.getAsBoolean()) {
                throw Errors.cancelled();
            }
        } finally {
            lock.unlock();
        }
    }
}
