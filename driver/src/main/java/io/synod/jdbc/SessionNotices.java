package io.synod.jdbc;

import java.sql.SQLWarning;

/** What a session has to say beside its results, for {@link SynodConnection#getWarnings()}. Called under the session's lock. */
public interface SessionNotices {
    /** @return what came up since the last call, chained; {@code null} for nothing */
    SQLWarning takeWarnings();
}
