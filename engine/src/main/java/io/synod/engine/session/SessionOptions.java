package io.synod.engine.session;

import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.Errors;
import io.synod.engine.database.ReadDemand;
import io.synod.engine.database.ReadLevel;
import java.util.Map;

/**
 * What a session was opened with.
 *
 * @param internal opened by another node for a session of its own: runs here or fails
 * @param name of an internal one, known to the node that has opened it; {@code null} for others
 * @param seenIndex how far in the log the client's session was shown the database by another node
 */
record SessionOptions(boolean internal, String name, ReadDemand read, CommitLevel commit, long seenIndex) {
    /** @throws org.h2.message.DbException 22023 for a value that is not known */
    static SessionOptions of(Map<String, String> settings) {
        boolean internal = Boolean.parseBoolean(settings.get("INTERNAL"));
        return new SessionOptions(
                internal,
                internal ? settings.get("SYNOD_SESSION") : null,
                new ReadDemand(
                        ReadLevel.parse(settings.getOrDefault("READ", "LINEARIZABLE")),
                        ReadDemand.parseStaleness(settings.getOrDefault("MAX_STALENESS", "1000"))),
                CommitLevel.parse(settings.getOrDefault("COMMIT", "QUORUM")),
                seenIndex(settings.getOrDefault("SYNOD_SEEN", "0")));
    }

    private static long seenIndex(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw Errors.badValue("SYNOD_SEEN", text, "a whole number; the driver sends it, do not set it");
        }
    }
}
