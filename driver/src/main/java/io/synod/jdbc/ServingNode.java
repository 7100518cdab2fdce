package io.synod.jdbc;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Which node serves as the leader, asked of all nodes of a URL at once after the loss of one: a session that came to another member
 * first would wait there for the new leader, and for what that member has still to apply, and move once more. One search for all
 * sessions of the JVM that have lost the same node; it ends as soon as somebody serves. Nodes of earlier releases do not say: where
 * nobody else is there the search ends at once. Thread-safe.
 */
final class ServingNode {
    /** Of a search; after that a session takes whichever node it comes to. */
    static final int SEARCH_MILLIS = 500;

    private static final int PROBE_MILLIS = 250;
    private static final long PAUSE_NANOS = 10_000_000L;

    private static final Map<String, CompletableFuture<String>> SEARCHES = new ConcurrentHashMap<>();

    private ServingNode() {}

    /**
     * @param lost {@code host:port} that is not asked: it cannot serve this session, whatever it says
     * @return where the leader is, {@code host:port}, or {@code null} for nowhere
     */
    static CompletableFuture<String> search(SynodUrl url, String lost) {
        return search(url, lost, SEARCH_MILLIS, PROBE_MILLIS);
    }

    /**
     * @param searchMillis for which somebody who serves is looked for
     * @param probeMillis for which each answer is waited for
     */
    static CompletableFuture<String> search(SynodUrl url, String lost, int searchMillis, int probeMillis) {
        List<String> asked =
                url.endpoints().stream().filter(place -> !place.equals(lost)).toList();
        if (asked.isEmpty() || !LeaderHints.wants(url)) {
            return CompletableFuture.completedFuture(null);
        }
        String key = asked + "/" + url.database();
        CompletableFuture<String> mine = new CompletableFuture<>();
        CompletableFuture<String> running = SEARCHES.putIfAbsent(key, mine);
        if (running != null) {
            return running;
        }
        try {
            begin(key, mine, asked, url.database(), searchMillis, probeMillis);
        } catch (OutOfMemoryError e) {
            // No thread is to be had: then without a search.
            end(key, mine, null);
        }
        return mine;
    }

    private static void begin(
            String key,
            CompletableFuture<String> found,
            List<String> asked,
            String database,
            int searchMillis,
            int probeMillis) {
        AtomicInteger asking = new AtomicInteger(asked.size());
        long end = System.nanoTime() + searchMillis * 1_000_000L;
        for (String place : asked) {
            Thread thread = new Thread(
                    () -> {
                        boolean serves = false;
                        try {
                            serves = serves(place, database, found, end, probeMillis);
                        } finally {
                            if (asking.decrementAndGet() == 0 || serves) {
                                end(key, found, serves ? place : null);
                            }
                        }
                    },
                    "synod-driver-search-" + place);
            thread.setDaemon(true);
            thread.start();
        }
    }

    /** Those who come later ask anew. */
    private static void end(String key, CompletableFuture<String> found, String place) {
        SEARCHES.remove(key, found);
        found.complete(place);
    }

    private static boolean serves(
            String place, String database, CompletableFuture<String> found, long end, int probeMillis) {
        while (!found.isDone() && System.nanoTime() - end < 0) {
            switch (LeaderQuestion.askServing(place, database, probeMillis)) {
                case SERVES -> {
                    return true;
                }
                case SILENT, OTHER -> {
                    return false;
                }
                case KNOWN, NONE ->
                    LockSupport.parkNanos(
                            PAUSE_NANOS + ThreadLocalRandom.current().nextLong(PAUSE_NANOS));
            }
        }
        return false;
    }
}
