package io.synod.engine.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.operations.TpchQueries;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.h2.result.ResultInterface;
import org.h2.value.Value;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The 22 queries of TPC-H give over two and three databases what they give on one. */
@Tag("long")
class FederatedTpchTest {
    /** 31 suppliers: a prime number, as the generator's formula for part suppliers wants of so few. */
    private static final double SCALE = 0.0031;

    private static final double MOST_SHIPPED = 1.2;

    /**
     * How many times the needed rows are read in the databases where it is more than that: of what is read first, by nobody's
     * keys, few rows may have a partner, and none of the estimates says so.
     */
    private static final Map<Integer, Double> MOST_READ = Map.of(2, 1.3, 3, 4.0, 7, 3.5, 8, 1.4, 19, 3.3);

    private static Twin two;
    private static Twin three;

    @BeforeAll
    static void load() throws Exception {
        two = TpchTwin.load(SCALE, TpchTwin.TWO);
        three = TpchTwin.load(SCALE, TpchTwin.THREE);
    }

    @AfterAll
    static void close() {
        two.close();
        three.close();
    }

    static Stream<TpchQueries.Query> queries() {
        return TpchQueries.ALL.stream();
    }

    @ParameterizedTest
    @MethodSource("queries")
    void two_databases(TpchQueries.Query query) {
        check(two, query);
    }

    @ParameterizedTest
    @MethodSource("queries")
    void three_databases(TpchQueries.Query query) {
        check(three, query);
    }

    private static void check(Twin twin, TpchQueries.Query query) {
        List<String> expected = twin.runSingle(query.single());
        assertTrue(expected.size() > 1, "has rows");
        assertEquals(null, twin.difference(expected, query.sql(), query.ordered()), () -> twin.explain(query.sql()));
        assertTrue(List.of("planned", "local").contains(twin.plan(query.sql())), () -> twin.explain(query.sql()));
    }

    /** Of the rows of a plan's fragments, those that have a partner in all that they are joined with, and so on until none is left out. */
    private static long needed(Twin twin, FederatedPlan plan) {
        List<List<Value[]>> fragments = new ArrayList<>();
        for (FederatedPlan.Fragment fragment : plan.fragments()) {
            List<Value[]> rows = new ArrayList<>();
            String sql = fragment.sql().assemble().sql();
            var session = twin.databases().find(fragment.database()).session();
            try (ResultInterface result = Scratch.query(session.prepareCommand(sql), new Value[0], 0)) {
                while (result.next()) {
                    rows.add(result.currentRow().clone());
                }
            }
            fragments.add(rows);
        }
        boolean fewer = true;
        while (fewer) {
            fewer = false;
            for (FederatedPlan.Edge edge : plan.edges()) {
                Set<String> keys = new HashSet<>();
                fragments.get(edge.source()).forEach(row -> keys.add(row[edge.sourceColumn()].getString()));
                fewer |= fragments
                        .get(edge.target())
                        .removeIf(row -> !keys.contains(row[edge.targetColumn()].getString()));
            }
        }
        return fragments.stream().mapToLong(List::size).sum();
    }

    @ParameterizedTest
    @MethodSource("queries")
    void few_rows_are_shipped_or_read_that_are_not_needed(TpchQueries.Query query) {
        for (Twin twin : List.of(two, three)) {
            if (twin.prepare(query.sql()).way() instanceof FederatedQuery.Planned planned
                    && planned.plan().rest() != null) {
                long needed = needed(twin, planned.plan());
                long shipped = twin.shippedRows(query.sql());
                assertTrue(
                        shipped <= MOST_SHIPPED * needed,
                        () -> shipped + " rows shipped, " + needed + " needed: " + twin.explain(query.sql()));
                long read = twin.readRows(query.sql());
                assertTrue(
                        read <= MOST_READ.getOrDefault(query.number(), MOST_SHIPPED) * needed,
                        () -> read + " rows read, " + needed + " needed: " + twin.explain(query.sql()));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("queries")
    void every_table_is_in_its_own_databases_fragment(TpchQueries.Query query) {
        Map<String, List<String>> spread = TpchTwin.THREE;
        for (String line : three.explain(query.sql()).split("\n")) {
            spread.forEach((database, tables) -> {
                if (line.startsWith(database + ": F")) {
                    spread.forEach((other, foreign) -> {
                        if (!other.equals(database)) {
                            foreign.forEach(table -> assertEquals(
                                    -1, line.indexOf("\"PUBLIC\".\"" + table.toUpperCase(Locale.ROOT) + "\""), line));
                        }
                    });
                }
            });
        }
    }
}
