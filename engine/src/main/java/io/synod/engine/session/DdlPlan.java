package io.synod.engine.session;

import java.util.List;

/**
 * What to run instead of a statement that every member would execute otherwise. Each step is in the log before the next
 * begins; the last one makes the result visible under its name, so that nobody ever finds half of it.
 *
 * @param undo run when a later step fails; {@code null} for none
 */
record DdlPlan(List<Step> steps, String undo) {
    /** What unfinished objects are called; a leader drops those that nobody is at work on. */
    static final String UNFINISHED = "SYNOD$UNFINISHED$";

    sealed interface Step {}

    /** A statement that goes its own way. */
    record Sql(String sql) implements Step {}

    /** Logged as one entry. */
    record Together(List<String> statements) implements Step {}

    /**
     * Fills a column where it is NULL, without triggers.
     *
     * @param table as the statement names it
     */
    record Fill(String table, String column, String expression) implements Step {}

    static DdlPlan of(String sql) {
        return new DdlPlan(List.of(new Sql(sql)), null);
    }
}
