package io.synod.engine.faults;

import io.synod.engine.failover.ClientThreads;
import io.synod.engine.failover.TestCluster;
import io.synod.history.Transaction.Outcome;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Clients of one kind, each with a connection and a thread of its own, and what they were told: a history, recorded where an
 * application calls JDBC. Times are {@link System#nanoTime()}.
 */
abstract class Workload {
    /** The time-out of its statements has passed: the one that says so has done nothing. */
    static final String TIMED_OUT = "57014";

    /** Surely not done: lost, no lock or no leader in time, no node reached, or timed out before it could have been. */
    private static final Set<String> NOT_DONE = Set.of("40001", "HYT00", "08001", TIMED_OUT);

    /** Nobody knows, when it is the answer to a commit. */
    private static final Set<String> UNKNOWN = Set.of("08007");

    private static final int PAUSE_MICROS_MAX = 25_000;

    /** Of a client's transactions, one in so many has time-outs. */
    private static final int TIMED_ONE_IN = 8;

    /** Passes now and then though nothing is wrong. */
    private static final int SHORT_TIME_OUT_MILLIS_MAX = 10;
    /** Passes when a leader is lost. */
    private static final int TIME_OUT_MILLIS_MAX = 400;

    private final List<Client> clients = new ArrayList<>();
    private final Map<String, AtomicLong> failures = new ConcurrentHashMap<>();
    private final Queue<Long> writesAcknowledged = new ConcurrentLinkedQueue<>();
    private final AtomicLong unknown = new AtomicLong();

    /** What creates the tables; no client runs yet. */
    abstract List<String> tables();

    /** One transaction, recorded whatever becomes of it. */
    abstract void transaction(Client client) throws SQLException;

    /**
     * What does not hold of the history and of what is in the database now, when no client runs any more; empty when all holds.
     *
     * @param c to the database, wherever it is read
     */
    abstract List<String> judge(Connection c) throws SQLException;

    /** One client: it does one thing after the other. */
    final class Client {
        final int id = clients.size();
        final SplittableRandom random;
        private final String url;
        private final AtomicLong acknowledged = new AtomicLong();
        private Connection connection;
        private boolean timed;
        private boolean readOnly;

        Client(String url, SplittableRandom random) {
            this.url = url;
            this.random = random;
        }

        /** Its own, which it keeps until it is lost, for a transaction that writes; its statements may have a time-out. */
        Connection connection() throws SQLException {
            return connection(false);
        }

        /** The same for one that only reads: with {@code readOnly} it need not run on the leader. */
        Connection connection(boolean readOnly) throws SQLException {
            try {
                if (connection == null || connection.isClosed()) {
                    connection = TestCluster.connect(url);
                    timed = false;
                    this.readOnly = false;
                    prepare(connection);
                }
                if (this.readOnly != readOnly) {
                    connection.setReadOnly(readOnly);
                    this.readOnly = readOnly;
                }
                timeOut();
                return connection;
            } catch (SQLException e) {
                // Nobody knows which of its settings it has.
                close();
                throw e;
            }
        }

        private int timeOutMillisMax() {
            return random.nextBoolean() ? SHORT_TIME_OUT_MILLIS_MAX : TIME_OUT_MILLIS_MAX;
        }

        private void timeOut() throws SQLException {
            boolean wanted = random.nextInt(TIMED_ONE_IN) == 0;
            if (wanted || timed) {
                try (Statement s = connection.createStatement()) {
                    s.execute("SET QUERY_TIMEOUT " + (wanted ? 1 + random.nextInt(timeOutMillisMax()) : 0));
                }
                timed = wanted;
            }
        }

        /**
         * A statement that fails whatever is done to the nodes; what its transaction has done before stays, and it goes on.
         *
         * @throws SQLException for another reason
         */
        void fail(Connection c, String expectedState, String sql) throws SQLException {
            try (Statement s = c.createStatement()) {
                s.execute(sql);
            } catch (SQLException e) {
                if (!expectedState.equals(e.getSQLState())) {
                    throw e;
                }
                count(expectedState);
                return;
            }
            throw new AssertionError("client " + id + " of " + Workload.this + ": nothing failed in " + sql);
        }

        void acknowledged(boolean wrote) {
            acknowledged.incrementAndGet();
            if (wrote) {
                writesAcknowledged.add(System.nanoTime());
            }
        }

        /**
         * Leaves the connection without a transaction.
         *
         * @param committing whether the failed call could have committed
         * @throws AssertionError when that is nothing that a fault explains
         */
        Outcome failed(SQLException e, boolean committing) {
            String state = String.valueOf(e.getSQLState());
            Outcome outcome = told(state, committing, chain(e));
            try {
                if (connection != null && !connection.getAutoCommit()) {
                    connection.rollback();
                }
                if (state.startsWith("08")) {
                    close();
                }
            } catch (SQLException again) {
                close();
            }
            return outcome;
        }

        /** A statement has done nothing, and its transaction goes on. */
        void timedOut() {
            count(TIMED_OUT);
        }

        /** The same where the connection is another one's. @param why with all that it came from */
        Outcome told(String state, boolean committing, String why) {
            if (!NOT_DONE.contains(state) && !UNKNOWN.contains(state)) {
                throw new AssertionError("client " + id + " of " + Workload.this + " got " + state
                        + (committing ? " as it committed: " : ": ") + why);
            }
            count(state);
            if (committing && UNKNOWN.contains(state)) {
                unknown.incrementAndGet();
                return Outcome.UNKNOWN;
            }
            return Outcome.ABORTED;
        }

        String url() {
            return url;
        }

        /** Whatever is open then is rolled back. */
        void close() {
            try {
                if (connection != null) {
                    connection.close();
                }
            } catch (SQLException e) {
                // Its node is gone, and the transaction with it.
                count("close");
            }
            connection = null;
        }
    }

    private void count(String what) {
        failures.computeIfAbsent(what, w -> new AtomicLong()).incrementAndGet();
    }

    /** What somebody was told and all that it came from, to the last frame. */
    static String chain(Throwable e) {
        StringWriter text = new StringWriter();
        e.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    /** Between two transactions of a client. */
    int pauseMicrosMax() {
        return PAUSE_MICROS_MAX;
    }

    /** A new connection, before its first transaction. */
    void prepare(Connection c) throws SQLException {
        c.setAutoCommit(false);
    }

    /** After its last transaction. */
    void end(Client client) {
        client.close();
    }

    /** Adds a client, which goes on until the threads are told to stop. */
    final void start(ClientThreads threads, String url, SplittableRandom random) {
        Client client = new Client(url, random);
        clients.add(client);
        threads.start(() -> {
            try {
                while (!threads.areStopping()) {
                    transaction(client);
                    LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(pauseMicrosMax())));
                }
                return null;
            } finally {
                end(client);
            }
        });
    }

    /** How many each client had acknowledged so far. */
    final List<AtomicLong> progress() {
        return clients.stream().map(client -> client.acknowledged).toList();
    }

    /** When each write was acknowledged. */
    final long[] writesAcknowledged() {
        return writesAcknowledged.stream().mapToLong(Long::longValue).toArray();
    }

    String counts() {
        return this + ": " + progress().stream().mapToLong(AtomicLong::get).sum() + " acknowledged, " + unknown
                + " of unknown outcome, errors " + new TreeMap<>(failures);
    }
}
