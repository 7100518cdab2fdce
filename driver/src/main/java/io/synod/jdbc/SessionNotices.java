package io.synod.jdbc;

import java.sql.SQLWarning;

/** What a session has to say beside its results, for its connection. Called under the session's lock. */
public interface SessionNotices {
    /** @return what came up since the last call, chained; {@code null} for nothing */
    SQLWarning takeWarnings();

    /**
     * How many transactions of this session have ended in a 40001, 40000 or 08007 so far: whoever put its parts together has to
     * know that not all of them are in the one that is open. One whose end is not known counts, for it is not open either.
     */
    default long lostTransactions() {
        return 0;
    }
}
