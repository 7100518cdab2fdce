package io.synod.engine.failover;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Clients that go on, each in a thread, until they are told to stop. What one of them fails with fails whoever waits for them. */
public final class ClientThreads implements AutoCloseable {
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Future<?>> running = new ArrayList<>();
    private volatile boolean stopping;

    public void start(Callable<?> client) {
        running.add(threads.submit(client));
    }

    /** For the clients: whether to end after what they are at. */
    public boolean areStopping() {
        return stopping;
    }

    /**
     * Waits until each client has done so many more.
     *
     * @param counts how many each of them has done
     */
    public void awaitProgress(int each, List<? extends LongSupplier> counts) throws Exception {
        List<Long> goals =
                counts.stream().map(count -> count.getAsLong() + each).toList();
        Await.until(each + " more of each client", () -> {
            failed();
            for (int i = 0; i < goals.size(); i++) {
                if (counts.get(i).getAsLong() < goals.get(i)) {
                    return false;
                }
            }
            return true;
        });
    }

    private void failed() throws ExecutionException, InterruptedException {
        for (Future<?> one : running) {
            if (one.isDone()) {
                one.get();
            }
        }
    }

    /** Lets each client end what it is at. */
    public void stop() throws Exception {
        stopping = true;
        for (Future<?> one : running) {
            one.get(Await.LIMIT.toSeconds(), TimeUnit.SECONDS);
        }
    }

    @Override
    public void close() {
        stopping = true;
        threads.shutdownNow();
    }
}
