package io.synod.engine.session;

import io.synod.engine.database.CutSnapshot;
import io.synod.engine.database.Errors;
import io.synod.engine.database.ReadDemand;
import io.synod.engine.database.ReadLevel;
import io.synod.engine.global.GlobalCommits;
import io.synod.replica.Patience;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Several databases of this node as of moments that agree: of each transaction that has written more than one of them, all has
 * happened in each, or nothing.
 *
 * <p>A snapshot is taken of each, with the global transactions that it has. Where one has committed in one of them and not
 * yet in another, the other is waited for, and all are taken again. A transaction that a snapshot knows no more, because all its
 * databases were told to forget it, is in all the others: it is forgotten {@link GlobalCommits#KEPT_NANOS} after it had
 * committed everywhere, and neither are the snapshots that far apart, nor any copy that far behind.
 */
final class ConsistentCut implements AutoCloseable {
    /** Clocks of two nodes may go at different speeds, not at that different ones. */
    private static final long APART_NANOS = GlobalCommits.KEPT_NANOS / 4;

    private static final long APART_MILLIS = TimeUnit.NANOSECONDS.toMillis(APART_NANOS);

    private final Map<String, RoutedSession> sessions;
    private final Map<String, CutSnapshot> snapshots = new LinkedHashMap<>();

    /** @param sessions one of each database, by its name in statements; they tell the level of reads, and what they have seen */
    ConsistentCut(Map<String, RoutedSession> sessions) {
        this.sessions = sessions;
    }

    /**
     * @throws org.h2.message.DbException 40001 where no such moments were found in time; HYT00 where a level could not be
     *     confirmed in time
     */
    ConsistentCut take(long timeoutNanos) {
        long start = System.nanoTime();
        sessions.forEach((name, session) -> {
            CutSnapshot snapshot =
                    CutSnapshot.of(session.database(), session.local().getUser().getName());
            snapshots.put(name, snapshot);
            SessionState.adjust(session.local(), snapshot.session());
        });
        while (true) {
            long first = System.nanoTime();
            sessions.forEach((name, session) -> takeAtLevel(session, snapshots.get(name)));
            while (System.nanoTime() - first < APART_NANOS) {
                Behind behind = behind();
                if (behind == null) {
                    if (System.nanoTime() - first < APART_NANOS) {
                        return this;
                    }
                    break;
                }
                if (System.nanoTime() - start > timeoutNanos || Patience.isOver()) {
                    throw Errors.retry("the databases " + String.join(", ", sessions.keySet())
                            + " did not come to moments that agree within "
                            + TimeUnit.NANOSECONDS.toMillis(timeoutNanos)
                            + " ms (last missing: global transaction " + behind.gid() + " in " + behind.database()
                            + ")");
                }
                snapshots.get(behind.database()).await(behind.gid());
                snapshots.values().forEach(CutSnapshot::take);
            }
        }
    }

    private void takeAtLevel(RoutedSession session, CutSnapshot snapshot) {
        ReadDemand demand = session.levels().read();
        if (demand.level() != ReadLevel.LINEARIZABLE) {
            // A copy that lags further may lack what the others have forgotten already.
            demand = new ReadDemand(ReadLevel.BOUNDED, Math.min(demand.maxStalenessMillis(), APART_MILLIS));
        }
        session.database().reads().read(demand, session.levels().seen(), () -> {
            snapshot.take();
            return null;
        });
    }

    private record Behind(String database, String gid) {}

    private Behind behind() {
        for (Map.Entry<String, CutSnapshot> one : snapshots.entrySet()) {
            if (one.getValue().isOver()) {
                throw Errors.retry("this node's copy of " + one.getKey() + " was replaced by a snapshot");
            }
            for (CutSnapshot other : snapshots.values()) {
                String gid = other == one.getValue() ? null : one.getValue().lacks(other);
                if (gid != null) {
                    return new Behind(one.getKey(), gid);
                }
            }
        }
        return null;
    }

    /** @return {@code null} where it has no part in the cut */
    CutSnapshot find(String database) {
        return snapshots.get(database);
    }

    void release() {
        snapshots.values().forEach(CutSnapshot::release);
    }

    @Override
    public void close() {
        snapshots.values().forEach(CutSnapshot::close);
        snapshots.clear();
    }
}
