package io.synod.bench.workload;

import io.synod.bench.Round;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** What is promised of nodes that get more than they can serve, each with what was measured and whether that is enough. */
final class OverloadBars {
    /** Of the best throughput. */
    static final double THROUGHPUT = 0.8;
    /** Of the median client's operations, or of the mean where that is more, what the least served one gets. */
    static final double FAIR = 0.25;
    /** Below that chance makes as much as fairness. */
    static final long FAIR_MEAN = 8;
    /** What a node's heap may gain while the number of clients stays, a full collection before and after. */
    static final long HEAP_MIB = 32;
    /** Of who is not admitted, or is asked to try again: nothing was executed. */
    private static final Set<String> CLEAR = Set.of("53300", "HYT00", "40001");

    private final List<String> lines = new ArrayList<>();
    private boolean met = true;

    private void add(boolean held, String what, Object... measured) {
        met &= held;
        lines.add(String.format(Locale.ROOT, what, measured) + (held ? ": met" : ": missed"));
    }

    /** @param rates of the steps, in their order; those behind the best are what it is about */
    void throughput(List<Integer> clients, List<Double> rates) {
        double best = rates.stream().mapToDouble(rate -> rate).max().orElseThrow();
        int at = rates.indexOf(best);
        for (int i = at + 1; i < rates.size(); i++) {
            rate(clients.get(i) + " clients", rates.get(i), best);
        }
        if (at == rates.size() - 1) {
            lines.add("throughput: the last step was the best; whether more clients make less is not shown");
        }
    }

    void rate(String what, double rate, double best) {
        add(
                rate >= THROUGHPUT * best,
                "throughput, %s: %.0f %% of the best (bar %.0f %%)",
                what,
                100 * rate / best,
                100 * THROUGHPUT);
    }

    /** @param each operations of each client, in ascending order */
    void fairness(String what, long[] each) {
        long median = each[each.length / 2];
        // Half of the clients may have starved: then the median says nothing.
        long mean = Arrays.stream(each).sum() / each.length;
        if (mean < FAIR_MEAN) {
            lines.add(String.format(
                    Locale.ROOT,
                    "fairness, %s: least %d, median %d, mean %d, most %d: too few operations to tell",
                    what,
                    each[0],
                    median,
                    mean,
                    each[each.length - 1]));
            return;
        }
        add(
                each[0] >= FAIR * Math.max(median, mean),
                "fairness, %s: least %d, median %d, mean %d, most %d operations of a client (bar: least %.0f %% of median and mean)",
                what,
                each[0],
                median,
                mean,
                each[each.length - 1],
                100 * FAIR);
    }

    /** Each failure says what it is; nobody is left without an answer, or loses the node. */
    void errors(String what, Round round) {
        Set<String> unclear = new TreeSet<>(round.errors().keySet());
        unclear.removeAll(CLEAR);
        add(
                unclear.isEmpty(),
                "errors, %s: %s (bar: none but %s)",
                what,
                round.errors().isEmpty() ? "none" : round.errors(),
                new TreeSet<>(CLEAR));
    }

    /** A node that ends takes its load and its memory with it. */
    void alive(String node, boolean is) {
        add(is, "node %s runs at the plateau's end", node);
    }

    /** @param before MiB after a full collection; −1 where that is not known: on a system that does not tell, in the end too */
    void heap(String node, long before, long after) {
        if (before < 0) {
            lines.add("heap of node " + node + ": not known");
            return;
        }
        add(
                after >= 0 && after - before <= HEAP_MIB,
                "heap of node %s after a collection: %d MiB at the plateau's beginning, %s at its end (bar: %d more)",
                node,
                before,
                after < 0 ? "not known" : after,
                HEAP_MIB);
    }

    boolean areMet() {
        return met;
    }

    List<String> lines() {
        return List.copyOf(lines);
    }
}
