package io.synod.engine.snapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class StatementGateTest {
    private static final long LONG = TimeUnit.SECONDS.toNanos(20);
    private static final long SHORT = TimeUnit.MILLISECONDS.toNanos(20);

    private final StatementGate gate = new StatementGate();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    @Test
    void nothing_runs_while_it_is_closed_however_busy_the_writers_are() throws Exception {
        AtomicInteger running = new AtomicInteger();
        AtomicBoolean stop = new AtomicBoolean();
        List<Future<?>> writers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            boolean open = i % 2 == 0;
            writers.add(threads.submit(() -> {
                while (!stop.get()) {
                    if (open) {
                        gate.enterOpenTransaction();
                    } else {
                        gate.enter();
                    }
                    running.incrementAndGet();
                    running.decrementAndGet();
                    gate.exit();
                }
            }));
        }
        for (int i = 0; i < 300; i++) {
            if (gate.close(LONG, LONG)) {
                for (int look = 0; look < 100; look++) {
                    assertEquals(0, running.get());
                }
                gate.open();
            }
        }
        stop.set(true);
        for (Future<?> writer : writers) {
            writer.get();
        }
    }

    @Test
    void a_long_statement_makes_the_closer_give_up_and_others_go_on() throws Exception {
        gate.enter();
        assertFalse(gate.close(SHORT, SHORT));
        CompletableFuture.runAsync(this::pass, threads).get();
        gate.exit();
        assertTrue(gate.close(0, 0));
        gate.open();
        pass();
    }

    private void pass() {
        gate.enter();
        gate.exit();
    }

    @Test
    void while_it_is_about_to_close_open_transactions_end_and_new_ones_wait() throws Exception {
        gate.enter();
        CompletableFuture<Boolean> closing = CompletableFuture.supplyAsync(
                () -> {
                    boolean closed = gate.close(0, LONG);
                    gate.open();
                    return closed;
                },
                threads);
        CountDownLatch passed = new CountDownLatch(1);
        // Once it is held, a new transaction no longer passes.
        boolean held = false;
        while (!held) {
            Future<?> probe = threads.submit(() -> {
                gate.enter();
                gate.exit();
                passed.countDown();
            });
            try {
                probe.get(50, TimeUnit.MILLISECONDS);
            } catch (java.util.concurrent.TimeoutException e) {
                held = true;
            }
        }
        assertFalse(closing.isDone());
        CompletableFuture.runAsync(
                        () -> {
                            gate.enterOpenTransaction();
                            gate.exit();
                        },
                        threads)
                .get();
        gate.exit();
        assertTrue(closing.get());
        passed.await();
    }

    @Test
    void misuse_is_told() {
        assertThrows(IllegalStateException.class, gate::exit);
        assertThrows(IllegalStateException.class, gate::open);
    }
}
