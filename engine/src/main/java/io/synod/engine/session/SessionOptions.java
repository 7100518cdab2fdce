package io.synod.engine.session;

import io.synod.engine.database.ReadLevel;
import java.util.Map;

/**
 * What a session was opened with.
 *
 * @param internal opened by another node for a session of its own: runs here or fails
 */
record SessionOptions(boolean internal, ReadLevel readLevel) {
    /** @throws org.h2.message.DbException 22023 for a value that is not known */
    static SessionOptions of(Map<String, String> settings) {
        SystemCalls.checkCommitLevel(settings.getOrDefault("COMMIT", "QUORUM"));
        return new SessionOptions(
                Boolean.parseBoolean(settings.get("INTERNAL")),
                ReadLevel.parse(settings.getOrDefault("READ", "LINEARIZABLE")));
    }
}
