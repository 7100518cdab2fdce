package io.synod.jdbc;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Where the leader of a database was last found, for the next session of this JVM. Only a hint. Thread-safe. */
final class LeaderHints {
    private static final int DATABASES_MAX = 1_000;
    private static final Map<String, String> LEADERS = new ConcurrentHashMap<>();

    private LeaderHints() {}

    /** @return {@code null} where nothing is known, or another node will do */
    static String of(SynodUrl url) {
        return wants(url) ? LEADERS.get(key(url)) : null;
    }

    static void found(SynodUrl url, String endpoint) {
        if (wants(url) && LEADERS.size() < DATABASES_MAX) {
            LEADERS.put(key(url), endpoint);
        }
    }

    static void wrong(SynodUrl url, String endpoint) {
        LEADERS.remove(key(url), endpoint);
    }

    static boolean wants(SynodUrl url) {
        return "LEADER".equals(url.setting("TARGET"));
    }

    private static String key(SynodUrl url) {
        return url.endpoints() + "/" + url.database();
    }
}
