package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.global.WaitGraph.Wait;
import io.synod.engine.global.WaitingSessions;
import io.synod.engine.writeset.LockWaits;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.h2.engine.SessionLocal;

/** Who waits for whom in a database that this node leads, by names that their clients' nodes know. */
final class SessionWaits implements WaitingSessions {
    private final HostedDatabase database;
    private final OpenSessions open;

    SessionWaits(HostedDatabase database, OpenSessions open) {
        this.database = database;
        this.open = open;
    }

    @Override
    public String database() {
        return database.name();
    }

    /** A session as others know it that waits here, or is waited for. */
    static String nameOf(RoutedSession session) {
        String given = session.nameOfInternal();
        return given != null ? given : nameOf(session.database(), session.local());
    }

    private static String nameOf(HostedDatabase database, SessionLocal local) {
        return database.node() + "/" + database.name() + "/" + local.getId();
    }

    @Override
    public List<Wait> waits(int slot) {
        List<Wait> waits = new ArrayList<>();
        if (database.isClosed() || database.log().servingEpoch() == 0) {
            return waits;
        }
        Map<SessionLocal, RoutedSession> routed = new IdentityHashMap<>();
        open.all().forEach(session -> routed.put(session.local(), session));
        for (LockWaits.Wait wait : LockWaits.all(database.h2())) {
            RoutedSession waiter = routed.get(wait.waiter());
            RoutedSession blocker = routed.get(wait.blocker());
            waits.add(new Wait(
                    slot,
                    database.name(),
                    waiter == null ? nameOf(database, wait.waiter()) : nameOf(waiter),
                    blocker == null ? nameOf(database, wait.blocker()) : nameOf(blocker),
                    number(waiter, wait),
                    waiter != null && wait.isRow()));
        }
        return waits;
    }

    /** Of this statement behind that transaction: together they are the same in the same wait only. */
    private static long number(RoutedSession waiter, LockWaits.Wait wait) {
        return waiter == null ? wait.number() : 31 * waiter.activity().sinceNanos() + wait.number();
    }

    @Override
    public void end(Wait wait, Set<String> over) {
        if (!waits(wait.slot()).contains(wait)) {
            return;
        }
        for (RoutedSession session : open.all()) {
            if (nameOf(session).equals(wait.waiter())) {
                session.writer()
                        .endWaiting(() -> Errors.deadlock("there was a deadlock over the databases "
                                + String.join(", ", over) + ", and this transaction was the youngest in it"));
            }
        }
    }
}
