package io.synod.jdbc;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.h2.engine.SessionRemote;
import org.h2.jdbc.meta.DatabaseMeta;

/**
 * Metadata of the database from whichever node serves the session. What depends on nothing but that node's release is asked for
 * once on each. Thread-safe: under the session's lock.
 */
final class FailoverDatabaseMeta extends DelegatedDatabaseMeta {
    private final FailoverSession session;
    private final Map<String, Object> release = new HashMap<>();
    private SessionRemote releaseOf;

    FailoverDatabaseMeta(FailoverSession session) {
        this.session = session;
    }

    @Override
    protected <T> T read(Function<DatabaseMeta, T> call) {
        return session.read(remote -> call.apply(remote.getDatabaseMeta()));
    }

    @Override
    protected <T> T ofRelease(String what, Class<T> type, Function<DatabaseMeta, T> call) {
        return session.read(remote -> {
            if (releaseOf != remote) {
                release.clear();
                releaseOf = remote;
            }
            return type.cast(release.computeIfAbsent(what, key -> call.apply(remote.getDatabaseMeta())));
        });
    }
}
