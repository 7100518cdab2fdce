package io.synod.engine.database;

import java.util.Arrays;
import java.util.Locale;

/**
 * When a commit is answered: setting {@code COMMIT=} and statement {@code SET COMMIT}. It changes nothing else: on no node
 * does H2 commit what a majority does not hold.
 */
public enum CommitLevel {
    /** When a majority has it on disk and it is applied. */
    QUORUM,
    /** When every member that is reachable has it on disk; a member that is not is named in a warning. */
    ALL,
    /** When the leader has it on disk. It is lost when the leader is lost before a majority has it. */
    LOCAL;

    /** @throws org.h2.message.DbException 22023 for an unknown level */
    public static CommitLevel parse(String text) {
        try {
            return valueOf(text.trim().toUpperCase(Locale.ENGLISH));
        } catch (IllegalArgumentException e) {
            throw Errors.badValue("COMMIT", text, "one of " + Arrays.toString(values()));
        }
    }
}
