package io.synod.engine.server;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.message.DbException;

/** What the replicated state knows in a real node: which requests committed, and which were given up by their clients. */
final class CommitLedger {
    record Id(UUID session, long number) {
        static final Id NONE = new Id(new UUID(0, 0), 0);
    }

    private final Set<Id> committed = new HashSet<>();
    private final Map<UUID, Long> fences = new HashMap<>();
    private final List<Id> requested = new CopyOnWriteArrayList<>();

    void requested(Id id) {
        requested.add(id);
    }

    List<Id> requested() {
        return requested;
    }

    /** Runs a statement that may commit; atomic with its note. */
    synchronized <T> T committing(Id id, Supplier<T> statement) {
        if (id.number() <= fences.getOrDefault(id.session(), -1L)) {
            throw DbException.get(ErrorCode.DEADLOCK_1, "given up by its client");
        }
        T result = statement.get();
        committed.add(id);
        return result;
    }

    /** After false, that request will not commit. */
    synchronized boolean resolve(UUID session, long number) {
        if (committed.contains(new Id(session, number))) {
            return true;
        }
        fences.merge(session, number, Math::max);
        return false;
    }
}
