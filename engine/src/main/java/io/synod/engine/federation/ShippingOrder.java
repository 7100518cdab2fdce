package io.synod.engine.federation;

import io.synod.engine.federation.FederatedPlan.Edge;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToIntFunction;

/**
 * In which order the fragments of one execution are shipped, and by whose keys each is filtered: those first of which the
 * fewest rows are expected. A fragment that turns out to have many more waits once for those whose keys would filter it, so
 * that nobody is filtered by its many keys.
 */
final class ShippingOrder {
    /** Keys that leave more than this part of the rows are not worth being sent. */
    private static final double WORTH = 0.85;

    /** Fewer rows are shipped as they are: to read them again would cost as much. */
    private static final int FEW = 100;

    /** So many times the expected rows are what was not expected. */
    private static final double SURPRISE = 1.5;

    private final List<Edge> edges;
    private final int mostKeys;
    private final ToIntFunction<Edge> keys;
    private final double[] rows;
    /** How many times the expected rows a fragment was seen to have. */
    private final double[] factor;

    private final Set<Integer> shipped = new HashSet<>();
    private final Set<Integer> seen = new HashSet<>();
    private final Set<Integer> waiting = new HashSet<>();

    /**
     * Begins one.
     *
     * @param mostKeys that are sent
     * @param keys of an edge whose source was shipped; below 0 if they cannot be sent
     */
    ShippingOrder(FederatedPlan plan, int mostKeys, ToIntFunction<Edge> keys) {
        this.edges = plan.edges();
        this.mostKeys = mostKeys;
        this.keys = keys;
        this.rows = plan.fragments().stream()
                .mapToDouble(FederatedPlan.Fragment::rows)
                .toArray();
        this.factor = new double[rows.length];
        Arrays.fill(factor, 1);
    }

    /** @return the fragment to be read next, -1 when all are shipped */
    int next() {
        int next = -1;
        double least = 0;
        for (int i = 0; i < rows.length; i++) {
            if (!shipped.contains(i)) {
                // One that waits comes last, unless it has its keys.
                boolean waits = waiting.contains(i) && filters(i).isEmpty();
                double expected = waits ? Double.MAX_VALUE : expected(i);
                if (next < 0 || expected < least) {
                    next = i;
                    least = expected;
                }
            }
        }
        return next;
    }

    private double expected(int fragment) {
        double expected = factor[fragment] * rows[fragment];
        for (Edge edge : edges) {
            if (edge.target() == fragment && shipped.contains(edge.source())) {
                int distinct = keys.applyAsInt(edge);
                if (distinct >= 0) {
                    expected = Math.min(expected, distinct * rowsPerKey(edge));
                }
            }
        }
        return expected;
    }

    private double rowsPerKey(Edge edge) {
        return factor[edge.target()] * edge.rowsPerKey();
    }

    /** @return numbers of the edges by whose keys the fragment is filtered now: for each column, the one with the fewest */
    Set<Integer> filters(int fragment) {
        Map<Integer, Integer> best = new TreeMap<>();
        for (int e = 0; e < edges.size(); e++) {
            Edge edge = edges.get(e);
            if (edge.target() == fragment && shipped.contains(edge.source())) {
                int distinct = keys.applyAsInt(edge);
                if (distinct >= 0 && distinct * edge.rowsPerKey() <= WORTH * rows[fragment]) {
                    Integer known = best.get(edge.targetColumn());
                    if (known == null || distinct < keys.applyAsInt(edges.get(known))) {
                        best.put(edge.targetColumn(), e);
                    }
                }
            }
        }
        return new TreeSet<>(best.values());
    }

    /**
     * Whether a fragment that was read does not count as shipped now, but later, when there are keys that filter it: it is read
     * again, unless its rows are held. At most once for each.
     *
     * @param found rows that it has with the filters of now
     */
    boolean waits(int fragment, long found) {
        double expected = expected(fragment);
        if (found <= FEW || found <= SURPRISE * expected || !seen.add(fragment)) {
            return false;
        }
        factor[fragment] *= found / expected;
        double[] before = before(fragment);
        for (Edge edge : edges) {
            if (edge.target() == fragment && before[edge.source()] <= mostKeys) {
                double left = before[edge.source()] * rowsPerKey(edge);
                if (left <= WORTH * found && before[edge.source()] < found) {
                    waiting.add(fragment);
                    return true;
                }
            }
        }
        return false;
    }

    /** What is expected of each other fragment if all others are shipped before this one, each filtered by the keys of another. */
    private double[] before(int fragment) {
        double[] before = new double[rows.length];
        for (int i = 0; i < rows.length; i++) {
            before[i] = shipped.contains(i) || i == fragment ? Double.MAX_VALUE : expected(i);
        }
        for (int round = 1; round < rows.length; round++) {
            for (Edge edge : edges) {
                int to = edge.target();
                if (to != fragment && !shipped.contains(to) && before[edge.source()] <= mostKeys) {
                    before[to] = Math.min(before[to], before[edge.source()] * rowsPerKey(edge));
                }
            }
        }
        return before;
    }

    void shipped(int fragment) {
        shipped.add(fragment);
    }
}
