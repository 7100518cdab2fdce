package io.synod.jdbc;

import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.h2.engine.SessionRemote;

/** Finds a node that serves: round after round over all of them, with a jittered pause between rounds. */
final class Reconnection {
    private static final int MIN_PAUSE_MILLIS = 5;
    private static final int MAX_PAUSE_MILLIS = 100;

    private final SynodUrl url;
    private final Connector connector;
    private final Endpoints endpoints;
    private final int connectTimeoutMillis;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wakeUp = lock.newCondition();
    private volatile String current;
    private boolean waiting;
    private boolean givenUp;

    Reconnection(SynodUrl url, Connector connector) {
        this.url = url;
        this.connector = connector;
        this.endpoints = new Endpoints(url.endpoints());
        this.connectTimeoutMillis = url.intSetting("CONNECT_TIMEOUT");
    }

    /** A session's first connection: a wrong password or an unknown database fails at once. */
    SessionRemote connectFirst() throws SQLException {
        // An upper bound only: pools set it for the whole JVM, to what they themselves would wait.
        int login = DriverManager.getLoginTimeout();
        int limit = login > 0 && login < connectTimeoutMillis / 1000 ? login * 1000 : connectTimeoutMillis;
        return connect(new Deadline(limit), 0, true);
    }

    /** @throws SQLException 08001 when the deadline passes; 57014 when it was given up */
    SessionRemote reconnect(Deadline deadline, long requests) throws SQLException {
        return connect(deadline, requests, false);
    }

    private SessionRemote connect(Deadline deadline, long requests, boolean first) throws SQLException {
        begin();
        try {
            SQLException last;
            do {
                last = null;
                for (String endpoint : endpoints.order()) {
                    try {
                        SessionRemote session = connector.connect(endpoint, requests, connectTimeoutMillis);
                        endpoints.served(endpoint);
                        current = endpoint;
                        return session;
                    } catch (SQLException e) {
                        if (first ? Broken.isFinalAtConnect(e) : Broken.isFinalAtReconnect(e)) {
                            throw e;
                        }
                        last = last == null ? e : last;
                    }
                    checkGivenUp();
                }
            } while (pause(deadline));
            checkGivenUp();
            throw Errors.unreachable(
                    url.endpoints(),
                    (first ? "CONNECT_TIMEOUT=" : "FAILOVER_TIMEOUT=") + deadline.millis() + " ms",
                    last);
        } finally {
            end();
        }
    }

    /** @return the node that the session was last connected to; from any thread */
    String endpoint() {
        return current;
    }

    /** The node of the moment failed: try the others first. */
    void failed() {
        endpoints.failed();
    }

    /** @return false when there is no time left, or the wait is given up */
    boolean pause(Deadline deadline) {
        long pause = Math.min(
                deadline.leftMillis(), ThreadLocalRandom.current().nextInt(MIN_PAUSE_MILLIS, MAX_PAUSE_MILLIS));
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
            if (givenUp) {
                throw Errors.cancelled();
            }
        } finally {
            lock.unlock();
        }
    }
}
