package io.synod.history;

import io.synod.history.Dependencies.Edge;
import io.synod.history.Level.Isolation;
import io.synod.history.Level.Order;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Isolation of transactions on lists, in the manner of Elle (Kingsbury and Alvaro, "Elle: inferring isolation anomalies from
 * experimental observations", VLDB 2020): the reads tell the order of each list's versions, that tells which
 * transaction depends on which, and a cycle of dependencies is what isolation levels forbid (Adya 1999). What is found is in
 * the history, whatever the database did; what clients could not see is not found. Above all, nobody knows the order of
 * appends that no read shows, so let a history end with a read of each list.
 *
 * <p>Takes time in proportion to the history, except for the shortest cycle of each component that has one, which has a bound.
 */
public final class AppendChecker {
    private static final int CYCLES_MAX = 10;

    private AppendChecker() {}

    /**
     * What the level forbids, worst first; of the cycles that have transactions in common, one of the worst kind, as short as
     * there is.
     */
    public static List<Anomaly> check(Collection<Transaction> history, Level level) {
        Versions versions = new Versions(history);
        List<Anomaly> found = new ArrayList<>(versions.anomalies());
        Dependencies graph = new Dependencies(versions, level.order());
        Set<Transaction> told = Collections.newSetFromMap(new IdentityHashMap<>());
        Set<Dependencies.Kind> kinds = EnumSet.of(Dependencies.Kind.WW);
        if (level.atLeast(Order.PROCESS)) {
            kinds.add(Dependencies.Kind.PROCESS);
        }
        if (level.atLeast(Order.REAL_TIME)) {
            kinds.add(Dependencies.Kind.REAL_TIME);
        }
        cycles(graph, kinds, true, told, found);
        kinds.add(Dependencies.Kind.WR);
        cycles(graph, kinds, true, told, found);
        kinds.add(Dependencies.Kind.RW);
        if (level.atLeast(Isolation.SNAPSHOT)) {
            cycles(graph, kinds, false, told, found);
        }
        if (level.atLeast(Isolation.SERIALIZABLE)) {
            cycles(graph, kinds, true, told, found);
        }
        return found;
    }

    private static void cycles(
            Dependencies graph,
            Set<Dependencies.Kind> kinds,
            boolean adjacent,
            Set<Transaction> told,
            List<Anomaly> found) {
        List<List<Edge>> cycles = new Cycles(graph, kinds, adjacent).find(CYCLES_MAX, t -> !told.contains(t));
        for (List<Edge> cycle : cycles) {
            List<Step> steps = steps(graph, cycle);
            List<Transaction> transactions = steps.stream().map(Step::from).toList();
            told.addAll(transactions);
            StringBuilder reason = new StringBuilder();
            for (Step step : steps) {
                reason.append("\n  ").append(step.reason());
            }
            transactions.forEach(t -> reason.append("\n  ").append(t));
            found.add(new Anomaly(kind(steps), transactions, reason.toString()));
        }
    }

    // ------------------------------------------------------------------ what a cycle is

    /**
     * From transaction to transaction.
     *
     * @param unseen what {@code to} appended was read by nobody
     */
    private record Step(
            Dependencies.Kind kind, Transaction from, Transaction to, String key, long value, boolean unseen) {
        String reason() {
            String a = from.name();
            String b = to.name();
            return switch (kind) {
                case WW -> b + " appended " + value + " to " + key + " behind " + a + place();
                case WR -> b + " read " + value + " in " + key + ", of " + a;
                case RW -> a + " read " + key + " without " + value + ", of " + b + place();
                case PROCESS -> a + " came before " + b + " in process " + from.process();
                case REAL_TIME -> a + " ended at " + from.ended() + ", before " + b + " began at " + to.began();
                case VIA -> throw new IllegalStateException("no step of its own");
            };
        }

        private String place() {
            return unseen ? " (which no read shows)" : "";
        }
    }

    private static List<Step> steps(Dependencies graph, List<Edge> cycle) {
        List<Step> steps = new ArrayList<>();
        Edge first = null;
        for (Edge edge : cycle) {
            first = edge.kind() == Dependencies.Kind.VIA ? first : edge;
            if (graph.isTransaction(edge.to())) {
                boolean via = edge != first;
                steps.add(new Step(
                        first.kind(),
                        graph.transaction(first.from()),
                        graph.transaction(edge.to()),
                        via ? edge.key() : first.key(),
                        via ? edge.value() : first.value(),
                        via && !edge.key().isEmpty()));
            }
        }
        return steps;
    }

    private static Anomaly.Kind kind(List<Step> steps) {
        int missed = 0;
        int read = 0;
        int unseen = 0;
        int ordered = 0;
        boolean adjacent = false;
        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            unseen += step.unseen ? 1 : 0;
            switch (step.kind) {
                case WR -> read++;
                case RW -> {
                    missed++;
                    adjacent |= steps.get((i + 1) % steps.size()).kind == Dependencies.Kind.RW;
                }
                case PROCESS, REAL_TIME -> ordered++;
                default -> {}
            }
        }
        if (unseen == 1 && ordered == steps.size() - 1) {
            return Anomaly.Kind.LOST_APPEND;
        }
        return switch (missed) {
            case 0 -> read > 0 ? Anomaly.Kind.G1C : Anomaly.Kind.G0;
            case 1 -> Anomaly.Kind.G_SINGLE;
            default -> adjacent ? Anomaly.Kind.G2 : Anomaly.Kind.G_NONADJACENT;
        };
    }
}
