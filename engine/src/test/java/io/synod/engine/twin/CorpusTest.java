package io.synod.engine.twin;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.synod.engine.twin.Corpus.Step;
import io.synod.engine.twin.TwinCluster.Way;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every statement of the corpus does the same on Synod as on stock H2, whichever way it goes, and leaves the same behind on
 * every member. {@code -Dtwin.topic=NAME} runs one topic, {@code -Dtwin.way=NAME} one way.
 */
@Tag("long")
class CorpusTest {
    @TempDir
    private static Path directory;

    private static TwinCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        cluster = new TwinCluster(directory);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @TestFactory
    Stream<DynamicTest> a_topic_is_the_same_as_on_stock_h2() {
        String only = System.getProperty("twin.topic", "");
        return Corpus.all().entrySet().stream()
                .filter(topic -> only.isEmpty() || topic.getKey().equals(only))
                .map(topic -> DynamicTest.dynamicTest(topic.getKey(), () -> run(topic.getValue())));
    }

    @Test
    void the_corpus_has_its_size() {
        int statements = 0;
        for (List<Step> steps : Corpus.all().values()) {
            statements += steps.size();
        }
        assertTrue(statements >= 1500, statements + " statements");
    }

    private void run(List<Step> steps) throws Exception {
        // A difference, and the ways on which it was seen.
        Map<String, List<String>> differences = new LinkedHashMap<>();
        for (boolean remote : List.of(false, true)) {
            try (Side stock = cluster.stock(remote)) {
                StockRun expected = StockRun.of(stock, steps);
                expected.surprises().forEach(line -> differences.put(line, List.of("stock H2")));
                for (Way way : Way.values()) {
                    if (way.isRemote() == remote
                            && System.getProperty("twin.way", way.name()).equals(way.name())) {
                        for (String difference : new TopicRun(cluster, way).compare(steps, expected)) {
                            differences
                                    .computeIfAbsent(difference, d -> new ArrayList<>())
                                    .add(way.name());
                        }
                    }
                }
            }
        }
        if (!differences.isEmpty()) {
            StringBuilder text = new StringBuilder(differences.size() + " differences:");
            differences.forEach((difference, ways) ->
                    text.append('\n').append(difference).append("\n  on ").append(ways));
            fail(text.toString());
        }
    }

    /** What stock H2 did. */
    record StockRun(List<Outcome> outcomes, List<String> script, List<String> surprises) {
        static StockRun of(Side stock, List<Step> steps) throws Exception {
            stock.reset();
            List<Outcome> outcomes = new ArrayList<>();
            List<String> surprises = new ArrayList<>();
            for (Step step : steps) {
                Outcome outcome = step.refused() != null ? null : stock.run(step);
                outcomes.add(outcome);
                if (outcome != null && !java.util.Objects.equals(outcome.state(), step.fails())) {
                    surprises.add(step.where() + ": " + step.sql() + "\n  on stock H2: state " + outcome.state() + " "
                            + outcome.message());
                }
            }
            return new StockRun(outcomes, stock.script("catalogue"), surprises);
        }
    }
}
