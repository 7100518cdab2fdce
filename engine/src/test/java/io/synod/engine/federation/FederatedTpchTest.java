package io.synod.engine.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
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
