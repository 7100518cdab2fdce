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
 * fewest rows are expected. What is expected may be a guess, and nobody's keys filter what is read first. So reading ends
 * early where that is found out: a fragment that turns out to have many more rows waits for those whose keys would filter it,
 * and before one is read without a filter, another whose rows were only guessed is tried up to as many rows as it would save.
 * Each is read in vain once at most.
 */
final class ShippingOrder {
    /** Keys that leave more than this part of the rows are not worth being sent. */
    private static final double WORTH = 0.85;

    /** Fewer rows are shipped as they are: to read them again would cost as much. */
    private static final int FEW = 100;

    /** So many times the expected rows are what was not expected. */
    private static final double SURPRISE = 1.5;

    /** A guess is wrong by this factor often enough. */
    private static final double GUESS = 8;

    private final List<Edge> edges;
    private final int mostKeys;
    private final ToIntFunction<Edge> keys;
    private final double[] rows;
    private final boolean[] guessed;
    /** How many times the expected rows a fragment was seen to have at least. */
    private final double[] factor;

    private final Set<Integer> shipped = new HashSet<>();
    private final Set<Integer> seen = new HashSet<>();
    private final Set<Integer> waiting = new HashSet<>();

    /**
     * What is to be read.
     *
     * @param fragment which one
     * @param most rows that it may have to be shipped now; 0 for any number
     */
    record Turn(int fragment, long most) {}

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
        this.guessed = new boolean[rows.length];
        for (int i = 0; i < rows.length; i++) {
            guessed[i] = plan.fragments().get(i).guessed();
        }
        this.factor = new double[rows.length];
        Arrays.fill(factor, 1);
    }

    /** @return {@code null} when all are shipped */
    Turn next() {
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
        if (next < 0) {
            return null;
        }
        Turn instead = trial(next);
        return instead == null ? new Turn(next, most(next)) : instead;
    }

    private double expected(int fragment) {
        double expected = factor[fragment] * rows[fragment];
        for (Edge edge : edges) {
            if (edge.target() == fragment && shipped.contains(edge.source())) {
                int distinct = keys.applyAsInt(edge);
                if (distinct >= 0) {
                    // Where the target refers to the source, it has no other keys.
                    double perKey = Math.max(edge.rowsPerKey(), rows[fragment] / edge.sourceKeys());
                    expected = Math.min(expected, distinct * factor[fragment] * perKey);
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

    /** The guessed fragment with the fewest rows whose keys might filter one that is not guessed and that nothing filters yet. */
    private Turn trial(int next) {
        double expected = expected(next);
        if (guessed[next] || expected <= FEW || !filters(next).isEmpty()) {
            return null;
        }
        double[] rowsEach = rowsEach(next);
        Turn best = null;
        for (int i = 0; i < rows.length; i++) {
            if (i != next && guessed[i] && !shipped.contains(i) && !seen.contains(i)) {
                long most = (long) Math.min(mostKeys, WORTH * expected / Math.max(1, rowsEach[i]));
                if (most >= FEW
                        && expected(i) <= GUESS * most
                        && (best == null || expected(i) < expected(best.fragment()))) {
                    best = new Turn(i, most);
                }
            }
        }
        return best;
    }

    /** @return for each fragment, rows of the given one that a row of it leads to, by the keys of those between */
    private double[] rowsEach(int fragment) {
        double[] each = new double[rows.length];
        Arrays.fill(each, Double.MAX_VALUE);
        each[fragment] = 1;
        for (int round = 1; round < rows.length; round++) {
            for (Edge edge : edges) {
                if (each[edge.target()] < Double.MAX_VALUE) {
                    each[edge.source()] = Math.min(each[edge.source()], each[edge.target()] * rowsPerKey(edge));
                }
            }
        }
        return each;
    }

    /** With more rows it would rather wait for another one. */
    private long most(int fragment) {
        if (seen.contains(fragment)) {
            return 0;
        }
        double expected = expected(fragment);
        double[] before = before(fragment);
        double most = Double.MAX_VALUE;
        for (Edge edge : edges) {
            double source = before[edge.source()];
            if (edge.target() == fragment && source <= mostKeys && source * rowsPerKey(edge) <= WORTH * expected) {
                most = Math.min(most, source / GUESS);
            }
        }
        return most == Double.MAX_VALUE ? 0 : (long) Math.max(most, Math.max(FEW, SURPRISE * expected));
    }

    /** It has more rows than it may have to be shipped now: it is read again when there are keys that filter it, or last. */
    void exceeded(Turn turn) {
        int fragment = turn.fragment();
        seen.add(fragment);
        waiting.add(fragment);
        factor[fragment] *= Math.max(1, SURPRISE * turn.most() / expected(fragment));
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
