package io.synod.engine.session;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.h2.engine.SessionLocal;

/** The sessions that are open on one database of this node. Thread-safe. */
final class OpenSessions {
    private final Map<Integer, RoutedSession> byId = new ConcurrentHashMap<>();

    void add(RoutedSession session) {
        byId.put(session.local().getId(), session);
    }

    void remove(RoutedSession session) {
        byId.remove(session.local().getId(), session);
    }

    Collection<RoutedSession> all() {
        return byId.values();
    }

    /** @return {@code null} for a session that is H2's or a function's */
    RoutedSession of(SessionLocal local) {
        RoutedSession session = byId.get(local.getId());
        return session != null && session.local() == local ? session : null;
    }
}
