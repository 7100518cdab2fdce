package io.synod.bench.workload;

import com.fasterxml.jackson.jr.ob.JSON;
import io.synod.bench.Round;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Rounds, and how those of the first target relate to the others that stood beside them. */
final class WorkloadReport {
    private static final List<String> RIVALS = List.of("against", "floor");

    private final Workloads workload;
    private final int seconds;
    private final List<Map<String, Object>> targets = new ArrayList<>();
    private final Map<Integer, List<List<Round>>> rounds = new LinkedHashMap<>();

    WorkloadReport(Workloads workload, int seconds) {
        this.workload = workload;
        this.seconds = seconds;
    }

    void target(String name, String url, String product) {
        Map<String, Object> target = new LinkedHashMap<>();
        target.put("name", name);
        target.put("url", url);
        target.put("product", product);
        targets.add(target);
    }

    void add(int clients, List<Round> sideBySide) {
        rounds.computeIfAbsent(clients, n -> new ArrayList<>()).add(List.copyOf(sideBySide));
    }

    /** Median, least and greatest of the rounds' ratios. */
    record Ratio(double median, double least, double greatest) {
        static Ratio of(List<Double> ratios) {
            List<Double> sorted = ratios.stream().sorted().toList();
            int middle = sorted.size() / 2;
            double median =
                    sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
            return new Ratio(median, sorted.get(0), sorted.get(sorted.size() - 1));
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%.2f (%.2f..%.2f)", median, least, greatest);
        }
    }

    private Ratio ratio(int clients, String rival, ToDoubleFunction<Round> value) {
        List<Double> ratios = new ArrayList<>();
        for (List<Round> sideBySide : rounds.get(clients)) {
            ratios.add(value.applyAsDouble(find(sideBySide, "url")) / value.applyAsDouble(find(sideBySide, rival)));
        }
        return Ratio.of(ratios);
    }

    private static Round find(List<Round> rounds, String what) {
        return rounds.stream()
                .filter(round -> round.what().equals(what))
                .findFirst()
                .orElseThrow();
    }

    private List<String> rivals(int clients) {
        return RIVALS.stream()
                .filter(rival -> rounds.get(clients).get(0).stream()
                        .anyMatch(round -> round.what().equals(rival)))
                .toList();
    }

    /** One line for each rival. */
    List<String> ratios(int clients) {
        return rivals(clients).stream()
                .map(rival ->
                        "ratio to " + rival + ": p50 " + ratio(clients, rival, round -> round.micros(50)) + ", p99 "
                                + ratio(clients, rival, round -> round.micros(99)) + ", throughput "
                                + ratio(clients, rival, Round::perSecond))
                .toList();
    }

    void writeJson(Path file) throws IOException {
        Map<String, Object> whole = new LinkedHashMap<>();
        whole.put("workload", workload.name());
        whole.put("secondsPerRound", seconds);
        whole.put("java", System.getProperty("java.vm.name") + " " + System.getProperty("java.version"));
        whole.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        whole.put("processors", Runtime.getRuntime().availableProcessors());
        whole.put("targets", targets);
        List<Map<String, Object>> results = new ArrayList<>();
        rounds.forEach((clients, of) -> {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("clients", clients);
            result.put(
                    "rounds",
                    of.stream()
                            .flatMap(List::stream)
                            .map(WorkloadReport::fields)
                            .toList());
            Map<String, Object> ratios = new LinkedHashMap<>();
            for (String rival : rivals(clients)) {
                Map<String, Object> ratio = new LinkedHashMap<>();
                ratio.put("p50", fields(ratio(clients, rival, round -> round.micros(50))));
                ratio.put("p99", fields(ratio(clients, rival, round -> round.micros(99))));
                ratio.put("throughput", fields(ratio(clients, rival, Round::perSecond)));
                ratios.put(rival, ratio);
            }
            result.put("ratios", ratios);
            results.add(result);
        });
        whole.put("results", results);
        Files.writeString(file, JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(whole) + "\n");
    }

    private static Map<String, Object> fields(Ratio ratio) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("median", ratio.median());
        fields.put("least", ratio.least());
        fields.put("greatest", ratio.greatest());
        return fields;
    }

    private static Map<String, Object> fields(Round round) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("target", round.what());
        fields.put("completed", round.latency().getTotalCount());
        fields.put("perSecond", round.perSecond());
        for (String percentile : List.of("50", "90", "99", "99.9", "100")) {
            fields.put("p" + percentile + "Micros", round.micros(Double.parseDouble(percentile)));
        }
        fields.put("errors", round.errors());
        return fields;
    }
}
