package io.synod.engine.database;

import java.util.UUID;

/**
 * Names one commit attempt: the client's session and the number of its request. Two different commits of a session have
 * different, growing numbers, so a lost answer can be looked up.
 *
 * @param number 1 or more; 0 only in {@link #NONE}
 */
public record CommitId(UUID session, long number) {
    /** For a commit that nobody will ever ask for: an implicit one before a DDL statement, for instance. */
    public static final CommitId NONE = new CommitId(new UUID(0, 0), 0);

    public boolean isNone() {
        return number == 0;
    }
}
