package io.synod.engine.node;

import io.synod.engine.database.Errors;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.h2.engine.SynodEngineBridge;

/** H2's settings that count when a database is opened; the others are set by SQL, through the log. */
final class OpenSettings {
    private static final Set<String> ALSO =
            Set.of("CACHE_SIZE", "TRACE_LEVEL_FILE", "TRACE_LEVEL_SYSTEM_OUT", "TRACE_MAX_FILE_SIZE");

    private OpenSettings() {}

    /** @throws SQLException 0A000 one of all that are given cannot be kept */
    static Map<String, String> of(Map<String, String> h2Settings) throws SQLException {
        if (Boolean.parseBoolean(h2Settings.get("DATABASE_TO_LOWER"))) {
            throw Errors.refused(
                            "DATABASE_TO_LOWER=TRUE",
                            "this version looks for the names of statements in upper case",
                            "leave it away; CASE_INSENSITIVE_IDENTIFIERS=TRUE finds names that are written in another way")
                    .getSQLException();
        }
        Map<String, String> open = new HashMap<>(h2Settings);
        open.keySet().removeIf(key -> !SynodEngineBridge.isOpenSetting(key) && !ALSO.contains(key));
        return open;
    }
}
