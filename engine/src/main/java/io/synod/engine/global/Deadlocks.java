package io.synod.engine.global;

import io.synod.engine.global.WaitGraph.Victim;
import io.synod.engine.global.WaitGraph.Wait;
import io.synod.engine.global.WaitGraph.Whole;
import io.synod.engine.global.WaitMessages.Report;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds deadlocks over several databases in which transactions of this node's clients are, and ends those that are to be ended.
 * Thread-safe.
 *
 * <p><b>Order.</b> While a statement of a session that has been in other databases runs for more than 50 ms, this node asks all nodes
 * who waits for whom ({@link WaitGraph}), at growing intervals of up to half a second. Where a transaction of its own is to be ended it
 * asks once more, and has the leader where that waits end it, if it is in the same wait still. All nodes with a transaction in the ring
 * find the same one, and only its own node acts, so one is ended and not two.
 *
 * <p><b>Failure.</b> A question that is lost is asked again. A wait of which nobody here knows (a unique index, the bound on writing
 * transactions) ends with LOCK_TIMEOUT, as ever.
 *
 * <p>Threads: {@code synod-deadlocks}, which sleeps while no session has been in other databases, and {@code synod-waits}, which answers
 * other nodes.
 */
public final class Deadlocks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Deadlocks.class);

    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long LEAST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long MOST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long ASK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long IDLE_SECONDS = 10;

    /** Questions of other nodes that wait here; one more is not answered, and asked again. */
    private static final int MAX_QUESTIONS = 64;

    /** Of one node in one answer, which must stay small: heartbeats go over the same connection. */
    private static final int MAX_REPORTED = 1_000;

    /** The way to other nodes. */
    public interface Peers {
        /** @return the answers that came in time */
        List<byte[]> askAll(byte[] question, long timeoutNanos);

        /** @return {@code null} when no answer came in time */
        byte[] ask(int slot, byte[] question, long timeoutNanos);
    }

    private final int slot;
    private final Supplier<Collection<WaitingSessions>> databases;
    private final Peers peers;
    private final Set<SpanningSession> watched = ConcurrentHashMap.newKeySet();
    private final Thread looking = new Thread(this::run, "synod-deadlocks");
    private final ThreadPoolExecutor answering;
    private boolean started;
    private volatile boolean closed;

    /**
     * @param slot of this node in the cluster
     * @param databases that are open on this node
     */
    public Deadlocks(int slot, Supplier<Collection<WaitingSessions>> databases, Peers peers) {
        this.slot = slot;
        this.databases = databases;
        this.peers = peers;
        looking.setDaemon(true);
        answering = new ThreadPoolExecutor(
                1,
                1,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(MAX_QUESTIONS),
                body -> {
                    Thread thread = new Thread(body, "synod-waits");
                    thread.setDaemon(true);
                    return thread;
                },
                new ThreadPoolExecutor.DiscardPolicy());
        answering.allowCoreThreadTimeOut(true);
    }

    /** To be called when a session has been in another database for the first time. */
    public void watch(SpanningSession session) {
        watched.add(session);
        synchronized (this) {
            if (!started && !closed) {
                started = true;
                looking.start();
            }
        }
        LockSupport.unpark(looking);
    }

    /** It is closed. */
    public void unwatch(SpanningSession session) {
        watched.remove(session);
    }

    // ---- what other nodes ask -------------------------------------------------------------------------------------

    /** Whether a question is one for {@link #asked}. */
    public static boolean isAskedBy(byte[] question) {
        return WaitMessages.isOne(question);
    }

    /** What another node asks. Does not block. */
    public void asked(byte[] question, Consumer<byte[]> answer) {
        answering.execute(() -> {
            try {
                Report asked = WaitMessages.decode(question);
                if (WaitMessages.isEnd(question)) {
                    asked.waits().forEach(wait -> endHere(wait, asked.over()));
                    answer.accept(WaitMessages.report(Report.EMPTY));
                } else {
                    answer.accept(WaitMessages.report(here()));
                }
            } catch (RuntimeException e) {
                LOG.warn("a question about waits is not answered: {}", e.toString());
            }
        });
    }

    private Report here() {
        List<Wait> waits = new ArrayList<>();
        for (WaitingSessions sessions : databases.get()) {
            waits.addAll(sessions.waits(slot));
        }
        List<Whole> wholes = new ArrayList<>();
        for (SpanningSession session : watched) {
            Whole whole = session.running();
            if (whole != null) {
                wholes.add(whole);
            }
        }
        return new Report(bounded(waits), bounded(wholes), Set.of());
    }

    private static <T> List<T> bounded(List<T> list) {
        return list.size() <= MAX_REPORTED ? list : list.subList(0, MAX_REPORTED);
    }

    private void endHere(Wait wait, Set<String> over) {
        for (WaitingSessions sessions : databases.get()) {
            if (sessions.database().equals(wait.database())) {
                sessions.end(wait, over);
            }
        }
    }

    // ---- what this node looks for ---------------------------------------------------------------------------------

    private void run() {
        Set<String> known = Set.of();
        long pause = LEAST_PAUSE_NANOS;
        long lookAt = System.nanoTime();
        while (!closed) {
            if (watched.isEmpty()) {
                LockSupport.park(this);
                continue;
            }
            LockSupport.parkNanos(this, TICK_NANOS);
            Set<String> slow = slow();
            long now = System.nanoTime();
            boolean more = !known.containsAll(slow);
            if (slow.isEmpty() || !more && now - lookAt < 0) {
                known = slow.isEmpty() ? slow : known;
                continue;
            }
            try {
                look(slow);
            } catch (RuntimeException e) {
                // A database is being closed, say.
                LOG.debug("looking for deadlocks", e);
            }
            known = slow;
            pause = more ? LEAST_PAUSE_NANOS : Math.min(2 * pause, MOST_PAUSE_NANOS);
            lookAt = System.nanoTime() + pause;
        }
    }

    /** The transactions of this node that may have been waiting for a while. */
    private Set<String> slow() {
        Set<String> slow = new HashSet<>();
        for (SpanningSession session : watched) {
            if (session.runningNanos() >= PATIENCE_NANOS) {
                Whole whole = session.running();
                if (whole != null) {
                    slow.add(whole.id());
                }
            }
        }
        return slow;
    }

    private void look(Set<String> slow) {
        WaitGraph first = collect();
        if (first.victims().stream()
                .noneMatch(victim -> slow.contains(victim.whole().id()))) {
            return;
        }
        for (Victim victim : first.stillIn(collect()).victims()) {
            if (slow.contains(victim.whole().id())) {
                LOG.info(
                        "transaction {} is ended: it is the youngest in a deadlock over the databases {}",
                        victim.whole().id(),
                        victim.databases());
                end(victim.waiting(), victim.databases());
            }
        }
    }

    private WaitGraph collect() {
        Report here = here();
        List<Wait> waits = new ArrayList<>(here.waits());
        List<Whole> wholes = new ArrayList<>(here.wholes());
        for (byte[] answer : peers.askAll(WaitMessages.list(), ASK_NANOS)) {
            Report there = WaitMessages.decode(answer);
            waits.addAll(there.waits());
            wholes.addAll(there.wholes());
        }
        return WaitGraph.of(waits, wholes);
    }

    private void end(Wait wait, Set<String> over) {
        if (wait.slot() == slot) {
            endHere(wait, over);
        } else {
            // Where the answer is lost, the ring is there with the next look, or it is not.
            peers.ask(wait.slot(), WaitMessages.end(wait, over), ASK_NANOS);
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(looking);
        answering.shutdown();
    }
}
