package io.synod.engine.session;

import java.util.List;
import java.util.UUID;

/**
 * What to run instead of a statement that every member would execute otherwise. Each step is in the log before the next
 * begins; the last one makes the result visible under its name, so that nobody ever finds half of it.
 *
 * @param undo run when a later step fails; {@code null} for none
 * @param unfinished what the object is called until the last step; {@code null} for nothing else than later
 * @param later its name
 * @param atOnce what to run instead, if possible; {@code null} for nothing
 */
record DdlPlan(List<Step> steps, String undo, String unfinished, String later, Filled atOnce) {
    /** What unfinished objects are called; a leader drops those that nobody is at work on. */
    static final String UNFINISHED = "SYNOD$UNFINISHED$";

    private static final int HASH_BASE = 31;
    /** From here on there are 31 characters that H2 does not escape in a message. */
    private static final char FIRST_DIGIT = ']';

    /** 31 to the power of 7 is more than there are hash codes. */
    private static final int DIGITS = 7;

    sealed interface Step {}

    /** A statement that goes its own way. */
    record Sql(String sql) implements Step {}

    /** Logged as one entry. */
    record Together(List<String> statements) implements Step {}

    /**
     * A table with rows, logged as one entry when they are few.
     *
     * @param create makes the empty table
     * @param table its name, as it stands in the statement
     */
    record Filled(String create, String table, String query) {}

    /**
     * Fills a column where it is NULL, without triggers.
     *
     * @param table as the statement names it
     * @param notNull whether NULL is an error
     */
    record Fill(String table, String column, String expression, boolean notNull) implements Step {}

    /**
     * A new name for an unfinished table that has the hash code of its later name: H2 derives the names of constraints and
     * indexes from it, which shall be those that they would have otherwise.
     */
    static String unfinishedTable(String laterName) {
        String base = UNFINISHED + UUID.randomUUID();
        long missing = Integer.toUnsignedLong(
                laterName.hashCode() - (base + String.valueOf(FIRST_DIGIT).repeat(DIGITS)).hashCode());
        char[] digits = new char[DIGITS];
        for (int i = DIGITS - 1; i >= 0; i--) {
            digits[i] = (char) (FIRST_DIGIT + missing % HASH_BASE);
            missing /= HASH_BASE;
        }
        return base + new String(digits);
    }

    static DdlPlan of(String sql) {
        return new DdlPlan(List.of(new Sql(sql)), null, null, null, null);
    }
}
