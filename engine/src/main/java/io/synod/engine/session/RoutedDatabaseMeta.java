package io.synod.engine.session;

import io.synod.jdbc.DelegatedDatabaseMeta;
import java.util.function.Function;
import org.h2.jdbc.meta.DatabaseMeta;

/** Metadata from this node's catalogue, each call at the session's read level; under its lock. */
final class RoutedDatabaseMeta extends DelegatedDatabaseMeta {
    private final RoutedSession session;

    RoutedDatabaseMeta(RoutedSession session) {
        this.session = session;
    }

    @Override
    protected <T> T read(Function<DatabaseMeta, T> call) {
        return session.readCatalogue(() -> call.apply(session.local().getDatabaseMeta()));
    }

    /** Needs no leader: a health check asks for it. */
    @Override
    protected <T> T ofRelease(String what, Class<T> type, Function<DatabaseMeta, T> call) {
        return session.here(() -> call.apply(session.local().getDatabaseMeta()));
    }
}
