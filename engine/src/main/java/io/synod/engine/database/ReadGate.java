package io.synod.engine.database;

import io.synod.replica.ReplicatedLog;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.h2.result.ResultInterface;

/**
 * Lets a read on this node's H2 return only what its level promises. Thread-safe.
 *
 * <p><b>Order.</b> On the serving leader H2 takes its snapshot first, of everything committed so far, and the lease of the
 * same epoch is tested after it: a pause between the two can only make the test fail, a pause after it is harmless. Gray and
 * Cheriton (1989). A snapshot that lasts, which a second run would find as it was, is taken after the test instead, and once: it
 * holds whatever was committed at the test, which lies within the read.
 */
public final class ReadGate {
    private final HostedDatabase database;

    ReadGate(HostedDatabase database) {
        this.database = database;
    }

    /**
     * @param seen what the session was shown so far; moves on
     * @param query free of side effects: it is run again when its first snapshot could not be confirmed
     * @throws org.h2.message.DbException HYT00 when the level could not be confirmed in time
     */
    public <T> T read(ReadDemand demand, Seen seen, Supplier<T> query) {
        return read(demand, seen, false, query);
    }

    /** @param lasting whether what the query sees first is what its session sees from then on: it is run once then */
    public <T> T read(ReadDemand demand, Seen seen, boolean lasting, Supplier<T> query) {
        T result = at(demand, seen, lasting, query);
        seen.shownBy(database.log());
        return result;
    }

    private <T> T at(ReadDemand demand, Seen seen, boolean lasting, Supplier<T> query) {
        switch (demand.level()) {
            case LOCAL -> {
                return query.get();
            }
            case SESSION -> {
                awaitSeen(seen);
                database.votes().awaitPrecommitted();
                return query.get();
            }
            case BOUNDED -> {
                awaitFresh(demand.maxStalenessMillis());
                awaitSeen(seen);
                database.votes().awaitPrecommitted();
                return query.get();
            }
            case LINEARIZABLE -> {
                ReplicatedLog log = database.log();
                long epoch = log.servingEpoch();
                if (!lasting && epoch != 0 && awaitCommitted(log)) {
                    database.votes().awaitPrecommitted();
                    T result = query.get();
                    if (isLeased(log, epoch)) {
                        seen.caughtUp();
                        return result;
                    }
                    if (result instanceof ResultInterface rows) {
                        rows.close();
                    }
                }
                boolean current = lasting && epoch != 0 && isLeased(log, epoch) && awaitCommitted(log);
                if (!current) {
                    awaitReadable();
                }
                seen.caughtUp();
                database.votes().awaitPrecommitted();
                return query.get();
            }
        }
        throw new IllegalStateException(demand.toString());
    }

    private static boolean isLeased(ReplicatedLog log, long epoch) {
        return log.leaseHolds() && log.servingEpoch() == epoch;
    }

    /**
     * For a statement that changes rows or locks them: what it looks for must be there, too.
     *
     * @throws org.h2.message.DbException HYT00 when it is not in time
     */
    void awaitCommitted() {
        if (!awaitCommitted(database.log())) {
            throw database.noLeader();
        }
    }

    /**
     * A follower may have applied, and shown, what this leader has committed and is about to apply: a read that begins after
     * that must not miss it.
     */
    private boolean awaitCommitted(ReplicatedLog log) {
        long committed = log.commitIndex();
        return log.appliedIndex() >= committed
                || log.awaitApplied(committed, TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis()));
    }

    /** Waits for what the session has seen; needs the leader only where its index is not known. */
    private void awaitSeen(Seen seen) {
        if (seen.isElsewhere()) {
            awaitReadable();
            seen.caughtUp();
        }
        ReplicatedLog log = database.log();
        if (log.appliedIndex() < seen.index()
                && !log.awaitApplied(seen.index(), TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis()))) {
            throw Errors.behind(database.name(), database.node(), log.appliedIndex(), seen.index());
        }
    }

    private void awaitFresh(long maxStalenessMillis) {
        long millis = database.timeoutMillis();
        if (!database.log()
                .awaitFresh(TimeUnit.MILLISECONDS.toNanos(maxStalenessMillis), TimeUnit.MILLISECONDS.toNanos(millis))) {
            throw Errors.tooOld(database.name(), database.node(), maxStalenessMillis, millis);
        }
    }

    /** Waits until this node has applied everything that was acknowledged before the call. */
    public void awaitReadable() {
        if (!database.log().awaitReadable(TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis()))) {
            throw database.noLeader();
        }
    }

    /**
     * Confirms what was read or locked inside a writing transaction: this node was still the leader, in the epoch of the
     * transaction, after the rows were read.
     *
     * @throws org.h2.message.DbException 40001 when it was not; HYT00 when there was no leader in time
     */
    public void confirm(Writer writer) {
        if (!writer.leads()) {
            throw Errors.leaderLost(Errors.LEADERSHIP_LOST + " while it read or locked");
        }
        if (!database.log().leaseHolds()) {
            awaitReadable();
            if (!writer.leads()) {
                throw Errors.leaderLost(Errors.LEADERSHIP_LOST + " while it read or locked");
            }
        }
    }
}
