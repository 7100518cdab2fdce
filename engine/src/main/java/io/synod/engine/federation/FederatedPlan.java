package io.synod.engine.federation;

import java.util.List;

/**
 * What is executed where, as texts: no session and no value is in it, so that it is kept and used by many threads.
 *
 * @param fragments one per table of the scratch database, {@code F0}, {@code F1} …
 * @param edges joins between fragments by whose keys one can be filtered
 * @param steps what the scratch database executes before the rest, one after the other
 * @param rest run in the scratch database; {@code null} if the only fragment is all
 * @param columns column of the rest, or of the only fragment, for each column of the result
 */
record FederatedPlan(List<Fragment> fragments, List<Edge> edges, List<Step> steps, SqlPieces rest, int[] columns) {
    /** Parameters from this number on are {@link #CLOCK}s. */
    static final int CLOCK_PARAMETER = 1_000_000;

    /** Parameters from this number on are keys of an edge. */
    static final int KEY_PARAMETER = 2_000_000;

    /** What is asked once per statement, so that all databases have the same. */
    static final List<String> CLOCK =
            List.of("CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIMESTAMP", "LOCALTIME");

    /** @return the table of the scratch database that has a fragment's rows, or a step's: those are numbered after the fragments */
    static String table(int number) {
        return "F" + number;
    }

    /** @return the name of a column in it */
    static String column(int index) {
        return "C" + index;
    }

    /**
     * The largest part that lies in one database.
     *
     * @param database where
     * @param sql its text
     * @param rows expected
     * @param guessed whether that is not much more than a guess, since its rows are filtered
     * @param indexes columns by which the rest looks rows up, each set an index
     */
    record Fragment(String database, SqlPieces sql, double rows, boolean guessed, List<List<Integer>> indexes) {}

    /**
     * A part of what the scratch database executes, whose rows become a table there.
     *
     * @param sql its text, over fragments and earlier steps
     * @param indexes columns by which what comes after it looks rows up
     */
    record Step(SqlPieces sql, List<List<Integer>> indexes) {}

    /**
     * An equality by which rows of the target are needed only if the source has their key.
     *
     * @param source fragment that is shipped before
     * @param sourceColumn its column
     * @param target fragment that is filtered
     * @param targetColumn its column
     * @param sourceKeys rows of the source's table, if the column is a key of it, to which the target may refer; else very many
     * @param rowsPerKey rows that the target is expected to have for one key, on average over all keys that there may be
     */
    record Edge(int source, int sourceColumn, int target, int targetColumn, double sourceKeys, double rowsPerKey) {}
}
