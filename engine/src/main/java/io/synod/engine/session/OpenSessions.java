package io.synod.engine.session;

import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.h2.engine.SessionLocal;

/** The sessions that are open on one database of this node. Thread-safe. */
final class OpenSessions {
    private final Set<RoutedSession> all = ConcurrentHashMap.newKeySet();

    void add(RoutedSession session) {
        all.add(session);
    }

    void remove(RoutedSession session) {
        all.remove(session);
    }

    Collection<RoutedSession> all() {
        return all;
    }

    /** @return {@code null} for a session that is H2's or a function's */
    RoutedSession of(SessionLocal local) {
        for (RoutedSession session : all) {
            if (session.local() == local) {
                return session;
            }
        }
        return null;
    }
}
