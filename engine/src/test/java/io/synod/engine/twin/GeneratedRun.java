package io.synod.engine.twin;

import io.synod.engine.twin.Corpus.Step;
import io.synod.engine.twin.CorpusTest.StockRun;
import io.synod.engine.twin.TwinCluster.Way;
import java.util.ArrayList;
import java.util.List;

/** Generated statements on stock H2, then on Synod. */
final class GeneratedRun {
    private static final int LAST = 15;

    private GeneratedRun() {}

    /** @throws AssertionError with the seed, the last statements and the differences */
    static void run(TwinCluster cluster, Way way, long seed, int statements) throws Exception {
        String name = "seed " + seed + " (-Dsynod.seed=" + seed + "), " + statements + " statements, " + way;
        List<Step> steps = new ArrayList<>();
        List<Outcome> outcomes = new ArrayList<>();
        StockRun expected;
        try (Side stock = cluster.stock(way.isRemote())) {
            stock.reset();
            Generator generator = new Generator(seed);
            for (int i = 0; i < statements; i++) {
                Step step = generator.next();
                Outcome outcome = stock.run(step);
                generator.ended(outcome.state() == null);
                steps.add(step);
                outcomes.add(outcome);
            }
            expected = new StockRun(outcomes, stock.script("catalogue"), List.of());
        }
        TopicRun run = new TopicRun(cluster, way).stoppingAtFirst();
        List<String> differences = run.compare(steps, expected);
        if (!differences.isEmpty()) {
            throw new AssertionError(name + "\n" + last(steps, run.ran()) + String.join("\n", differences));
        }
    }

    private static String last(List<Step> steps, int ran) {
        StringBuilder text = new StringBuilder("the last statements:\n");
        for (Step step : steps.subList(Math.max(0, ran - LAST), ran)) {
            text.append("  ")
                    .append(step.line())
                    .append(' ')
                    .append(step.session())
                    .append(": ")
                    .append(step.sql())
                    .append('\n');
        }
        return text.toString();
    }
}
