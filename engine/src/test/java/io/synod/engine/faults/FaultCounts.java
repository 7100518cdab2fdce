package io.synod.engine.faults;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What was tried in a run, how often, and how soon clients went on: as the tables of docs/faults.md have it. */
final class FaultCounts {
    private final Map<Nemesis.Fault, Integer> tried = new EnumMap<>(Nemesis.Fault.class);
    private final Map<Nemesis.Fault, List<Long>> wentOnMillis = new EnumMap<>(Nemesis.Fault.class);
    private final List<Long> roundsMillis = new ArrayList<>();
    private final Set<Nemesis.Fault> round = EnumSet.noneOf(Nemesis.Fault.class);
    private int restartedByHand;
    private int transferred;

    void began(Nemesis.Fault fault) {
        tried.merge(fault, 1, Integer::sum);
        round.add(fault);
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
    String table(Map<Nemesis.Fault, String> skipped) {
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
                .append(" nodes restarted by hand")
                .toString();
    }

    private static String millis(Collection<Long> all) {
        List<Long> sorted = all.stream().sorted().toList();
        return sorted.isEmpty()
                ? "never ended"
                : sorted.get(sorted.size() / 2) + " ms, " + sorted.get(sorted.size() - 1) + " ms";
    }
}
