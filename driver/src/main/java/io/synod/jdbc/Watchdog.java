package io.synod.jdbc;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * Notices nodes that went silent without closing their connections: paused, or cut off. TCP alone would let a client wait for
 * a quarter of an hour. While an answer is overdue its node is asked something harmless on a new connection, soon and then less
 * and less often; a node that does not answer that either for a second, nor any other session of this JVM meanwhile, loses the connections that wait for it, and their sessions
 * fail over; so does one that knows no leader while another node of the URL serves, or has known one for a second. (A node that has more to do than it can answers
 * new connections late: if all its sessions left it for that, their coming back would be even more to do.) A slow statement on any other node is left alone, unless who asked has set a limit
 * ({@code isValid}). It also drops what sessions have left for a leader.
 *
 * <p>One daemon thread, {@code synod-driver-watchdog}, for all sessions of the JVM; it starts with the first remote session.
 */
final class Watchdog {
    private static final long TICK_NANOS = 50_000_000;
    /** Then it is asked whether the node has a leader, for the first time. */
    private static final long ASK_NANOS = 250_000_000;
    /** From one question to the next its wait has grown by so much, but by {@link #OVERDUE_NANOS} at most. */
    private static final double ASK_AGAIN = 1.2;
    /** A node that says nothing for so long is down or cut off. */
    private static final long OVERDUE_NANOS = 1_000_000_000;

    private static final int PROBE_MILLIS = 1_000;
    /** Of a question whose answer counts only if there is one: who waits must not wait for it. */
    private static final int SHORT_PROBE_MILLIS = 250;

    private static final Set<NodeLink> LINKS = Collections.newSetFromMap(new WeakHashMap<>());
    private static Thread thread;

    /** @param silent whether it has waited so long that the silence of its node counts */
    record Overdue(NodeLink link, NodeLink.Waiting waiting, String endpoint, boolean silent) {}

    /** @param serving what is asked: whether it serves, not only whether it knows a leader */
    record Place(String endpoint, String database, int probeMillis, boolean serving) {}

    /** @param atNanos when it was there, or had to be: where this process stood still meanwhile, well before that was noticed */
    record Reply(LeaderQuestion.Answer answer, long atNanos) {}

    private Watchdog() {}

    static void watch(NodeLink link) {
        synchronized (LINKS) {
            LINKS.add(link);
            if (thread == null) {
                thread = new Thread(Watchdog::run, "synod-driver-watchdog");
                thread.setDaemon(true);
                thread.start();
            }
        }
    }

    static void forget(NodeLink link) {
        synchronized (LINKS) {
            LINKS.remove(link);
        }
    }

    private static void run() {
        long last = System.nanoTime();
        for (; ; ) {
            LockSupport.parkNanos(TICK_NANOS);
            long now = System.nanoTime();
            try {
                look(last, now);
            } catch (RuntimeException | Error e) {
                // No memory, say: without this thread sessions would wait for ever, so it looks again.
                LockSupport.parkNanos(OVERDUE_NANOS);
            }
            last = now;
        }
    }

    private static void look(long last, long now) {
        dropLeft(now);
        Map<Place, Reply> replies = new HashMap<>();
        for (Overdue o : overdue(last, now)) {
            if (isToBeLeft(o, place -> replies.computeIfAbsent(place, Watchdog::ask))) {
                o.link().sever(o.waiting());
            }
        }
    }

    /** What sessions have left for a leader, and read from no more. */
    static void dropLeft(long nowNanos) {
        synchronized (LINKS) {
            LINKS.forEach(link -> link.dropLeft(nowNanos));
        }
    }

    /** How many questions are due while an answer was awaited for so long. */
    static long questions(long waitedNanos) {
        if (waitedNanos < ASK_NANOS) {
            return 0;
        }
        double lastGrowing = OVERDUE_NANOS / (ASK_AGAIN - 1);
        double growing = Math.log(Math.min(waitedNanos, lastGrowing) / ASK_NANOS) / Math.log(ASK_AGAIN);
        double even = Math.max(0, waitedNanos - lastGrowing) / OVERDUE_NANOS;
        return 1 + (long) (growing + even);
    }

    private static List<Overdue> overdue(long last, long now) {
        List<Overdue> overdue = new ArrayList<>();
        synchronized (LINKS) {
            for (NodeLink link : LINKS) {
                NodeLink.Waiting waiting = link.waiting();
                if (waiting == null) {
                    continue;
                }
                long waited = now - waiting.sinceNanos();
                if (waited > waiting.limitNanos()) {
                    link.sever(waiting);
                } else if (questions(waited) > questions(last - waiting.sinceNanos())) {
                    overdue.add(new Overdue(link, waiting, link.endpoint(), waited > OVERDUE_NANOS));
                }
            }
        }
        return overdue;
    }

    /**
     * A node that does not answer is given up, at once where another one of the URL serves by now; so is one that knows no leader: the
     * session's own may be cut off from the majority, and would keep it waiting. Who only knows a leader may know the one that was
     * lost, and is believed later.
     */
    static boolean isToBeLeft(Overdue o, Function<Place, Reply> ask) {
        SynodUrl url = o.link().url();
        int probeMillis = o.silent() ? PROBE_MILLIS : SHORT_PROBE_MILLIS;
        Reply own = ask.apply(new Place(o.endpoint(), url.database(), probeMillis, false));
        return switch (own.answer()) {
            case SILENT ->
                !answersSomebody(o.endpoint(), own.atNanos())
                        && (o.silent() || LeaderHints.wants(url) && anotherSays(LeaderQuestion.Answer.SERVES, o, ask));
            case NONE ->
                anotherSays(LeaderQuestion.Answer.SERVES, o, ask)
                        || o.silent() && anotherSays(LeaderQuestion.Answer.KNOWN, o, ask);
            case OTHER, SERVES, KNOWN -> false;
        };
    }

    private static boolean anotherSays(LeaderQuestion.Answer what, Overdue o, Function<Place, Reply> ask) {
        SynodUrl url = o.link().url();
        boolean serving = what == LeaderQuestion.Answer.SERVES;
        return url.endpoints().stream()
                .filter(other -> !other.equals(o.endpoint()))
                .map(other -> new Place(other, url.database(), SHORT_PROBE_MILLIS, serving))
                .anyMatch(place -> ask.apply(place).answer() == what);
    }

    /**
     * Lately, seen from when its answer was due and not from when that was noticed: where this process stood still meanwhile, its other
     * sessions have not read theirs yet.
     */
    private static boolean answersSomebody(String endpoint, long atNanos) {
        synchronized (LINKS) {
            return LINKS.stream()
                    .anyMatch(link -> endpoint.equals(link.endpoint())
                            && atNanos - link.answeredNanos() < OVERDUE_NANOS + TICK_NANOS);
        }
    }

    private static Reply ask(Place place) {
        long due = System.nanoTime() + place.probeMillis() * 1_000_000L;
        LeaderQuestion.Answer answer = place.serving()
                ? LeaderQuestion.askServing(place.endpoint(), place.database(), place.probeMillis())
                : LeaderQuestion.ask(place.endpoint(), place.database(), place.probeMillis());
        long now = System.nanoTime();
        return new Reply(answer, now - due > 0 ? due : now);
    }
}
