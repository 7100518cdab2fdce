package io.synod.engine.operations;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** The clients of a demo, which enter orders at the same time, and are looked at each second. Used by one thread. */
final class OrderClients implements AutoCloseable {
    private final LongSupplier acknowledged;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Future<OrderEntry.Log>> logs = new ArrayList<>();
    private final long startNanos = System.nanoTime();
    private long before;

    /** @param acknowledged how many orders of all of them */
    OrderClients(LongSupplier acknowledged) {
        this.acknowledged = acknowledged;
    }

    /** Connections for clients: they do not commit by themselves. */
    static HikariDataSource pool(String url, String user, int connections) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setUsername(user);
        config.setPassword("");
        config.setAutoCommit(false);
        config.setMaximumPoolSize(connections);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(10_000);
        config.setPoolName("demo");
        return new HikariDataSource(config);
    }

    void start(Callable<OrderEntry.Log> client) {
        logs.add(threads.submit(client));
    }

    /**
     * Waits for the end of that second since they began.
     *
     * @throws ExecutionException what one of them has ended with
     */
    void awaitSecond(int second) throws ExecutionException, InterruptedException {
        TimeUnit.NANOSECONDS.sleep(startNanos + TimeUnit.SECONDS.toNanos(second) - System.nanoTime());
        for (Future<OrderEntry.Log> log : logs) {
            if (log.isDone()) {
                log.get();
            }
        }
    }

    /** How many orders since this was asked last. */
    long acknowledgedSince() {
        long now = acknowledged.getAsLong();
        long since = now - before;
        before = now;
        return since;
    }

    /** What each of them did, when all have ended. */
    List<OrderEntry.Log> logs() throws ExecutionException, InterruptedException {
        List<OrderEntry.Log> result = new ArrayList<>();
        for (Future<OrderEntry.Log> log : logs) {
            result.add(log.get());
        }
        return result;
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
