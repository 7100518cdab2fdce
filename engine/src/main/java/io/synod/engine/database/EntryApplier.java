package io.synod.engine.database;

import io.synod.branch.BranchEntry;
import io.synod.branch.BranchState;
import io.synod.engine.snapshot.H2Store;
import io.synod.engine.writeset.AppliedState;
import io.synod.engine.writeset.SequenceMarks;
import io.synod.engine.writeset.Spool;
import io.synod.engine.writeset.TableRegistry;
import io.synod.engine.writeset.WriteSetApplier;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;

/**
 * What each kind of entry does to the database.
 *
 * <p><b>Order.</b> The transaction of a {@link Writer} here is committed in its own session, everything else in the apply
 * session; either way the applied index is part of the same H2 transaction. A record whose commit id is fenced is void on
 * every member, whoever made it.
 *
 * <p><b>Concurrency.</b> By the holder of the apply baton, one entry at a time, with the store's gate entered; but for
 * {@link #isCommitted}, which anybody may call in a session of its own.
 *
 * <p><b>Failure.</b> Whatever cannot be applied as on the other members throws.
 */
final class EntryApplier {
    private final H2Store store;
    private final SessionLocal applySession;
    private final AppliedState state;
    private final TableRegistry tables;
    private final SequenceMarks marks;
    private final Transients transients;
    private final Spool spool;
    private final PreparedBranches branches;
    private final EntryEndings endings;
    private final Digests digests;
    private final StatementApplier statements;

    /** @param applySession used by nobody else from now on */
    EntryApplier(
            H2Store store,
            SessionLocal applySession,
            AppliedState state,
            TableRegistry tables,
            SequenceMarks marks,
            Transients transients,
            Spool spool,
            PreparedBranches branches,
            EntryEndings endings,
            Digests digests) {
        this.store = store;
        this.applySession = applySession;
        this.state = state;
        this.tables = tables;
        this.marks = marks;
        this.transients = transients;
        this.spool = spool;
        this.branches = branches;
        this.endings = endings;
        this.digests = digests;
        this.statements = new StatementApplier(store);
    }

    /** @param work of this node that made the entry, {@code null} for an entry of another or of long ago */
    void apply(Entry entry, PendingWork work) {
        if (entry.kind() == EntryKind.BARRIER) {
            // Whoever led before can commit nothing that is not in the log by now.
            spool.dropOpen();
            // Before its leader serves; on the others it does no harm.
            inApplySession(() -> {
                marks.lead(applySession);
                settle(applySession, entry);
            });
        } else if (entry.kind() == EntryKind.CONFIG) {
            inApplySession(() -> {
                state.configure(applySession, entry.payload());
                settle(applySession, entry);
            });
        } else {
            applyRecord(entry, LogRecord.decode(entry.payload()), work);
        }
    }

    private void applyRecord(Entry entry, LogRecord record, PendingWork work) {
        if (record instanceof LogRecord.WriteSet writeSet) {
            ByteBuffer rows = ByteBuffer.wrap(writeSet.rows());
            applyWriteSet(
                    entry, writeSet.id(), work, rows, () -> WriteSetApplier.apply(applySession, tables, marks, rows));
        } else if (record instanceof LogRecord.Spooled spooled) {
            applySpooled(entry, spooled, work);
        } else if (record instanceof LogRecord.Part part) {
            spool.append(part.key(), part.part(), part.bytes());
            settleAlone(entry);
        } else if (record instanceof LogRecord.Abandon abandon) {
            spool.drop(abandon.key());
            settleAlone(entry);
        } else if (record instanceof LogRecord.Prepared prepared) {
            applyPrepared(entry, prepared, work);
        } else if (record instanceof LogRecord.Decided decided) {
            applyDecided(entry, decided);
        } else if (record instanceof LogRecord.Voted voted) {
            applyVote(entry, voted.entry());
        } else if (record instanceof LogRecord.Forgotten forgotten) {
            inApplySession(() -> {
                for (String gid : forgotten.gids()) {
                    branches.fold().apply(applySession, new BranchEntry.Forgotten(gid));
                }
                settle(applySession, entry);
            });
        } else if (record instanceof LogRecord.Statement statement) {
            applyStatement(entry, statement, work);
        } else if (record instanceof LogRecord.Fence fence) {
            inApplySession(() -> {
                if (!isCommitted(applySession, fence.id())) {
                    state.recordFence(
                            applySession, fence.id().session(), fence.id().number(), entry.index());
                }
                settle(applySession, entry);
            });
        } else if (record instanceof LogRecord.Marks sequenceMarks) {
            inApplySession(() -> {
                marks.apply(applySession, ByteBuffer.wrap(sequenceMarks.marks()));
                settle(applySession, entry);
            });
        } else if (record instanceof LogRecord.Ended ended) {
            endings.check(ended);
            settleAlone(entry);
        } else if (record instanceof LogRecord.Expire expire) {
            inApplySession(() -> {
                state.expire(
                        applySession,
                        expire.elapsedMillis(),
                        expire.idleMillis(),
                        expire.newerEntries(),
                        entry.index());
                forgetTombstones();
                settle(applySession, entry);
            });
        } else {
            inApplySession(() -> digests.take(applySession, store.systemSession(), branches.digest(), entry.index()));
            settleAlone(entry);
        }
    }

    private void applySpooled(Entry entry, LogRecord.Spooled record, PendingWork work) {
        spool.checkParts(record.key(), record.parts());
        applyWriteSet(
                entry,
                record.id(),
                work,
                ByteBuffer.wrap(record.head()),
                () -> WriteSetApplier.applySpooled(applySession, tables, marks, record.head(), spool, record.key()));
        spool.drop(record.key());
    }

    /**
     * @param own what the session whose transaction it is has to do
     * @param rows puts it into the apply session
     */
    private void applyWriteSet(
            Entry entry, CommitId id, PendingWork work, ByteBuffer own, Supplier<WriteSetApplier.Outcome> rows) {
        boolean fenced = isFenced(id);
        if (!fenced && work != null) {
            PendingWork.Applied applied = work.commit(session -> {
                if (WriteSetApplier.applyOwn(session, tables, marks, own) == WriteSetApplier.Outcome.VOID) {
                    return false;
                }
                recordCommit(session, id, entry);
                settle(session, entry);
                return true;
            });
            if (applied == PendingWork.Applied.COMMITTED) {
                return;
            }
            if (applied == PendingWork.Applied.VOID) {
                settleVoid(entry);
                return;
            }
        }
        if (fenced) {
            if (work != null) {
                work.undo();
            }
            settleVoid(entry);
            return;
        }
        inApplySession(() -> {
            if (rows.get() == WriteSetApplier.Outcome.VOID) {
                endings.voidAt(entry.index());
            } else {
                recordCommit(applySession, id, entry);
            }
            settle(applySession, entry);
        });
    }

    private void applyPrepared(Entry entry, LogRecord.Prepared record, PendingWork work) {
        if (record.isSpooled()) {
            spool.checkParts(record.key(), record.parts());
        }
        inApplySession(() -> {
            boolean isVoid = isFenced(record.id())
                    || branches.fold().isKnown(record.branch().gid())
                    || !record.branch().isAlone() && isOver(record.branch().gid())
                    || WriteSetApplier.applyOwn(applySession, tables, marks, ByteBuffer.wrap(record.rows()))
                            == WriteSetApplier.Outcome.VOID;
            if (isVoid) {
                if (work != null) {
                    work.undo();
                }
                spool.drop(record.key());
                endings.voidAt(entry.index());
            } else {
                branches.prepare(applySession, entry, record, work == null ? null : work.give());
                if (record.branch().isAlone()) {
                    // To prepare it was what its client has asked for.
                    recordCommit(applySession, record.id(), entry);
                }
            }
            settle(applySession, entry);
        });
    }

    /**
     * Whether a transaction of several groups has ended and may be forgotten but for that: what comes late, from somebody who
     * has not heard of it, is void.
     */
    private boolean isOver(String gid) {
        return !branches.fold().isKnown(gid) && state.decision(gid) != null;
    }

    private void applyVote(Entry entry, BranchEntry vote) {
        inApplySession(() -> {
            if (!isOver(vote.gid()) && branches.fold().apply(applySession, vote)) {
                if (branches.fold().standing(vote.gid()).state() == BranchState.ABORTED) {
                    state.recordDecision(applySession, vote.gid(), false, entry.index());
                }
            }
            settle(applySession, entry);
        });
    }

    /** What was refused here without being known is forgotten with its decision: nobody else has told who took part. */
    private void forgetTombstones() {
        for (String gid : branches.fold().tombstones()) {
            if (!state.isDecided(applySession, gid)) {
                branches.fold().apply(applySession, new BranchEntry.Forgotten(gid));
            }
        }
    }

    private void applyDecided(Entry entry, LogRecord.Decided record) {
        if (isFenced(record.id()) || !branches.isPrepared(record.gid())) {
            if (branches.fold().isKnown(record.gid())) {
                // Of several groups, and decided: not differently, or all of it is worth nothing.
                branches.fold().apply(applySession, new BranchEntry.Decided(record.gid(), record.commit()));
            }
            settleVoid(entry);
            return;
        }
        LogRecord.Prepared prepared = branches.find(record.gid()).record();
        if (record.commit()) {
            branches.commit(record.gid(), session -> {
                if (prepared.branch().isAlone()) {
                    recordCommit(session, record.id(), entry);
                } else if (!prepared.id().isNone()) {
                    state.recordLateCommit(
                            session, prepared.id().session(), prepared.id().number(), entry.index());
                }
                state.recordDecision(session, record.gid(), true, entry.index());
                settle(session, entry);
            });
        } else {
            inApplySession(() -> {
                branches.rollback(applySession, record.gid());
                recordCommit(applySession, record.id(), entry);
                state.recordDecision(applySession, record.gid(), false, entry.index());
                settle(applySession, entry);
            });
        }
    }

    private void settleVoid(Entry entry) {
        endings.voidAt(entry.index());
        settleAlone(entry);
    }

    private void applyStatement(Entry entry, LogRecord.Statement record, PendingWork work) {
        boolean fenced = isFenced(record.id());
        if (fenced) {
            if (work != null) {
                work.undo();
            }
            settleVoid(entry);
            return;
        }
        boolean restarts = record.restarts();
        if (restarts) {
            inApplySession(() -> marks.beforeRestart(record.sql()));
        }
        PendingWork.Ending ending = work == null ? null : work.run();
        DbException error = ending == null ? statements.apply(record) : ending.error();
        MissingHere.check(error, entry.index(), record.sql());
        endings.statementAt(entry.index(), error);
        inApplySession(() -> {
            List<Integer> created = tables.onDdlApplied(applySession, entry.index(), Set.copyOf(record.touched()));
            transients.onStatement(applySession, record.sql(), created);
            marks.onDdlApplied(applySession, restarts ? record.sql() : null);
            forgetViewPlans(applySession);
            if (error == null) {
                recordCommit(applySession, record.id(), entry);
            }
            settle(applySession, entry);
        });
        if (ending != null) {
            work.settle();
        }
    }

    /** H2 goes on to read a view by an index that was dropped, and so misses rows, in sessions that have read it before. */
    private static void forgetViewPlans(SessionLocal session) {
        for (SessionLocal each : session.getDatabase().getSessions(false)) {
            each.clearViewIndexCache();
        }
    }

    private void recordCommit(SessionLocal session, CommitId id, Entry entry) {
        if (!id.isNone()) {
            state.recordCommit(session, id.session(), id.number(), entry.index());
        }
    }

    private boolean isFenced(CommitId id) {
        if (id.isNone()) {
            return false;
        }
        AppliedState.ClientSession known = state.committed(id.session());
        return known != null && id.number() <= known.lastSeq();
    }

    /** Whether the commit of this id has happened, as this session sees the database. */
    boolean isCommitted(SessionLocal session, CommitId id) {
        AppliedState.ClientSession known = state.find(session, id.session());
        return known != null && id.number() <= known.committedSeq();
    }

    private void settle(SessionLocal session, Entry entry) {
        state.advance(session, entry.index(), entry.epoch());
    }

    private void settleAlone(Entry entry) {
        inApplySession(() -> settle(applySession, entry));
    }

    private void inApplySession(Runnable work) {
        applySession.lock();
        try {
            work.run();
            applySession.commit(false);
        } finally {
            applySession.unlock();
        }
    }
}
