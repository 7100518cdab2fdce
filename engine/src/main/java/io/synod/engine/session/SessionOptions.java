package io.synod.engine.session;

import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.ReadDemand;
import io.synod.engine.database.ReadLevel;
import java.util.Map;

/**
 * What a session was opened with.
 *
 * @param internal opened by another node for a session of its own: runs here or fails
 */
record SessionOptions(boolean internal, ReadDemand read, CommitLevel commit) {
    /** @throws org.h2.message.DbException 22023 for a value that is not known */
    static SessionOptions of(Map<String, String> settings) {
        return new SessionOptions(
                Boolean.parseBoolean(settings.get("INTERNAL")),
                new ReadDemand(
                        ReadLevel.parse(settings.getOrDefault("READ", "LINEARIZABLE")),
                        ReadDemand.parseStaleness(settings.getOrDefault("MAX_STALENESS", "1000"))),
                CommitLevel.parse(settings.getOrDefault("COMMIT", "QUORUM")));
    }
}
