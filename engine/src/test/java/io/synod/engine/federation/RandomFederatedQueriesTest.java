package io.synod.engine.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Random queries over three databases give what they give on one. More of them: the main class of {@link RandomQueries}. */
@Tag("long")
class RandomFederatedQueriesTest {
    private static final int DATABASES = 5;

    private static final int QUERIES = 100;

    /** The same ones each time; {@code -Dsynod.seed} for others, or for one that has failed. */
    private static long start() {
        return Long.getLong("synod.seed", 1);
    }

    @Test
    void random_queries_give_the_same() {
        long start = start();
        int planned = 0;
        for (long seed = start; seed < start + DATABASES; seed++) {
            try (Twin twin = RandomQueries.twin(seed)) {
                RandomQueries queries = new RandomQueries(seed);
                for (int i = 0; i < QUERIES; i++) {
                    RandomQueries.Query query = queries.next();
                    String where = "seed " + seed + ", query " + i + ": ";
                    assertEquals(
                            null,
                            twin.difference(query.sql(), query.ordered()),
                            () -> where + twin.federated(query.sql()) + "\n" + twin.explain(query.sql()));
                    planned += twin.plan(query.sql()).equals("planned") ? 1 : 0;
                }
            }
        }
        int count = planned;
        assertTrue(count > DATABASES * QUERIES / 2, () -> "only " + count + " were planned, from seed " + start);
    }

    @Test
    void random_queries_lock_the_same_rows() {
        long start = start();
        int locked = 0;
        for (long seed = start; seed < start + DATABASES; seed++) {
            try (Twin twin = RandomQueries.twin(seed)) {
                RandomQueries queries = new RandomQueries(seed);
                twin.autoCommit(false);
                int all = twin.free(true).size();
                for (int i = 0; i < QUERIES / 2; i++) {
                    RandomQueries.Query query = queries.next();
                    String sql = query.sql() + " FOR UPDATE";
                    String where = "seed " + seed + ", locking query " + i + ": " + twin.federated(sql);
                    assertEquals(null, twin.difference(sql, query.ordered()), where);
                    boolean limited = query.sql().contains(" LIMIT ");
                    if (limited) {
                        // How many more than it returns H2 locks is for its plan to decide: none that do not qualify.
                        twin.runSingle(query.sql().replaceFirst(" LIMIT .*", "") + " FOR UPDATE");
                    }
                    List<String> one = twin.free(true);
                    List<String> several = twin.free(false);
                    if (limited) {
                        assertTrue(several.containsAll(one), () -> where + "\none " + one + "\nseveral " + several);
                    } else {
                        assertEquals(one, several, where);
                    }
                    locked += several.size() < all ? 1 : 0;
                    twin.rollback();
                }
            }
        }
        int count = locked;
        assertTrue(count > DATABASES * QUERIES / 50, () -> "only " + count + " locked rows, from seed " + start);
    }

    /** In forms that have keys and in those that are executed on whole tables. */
    @Test
    void random_queries_skip_and_lock_the_same_rows_beside_another_transaction() {
        long start = start();
        int locked = 0;
        for (long seed = start; seed < start + DATABASES; seed++) {
            try (Twin twin = RandomQueries.twin(seed)) {
                RandomQueries queries = new RandomQueries(seed);
                Random random = new Random(seed);
                twin.autoCommit(false);
                for (int i = 0; i < QUERIES / 2; i++) {
                    for (String table : List.of("a", "b", "c", "d")) {
                        twin.hold(table, random.nextInt(8));
                    }
                    int all = twin.free(true).size();
                    RandomQueries.Query query = queries.locking();
                    String where = "seed " + seed + ", query beside another " + i + ": " + twin.federated(query.sql());
                    assertEquals(null, twin.difference(query.sql(), query.ordered()), where);
                    List<String> one = twin.free(true);
                    List<String> several = twin.free(false);
                    if (twin.explainChange(query.sql()).contains("again, those that are locked")
                            && query.sql().contains(" LIMIT ")) {
                        // How many more than it returns H2 locks is for its plan to decide: none that do not qualify.
                        twin.runSingle(query.sql().replaceFirst(" LIMIT .*", " FOR UPDATE SKIP LOCKED"));
                        List<String> most = twin.free(true);
                        assertTrue(several.containsAll(most), () -> where + "\none " + most + "\nseveral " + several);
                    } else {
                        assertEquals(one, several, () -> where + "\n" + twin.explainChange(query.sql()));
                    }
                    locked += several.size() < all ? 1 : 0;
                    twin.rollback();
                    twin.release();
                }
            }
        }
        int count = locked;
        assertTrue(count > DATABASES * QUERIES / 50, () -> "only " + count + " locked rows, from seed " + start);
    }

    @Test
    void random_changes_do_the_same() {
        long start = start();
        int changed = 0;
        for (long seed = start; seed < start + DATABASES; seed++) {
            try (Twin twin = RandomQueries.twin(seed)) {
                RandomQueries changes = new RandomQueries(seed);
                twin.autoCommit(false);
                twin.anyConstraint = true;
                for (int i = 0; i < QUERIES / 2; i++) {
                    String sql = changes.change();
                    String where = "seed " + seed + ", change " + i + ": ";
                    assertEquals(
                            null,
                            twin.changeDifference(sql),
                            () -> where + twin.federated(sql) + "\n" + twin.explainChange(sql));
                    changed += twin.lastChange().startsWith("error")
                                    || twin.lastChange().equals("0 rows")
                            ? 0
                            : 1;
                    twin.rollback();
                }
            }
        }
        int count = changed;
        assertTrue(count > DATABASES * QUERIES / 8, () -> "only " + count + " changed rows, from seed " + start);
    }
}
