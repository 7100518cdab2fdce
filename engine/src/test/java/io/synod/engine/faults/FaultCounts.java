package io.synod.engine.faults;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What was tried in a run, how often, and how soon clients went on: as the tables of docs/faults.md have it. */
final class FaultCounts {
    private final Map<Fault, Integer> tried = new EnumMap<>(Fault.class);
    private final Map<Fault, List<Long>> wentOnMillis = new EnumMap<>(Fault.class);
    private final List<Long> roundsMillis = new ArrayList<>();
    private final Set<Fault> round = EnumSet.noneOf(Fault.class);
    private final Map<String, Integer> steps = new TreeMap<>();
    private int restartedByHand;
    private int transferred;

    void began(Fault fault) {
        tried.merge(fault, 1, Integer::sum);
        round.add(fault);
    }

    /** What happened within a fault. */
    void step(Fault fault, String what) {
        steps.merge(fault + " " + what, 1, Integer::sum);
    }

    /** The end of the round: every client had gone on after so long. */
    void mended(long millis) {
        roundsMillis.add(millis);
        round.forEach(fault ->
                wentOnMillis.computeIfAbsent(fault, f -> new ArrayList<>()).add(millis));
        round.clear();
    }

    void restartedByHand() {
        restartedByHand++;
    }

    void transferred(boolean done) {
        transferred += done ? 1 : 0;
    }

    /** @param skipped and why */
    String table(Map<Fault, String> skipped) {
        StringBuilder table =
                new StringBuilder("\n| fault | tried | all clients went on: median, longest |\n| --- | --- | --- |");
        tried.forEach((fault, times) -> table.append("\n| `")
                .append(fault)
                .append("` | ")
                .append(times)
                .append(" | ")
                .append(millis(wentOnMillis.getOrDefault(fault, List.of())))
                .append(" |"));
        skipped.forEach((fault, why) -> table.append("\n| `")
                .append(fault)
                .append("` | skipped | ")
                .append(why)
                .append(" |"));
        table.append("\n| all, in ")
                .append(roundsMillis.size())
                .append(" rounds | ")
                .append(tried.values().stream().mapToInt(Integer::intValue).sum())
                .append(" | ")
                .append(millis(roundsMillis))
                .append(" |\n");
        return table.append(transferred)
                .append(" transfers were told as done, ")
                .append(restartedByHand)
                .append(" nodes restarted by hand; steps ")
                .append(steps)
                .toString();
    }

    private static String millis(Collection<Long> all) {
        List<Long> sorted = all.stream().sorted().toList();
        return sorted.isEmpty()
                ? "never ended"
                : sorted.get(sorted.size() / 2) + " ms, " + sorted.get(sorted.size() - 1) + " ms";
    }
}
