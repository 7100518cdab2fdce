package io.synod.bench.workload;

import io.synod.bench.Round;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/** A database that a workload runs on: its clients, each with a connection that it keeps. */
final class Target implements AutoCloseable {
    private static final String ROLLED_BACK = "40001";
    static final String TOO_MANY_CONNECTIONS = "53300";
    private static final int TOO_MANY_PAUSE_MILLIS = 200;
    private static final int RECONNECT_PAUSE_MILLIS = 20;
    private static final int CONNECTING = 16;
    /** After the end of a round, for the operations that run then. */
    private static final long END_NANOS = TimeUnit.SECONDS.toNanos(60);

    static final String NOT_ENDED = "not ended";
    /** Of a user whose request waits for a client that is busy with those before. */
    static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String name;
    private final String url;
    private final String user;
    private final String password;
    private final Workload workload;
    private final boolean commits;
    private final List<Worker> workers = new ArrayList<>();
    private int numbered;

    /** @param commits whether to measure commits alone, not whole operations */
    Target(String name, String url, String user, String password, Workload workload, boolean commits) {
        this.name = name;
        this.url = url;
        this.user = user;
        this.password = password;
        this.workload = workload;
        this.commits = commits;
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(url, user, password);
    }

    private Connection connect(String suffix) throws SQLException {
        int end = url.indexOf(';');
        String other = end < 0 ? url + suffix : url.substring(0, end) + suffix + url.substring(end);
        return DriverManager.getConnection(other, user, password);
    }

    void prepare() throws SQLException {
        try (Connection connection = connect()) {
            workload.prepare(connection);
        }
        for (String suffix : workload.otherDatabases()) {
            try (Connection connection = connect(suffix)) {
                workload.prepare(connection);
            }
        }
    }

    /** What it is, by its own word. */
    String product() throws SQLException {
        try (Connection connection = connect()) {
            return connection.getMetaData().getDatabaseProductName() + " "
                    + connection.getMetaData().getDatabaseProductVersion();
        }
    }

    /** Has so many clients connected; a few at a time, as pools do that grow. */
    void connect(int clients) throws Exception {
        addWorkers(clients);
        ExecutorService threads = Executors.newFixedThreadPool(CONNECTING);
        try {
            List<Callable<Void>> tasks = new ArrayList<>();
            for (Worker worker : workers.subList(0, clients)) {
                tasks.add(() -> {
                    worker.connectOnce();
                    return null;
                });
            }
            for (Future<Void> done : threads.invokeAll(tasks)) {
                done.get();
            }
        } finally {
            threads.shutdown();
        }
    }

    private void addWorkers(int clients) {
        while (workers.size() < clients) {
            workers.add(new Worker(workload.client(numbered++)));
        }
    }

    /** Each as fast as it can. */
    Round run(int clients, long nanos) throws Exception {
        return round(clients, nanos, (worker, i, startNanos) -> worker.run(startNanos + nanos));
    }

    /**
     * At a rate that does not ask how fast the database is: each client's operations are due at fixed times. One that is late for
     * longer than a user's patience is not begun; {@link #missed(int)} counts it. Latency begins when an operation is due.
     */
    Round offer(int clients, long nanos, double perSecond) throws Exception {
        long between = (long) (clients * 1e9 / perSecond);
        return round(
                clients,
                nanos,
                (worker, i, startNanos) ->
                        worker.offered(startNanos + between * i / clients, between, startNanos + nanos));
    }

    private Round round(int clients, long nanos, Share share) throws Exception {
        addWorkers(clients);
        // They do not outlive the command, whatever they wait for.
        ExecutorService threads = Executors.newFixedThreadPool(clients, task -> {
            Thread thread = new Thread(task, "workload-client");
            thread.setDaemon(true);
            return thread;
        });
        try {
            long startNanos = System.nanoTime();
            List<Callable<Worker>> tasks = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                Worker worker = workers.get(i);
                int number = i;
                tasks.add(() -> share.of(worker, number, startNanos));
            }
            Map<String, Long> errors = new HashMap<>();
            List<Histogram> histograms = new ArrayList<>();
            long givenUp = 0;
            List<Future<Worker>> all = threads.invokeAll(tasks, nanos + END_NANOS, TimeUnit.NANOSECONDS);
            for (int i = 0; i < clients; i++) {
                if (all.get(i).isCancelled()) {
                    // Its thread may be at it still: another client takes its place.
                    errors.merge(NOT_ENDED, 1L, Long::sum);
                    givenUp++;
                    Histogram whole = new Histogram(3);
                    whole.recordValue(System.nanoTime() - startNanos);
                    histograms.add(whole);
                    workers.set(i, new Worker(workload.client(numbered++)));
                } else {
                    Worker done = all.get(i).get();
                    histograms.add(done.latency);
                    givenUp += done.givenUp;
                    done.errors.forEach((state, n) -> errors.merge(state, n, Long::sum));
                }
            }
            return Round.of(name, histograms, givenUp, System.nanoTime() - startNanos, errors);
        } finally {
            threads.shutdown();
        }
    }

    /** How many operations each client completed in the last round, in ascending order. */
    long[] operations(int clients) {
        return workers.subList(0, clients).stream()
                .mapToLong(worker -> worker.latency.getTotalCount() - worker.givenUp)
                .sorted()
                .toArray();
    }

    /** How many operations were due in the last round and not begun, as it was too late for them. */
    long missed(int clients) {
        return workers.subList(0, clients).stream()
                .mapToLong(worker -> worker.missed)
                .sum();
    }

    /** What one client does in a round. */
    @FunctionalInterface
    private interface Share {
        Worker of(Worker worker, int number, long startNanos) throws SQLException, InterruptedException;
    }

    @Override
    public void close() throws SQLException {
        for (Worker worker : workers) {
            worker.close();
        }
    }

    private final class Worker {
        private final Workload.Client client;
        private Connection connection;
        private Histogram latency = new Histogram(3);
        private long givenUp;
        private long missed;
        private Map<String, Long> errors = new HashMap<>();

        Worker(Workload.Client client) {
            this.client = client;
        }

        private void begin() {
            latency = new Histogram(3);
            givenUp = 0;
            missed = 0;
            errors = new HashMap<>();
        }

        Worker offered(long firstNanos, long betweenNanos, long endNanos) throws SQLException, InterruptedException {
            begin();
            for (long due = firstNanos; due < endNanos; due += betweenNanos) {
                for (long now = System.nanoTime(); now < due; now = System.nanoTime()) {
                    LockSupport.parkNanos(due - now);
                }
                if (System.nanoTime() - due > PATIENCE_NANOS || System.nanoTime() >= endNanos) {
                    missed++;
                } else if (operate(endNanos)) {
                    client.next();
                    latency.recordValue(System.nanoTime() - due);
                } else {
                    givenUp++;
                    latency.recordValue(System.nanoTime() - due);
                }
            }
            return this;
        }

        Worker run(long endNanos) throws SQLException, InterruptedException {
            begin();
            long before = System.nanoTime();
            // Once at least: the machine may have stood still for longer than the round.
            do {
                if (!operate(endNanos)) {
                    givenUp++;
                    latency.recordValue(System.nanoTime() - before);
                    break;
                }
                client.next();
                long after = System.nanoTime();
                latency.recordValue(after - (commits ? client.commitBegan() : before));
                before = after;
            } while (before < endNanos);
            return this;
        }

        void connectOnce() throws SQLException {
            if (connection == null) {
                connection = connect();
                client.use(connection, Target.this::connect);
            }
        }

        /** @return false when the round ended without the operation done; its key is not used again */
        private boolean operate(long endNanos) throws SQLException, InterruptedException {
            while (true) {
                try {
                    connectOnce();
                    client.operate();
                    return true;
                } catch (SQLException e) {
                    String state = String.valueOf(e.getSQLState());
                    errors.merge(state, 1L, Long::sum);
                    boolean lost = state.startsWith("08");
                    boolean full = state.equals(TOO_MANY_CONNECTIONS);
                    if (!lost && !full && !state.equals(ROLLED_BACK) && !state.equals("HYT00")) {
                        throw e;
                    }
                    if (lost) {
                        // Its commit may have happened: the next operation is another one.
                        client.next();
                        close();
                        connection = null;
                        TimeUnit.MILLISECONDS.sleep(RECONNECT_PAUSE_MILLIS);
                    }
                    if (full) {
                        TimeUnit.MILLISECONDS.sleep(TOO_MANY_PAUSE_MILLIS);
                    }
                    if (System.nanoTime() > endNanos) {
                        return false;
                    }
                }
            }
        }

        void close() {
            if (connection != null) {
                try {
                    connection.close();
                } catch (SQLException e) {
                    errors.merge("close " + e.getSQLState(), 1L, Long::sum);
                }
            }
        }
    }
}
