package io.synod.engine.twin;

import io.synod.engine.twin.Corpus.Step;
import io.synod.engine.twin.CorpusTest.StockRun;
import io.synod.engine.twin.TwinCluster.Way;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** One topic on one way, compared with what stock H2 did. */
final class TopicRun {
    private static final int TRIES = 6;
    /** After so many statements that differ, the rest only follows from them. */
    private static final int MOST = 25;

    private static final String REFUSED = "0A000";

    private int most = MOST;
    private int ran;

    private final TwinCluster cluster;
    private final Way way;

    TopicRun(TwinCluster cluster, Way way) {
        this.cluster = cluster;
        this.way = way;
    }

    TopicRun stoppingAtFirst() {
        most = 1;
        return this;
    }

    /** How many steps were run the last time. */
    int ran() {
        return ran;
    }

    /** A change of leader in the middle is no difference: then the topic is run again. */
    List<String> compare(List<Step> steps, StockRun expected) throws Exception {
        for (int attempt = 1; ; attempt++) {
            long epoch = cluster.epochOf(way);
            List<String> found = once(steps, expected);
            if (found.isEmpty() || attempt == TRIES || epoch == cluster.epochOf(way)) {
                return found;
            }
        }
    }

    private List<String> once(List<Step> steps, StockRun expected) throws Exception {
        List<String> found = new ArrayList<>();
        int differing = 0;
        try (Side synod = cluster.side(way)) {
            synod.reset();
            for (int i = 0; i < steps.size() && differing < most; i++) {
                ran = i + 1;
                List<String> lines = compare(steps.get(i), expected.outcomes().get(i), synod);
                if (!lines.isEmpty()) {
                    differing++;
                    found.add(steps.get(i).where() + ": " + steps.get(i).sql() + "\n" + String.join("\n", lines));
                }
            }
        }
        try {
            cluster.verify(way);
        } catch (SQLException | AssertionError e) {
            found.add("verify: " + e.getMessage());
        }
        if (found.isEmpty()) {
            compareCatalogues(expected, found);
        }
        return found;
    }

    private List<String> compare(Step step, Outcome stock, Side synod) {
        Outcome outcome = synod.run(step);
        if (step.refused() == null) {
            return step.anyMessage()
                    ? stock.withoutMessage().differences(outcome.withoutMessage())
                    : stock.differences(outcome);
        }
        boolean refused = REFUSED.equals(outcome.state()) && outcome.message().contains(step.refused());
        return refused
                ? List.of()
                : List.of("  expected:  0A000 … " + step.refused(), "  Synod:    " + outcome.lines());
    }

    /** What the way itself exports; that the members have the same was verified. */
    private void compareCatalogues(StockRun expected, List<String> found) throws Exception {
        try (Side synod = cluster.side(way)) {
            Catalogue.differences(expected.script(), synod.script("catalogue"))
                    .forEach(line -> found.add("catalogue: " + line));
        }
    }
}
