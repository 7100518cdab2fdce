package io.synod.engine.database;

import io.synod.engine.writeset.AppliedState;
import io.synod.replica.ReplicatedLog;
import java.util.concurrent.TimeUnit;

/**
 * Lets the members forget the ids of old commits and the decisions on old branches, while this node leads. The time that counts is the leader's own monotonic
 * clock under one leadership: what cannot be measured (a change of leader, a stop) is not counted, so that less is forgotten
 * rather than more.
 *
 * <p>A fence must outlive the transactions that it was set against. Those of another epoch are void anyway; while this
 * node's own include one that is old, nothing is forgotten. Thread-safe.
 */
final class CommitIdExpiry {
    private final CommitIdBounds bounds;
    private long epoch;
    private long since;
    private long lastIndex;

    CommitIdExpiry(CommitIdBounds bounds) {
        this.bounds = bounds;
    }

    private boolean isLittle(AppliedState state) {
        return Math.max(state.clientSessions(), state.decisions()) <= bounds.sessions();
    }

    synchronized boolean propose(ReplicatedLog log, AppliedState state, WriterRegistry writers, long now) {
        long serving = log.servingEpoch();
        if (serving == 0 || serving != epoch || isLittle(state)) {
            epoch = serving;
            since = now;
            return false;
        }
        long elapsed = TimeUnit.NANOSECONDS.toMillis(now - since);
        boolean nothingNew = state.appliedIndex() <= lastIndex;
        boolean oldWriter = writers.oldestNanos() > TimeUnit.MILLISECONDS.toNanos(bounds.idleMillis()) / 2;
        if (elapsed < bounds.everyMillis() || nothingNew || oldWriter) {
            return false;
        }
        since = now;
        LogRecord record = new LogRecord.Expire(elapsed, bounds.idleMillis(), bounds.newerEntries());
        log.propose(record.encode(), serving, null);
        // At least: to find nothing new, this entry itself must not count.
        lastIndex = state.appliedIndex() + 1;
        return true;
    }
}
