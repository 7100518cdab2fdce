package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.engine.operations.FreePorts;
import io.synod.jdbc.SynodUrl;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Statements that a node executes for nobody. */
@Timeout(300)
class WarmUpTest {
    @TempDir
    Path directory;

    private final AtomicBoolean begun = new AtomicBoolean();

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("synod-"))
                .collect(Collectors.toSet());
    }

    /** Runs it until all that it has started is gone. */
    private WarmUp run(BooleanSupplier closed) throws Exception {
        Set<Thread> before = threads();
        WarmUp warmUp = new WarmUp(closed, begun, 0);
        warmUp.onRole("x", "a", 1, false);
        assertTrue(begun.get());
        Await.until("nothing of it is left", () -> before.containsAll(threads()));
        return warmUp;
    }

    @Test
    void all_its_sessions_succeed_and_nothing_is_left_of_it() throws Exception {
        WarmUp warmUp = run(() -> false);
        if (warmUp.failure() != null) {
            throw new AssertionError("after " + warmUp.rounds() + " rounds", warmUp.failure());
        }
        assertTrue(warmUp.rounds() > 0);
    }

    @Test
    void it_waits_until_somebody_leads() {
        new WarmUp(() -> false, begun, 0).onRole("x", null, 0, false);
        assertFalse(begun.get());
    }

    @Test
    void second_node_of_a_process_does_not_do_it_again() throws Exception {
        begun.set(true);
        WarmUp second = run(() -> {
            throw new AssertionError("it runs");
        });
        assertEquals(0, second.rounds());
        assertNull(second.failure());
    }

    @Test
    void it_ends_with_its_node_and_another_one_may_do_it() throws Exception {
        AtomicInteger looks = new AtomicInteger();
        // Late enough for its own node to be there.
        WarmUp warmUp = run(() -> looks.incrementAndGet() > 5);
        assertNull(warmUp.failure());
        assertTrue(warmUp.rounds() <= 5, warmUp.rounds() + " rounds behind the end");
        assertFalse(begun.get());
    }

    @Test
    void closing_ends_it() throws Exception {
        Set<Thread> before = threads();
        AtomicInteger looks = new AtomicInteger();
        CountDownLatch reached = new CountDownLatch(1);
        CountDownLatch isClosed = new CountDownLatch(1);
        WarmUp warmUp = new WarmUp(
                () -> {
                    if (looks.incrementAndGet() == 10) {
                        reached.countDown();
                        try {
                            isClosed.await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    }
                    return false;
                },
                begun,
                0);
        warmUp.onRole("x", "a", 1, false);
        reached.await();
        warmUp.close();
        isClosed.countDown();
        Await.until("nothing of it is left", () -> before.containsAll(threads()));
        assertNull(warmUp.failure());
        assertTrue(looks.get() <= 11, looks + " looks: it went on after it was closed");
        assertFalse(begun.get());
    }

    @Test
    void it_does_not_begin_at_once_and_closing_ends_that() throws Exception {
        Set<Thread> before = threads();
        WarmUp warmUp = new WarmUp(() -> false, begun, TimeUnit.HOURS.toNanos(1));
        warmUp.onRole("x", "a", 1, false);
        warmUp.close();
        Await.until("nothing of it is left", () -> before.containsAll(threads()));
        assertEquals(0, warmUp.rounds());
        assertFalse(begun.get());
    }

    @Test
    void failure_is_of_no_consequence() throws Exception {
        AtomicInteger looks = new AtomicInteger();
        WarmUp warmUp = run(() -> {
            if (looks.incrementAndGet() > 5) {
                throw new IllegalStateException("for this test");
            }
            return false;
        });
        assertNotNull(warmUp.failure());
        assertTrue(begun.get(), "what has failed once is not tried by every node");
    }

    @Test
    void only_nodes_that_others_can_reach_do_it() throws SQLException {
        String file = "file:" + directory.resolve("x");
        assertTrue(wanted(file + ";LISTEN=127.0.0.1:7101"));
        assertTrue(wanted(file + ";LISTEN=127.0.0.1:7101;WARM_UP=true"));
        assertFalse(wanted(file + ";LISTEN=127.0.0.1:7101;WARM_UP=false"));
        assertFalse(wanted(file + ";SQL=127.0.0.1:7102"));
        assertFalse(wanted(file));
        assertFalse(wanted("mem:x"));
    }

    private static boolean wanted(String url) throws SQLException {
        return WarmUp.isFor(NodeConfig.of(SynodUrl.parse(SynodUrl.PREFIX + url, null)));
    }

    @Test
    void node_does_it_once_it_has_a_leader_unless_it_is_told_not_to() throws Exception {
        AtomicBoolean done = WarmUp.ofThisProcess();
        boolean before = done.getAndSet(false);
        try {
            startAndStop("told", ";WARM_UP=FALSE", () -> true);
            assertFalse(done.get());
            startAndStop("by_itself", "", done::get);
            Await.until("its node has closed it", () -> !done.get());
        } finally {
            done.set(before);
        }
    }

    private void startAndStop(String database, String settings, Await.Condition condition) throws Exception {
        String url = SynodUrl.PREFIX + "file:" + directory.resolve(database).resolve(database) + ";LISTEN=127.0.0.1:"
                + FreePorts.take(1).get(0) + settings;
        try (Node node = EmbeddedEngine.start(SynodUrl.parse(url, null))) {
            Await.until("it serves", () -> node.serves(database));
            Await.until("it has begun", condition);
        }
    }
}
