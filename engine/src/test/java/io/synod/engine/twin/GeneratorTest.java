package io.synod.engine.twin;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What stock H2 does in a way of its own (docs/differences.md) is not generated: it would be a difference each time. */
class GeneratorTest {
    private static final int SEEDS = 50;
    private static final int STATEMENTS = 1_000;
    private static final Pattern VIEW = Pattern.compile("CREATE VIEW (\\w+) AS SELECT .* FROM (\\w+) WHERE ID > 3");
    private static final Pattern NO_VIEW = Pattern.compile("DROP VIEW IF EXISTS (\\w+)");
    private static final Pattern TRIGGER =
            Pattern.compile("CREATE TRIGGER \\w+ (?:BEFORE|AFTER) [A-Z, ]+ ON (\\w+) .*");
    private static final Pattern RENAME = Pattern.compile("ALTER TABLE (\\w+) ALTER COLUMN \\w+ RENAME TO .*");
    private static final Pattern QUERY_THAT_WRITES =
            Pattern.compile("SELECT \\* FROM (?:FINAL|OLD) TABLE \\((?:INSERT INTO|UPDATE|DELETE FROM) (\\w+)\\W.*");

    private final Map<String, String> views = new HashMap<>();
    private final Set<String> triggered = new HashSet<>();
    private int renames;
    private int queries;

    @Test
    void what_stock_h2_does_in_a_way_of_its_own_is_not_generated() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            views.clear();
            triggered.clear();
            Generator generator = new Generator(seed);
            for (int i = 0; i < STATEMENTS; i++) {
                look(generator.next().sql(), seed);
                generator.ended(true);
            }
        }
        assertTrue(renames > SEEDS / 5, "hardly any column is renamed");
        assertTrue(queries > SEEDS / 5, "hardly any query writes");
    }

    private void look(String sql, long seed) {
        String what = "seed " + seed + ": " + sql;
        String renamed = first(RENAME, sql);
        if (renamed != null) {
            renames++;
            assertFalse(views.containsValue(renamed), what + " (kept-texts)");
        }
        String written = first(QUERY_THAT_WRITES, sql);
        if (written != null) {
            queries++;
            assertFalse(triggered.contains(written), what + " (failed-query-that-writes)");
        }
        String table = first(TRIGGER, sql);
        if (table != null) {
            triggered.add(table);
        }
        Matcher view = VIEW.matcher(sql);
        if (view.matches()) {
            views.put(view.group(1), view.group(2));
        }
        views.remove(first(NO_VIEW, sql));
    }

    private static String first(Pattern pattern, String sql) {
        Matcher matcher = pattern.matcher(sql);
        return matcher.matches() ? matcher.group(1) : null;
    }
}
