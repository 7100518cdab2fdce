package io.synod.engine.database;

import io.synod.engine.snapshot.H2Store;
import io.synod.engine.writeset.AppliedState;
import io.synod.engine.writeset.SequenceMarks;
import io.synod.engine.writeset.TableRegistry;
import io.synod.engine.writeset.WriteSetApplier;
import io.synod.engine.writeset.WriteSetCapture;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Invariant;
import io.synod.replica.Applier;
import io.synod.replica.Proposal;
import io.synod.replica.ReplicatedLog;
import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.h2.api.ErrorCode;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.table.Table;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One H2 database under one replicated log, on one node: the state machine that the log drives, and the place where local
 * sessions write while this node leads.
 *
 * <p><b>Order.</b> H2 commits in {@link #apply} and nowhere else, entry by entry; on the leader the transaction that made
 * the entry is committed in its own session, on the others the rows are put in. The applied index is part of the same H2
 * transaction.
 *
 * <p><b>Concurrency.</b> {@link Applier}'s methods come one at a time from the holder of the apply baton; everything else is
 * thread-safe.
 *
 * <p><b>Failure.</b> Whatever cannot be applied as on the other members throws, and the group stops on this node.
 */
public final class HostedDatabase implements Applier, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostedDatabase.class);
    private static final String SENTINEL = "SYNOD_SENTINEL";
    private static final int RECENT = 1024;

    /** Is told of each change of role, in order; must not block. */
    public interface RoleListener {
        void onRole(String database, String leader, long epoch, boolean serving);
    }

    private final String name;
    private final String node;
    private final H2Store store;
    private final long timeoutMillis;
    private final SessionLocal applySession;
    private final Table sentinel;
    private final AppliedState state;
    private final TableRegistry tables;
    private final SequenceMarks marks;
    private final StatementApplier statements;
    private final WriterRegistry writers = new WriterRegistry();
    private final ReadGate reads = new ReadGate(this);
    private final Digests digests = new Digests();
    private final CommitIdExpiry expiry;
    private final List<RoleListener> listeners = new CopyOnWriteArrayList<>();
    private final Set<Consumer<String>> leaderWatchers = ConcurrentHashMap.newKeySet();
    /** How recent entries ended that have more than one ending: error codes of statements, and void write sets. */
    private final Map<Long, DbException> errors = bounded();

    private final Map<Long, Boolean> voids = bounded();
    private final Map<Long, Integer> codes = bounded();
    /** Written by the holder of the apply baton only. */
    private volatile long appliedBytes;
    /** Statements of which no leader has said yet how they ended. */
    private final Set<Long> unconfirmed = ConcurrentHashMap.newKeySet();

    private volatile ReplicatedLog log;
    private volatile Throwable stopped;
    private volatile boolean closed;
    private volatile boolean staysOpen;

    /**
     * @param node name of this node
     * @param timeoutMillis how long a client waits for a leader or a majority
     */
    public HostedDatabase(String name, String node, H2Store store, long timeoutMillis) throws SQLException {
        this(name, node, store, timeoutMillis, CommitIdBounds.STANDARD);
    }

    /** @param bounds when the ids of old commits are forgotten */
    public HostedDatabase(String name, String node, H2Store store, long timeoutMillis, CommitIdBounds bounds)
            throws SQLException {
        this.name = name;
        this.expiry = new CommitIdExpiry(bounds);
        this.node = node;
        this.store = store;
        this.timeoutMillis = timeoutMillis;
        applySession = store.systemSession();
        applySession.lock();
        try {
            state = AppliedState.load(applySession);
            tables = TableRegistry.load(applySession);
            marks = SequenceMarks.load(applySession);
            applySession.commit(false);
        } finally {
            applySession.unlock();
        }
        sentinel = createSentinel(store.systemSession());
        statements = new StatementApplier(store);
    }

    /** A table that is nobody's: it lives in one session, and is known by reference only. */
    private static Table createSentinel(SessionLocal session) {
        session.lock();
        try {
            session.prepareLocal("CREATE LOCAL TEMPORARY TABLE " + SENTINEL + "(X INT)")
                    .executeUpdate(null);
            session.commit(false);
            return session.findLocalTempTable(SENTINEL);
        } finally {
            session.unlock();
        }
    }

    private static <V> Map<Long, V> bounded() {
        return java.util.Collections.synchronizedMap(new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Long, V> eldest) {
                return size() > RECENT;
            }
        });
    }

    /** The log calls {@link #apply} from now on; to be called once, before any session is opened. */
    public void attach(ReplicatedLog replicatedLog) {
        log = replicatedLog;
    }

    public String name() {
        return name;
    }

    public String node() {
        return node;
    }

    public Database h2() {
        return store.database();
    }

    public H2Store store() {
        return store;
    }

    public ReplicatedLog log() {
        return log;
    }

    public ReadGate reads() {
        return reads;
    }

    /** How long a client waits for a leader or a majority, in milliseconds. */
    public long timeoutMillis() {
        return timeoutMillis;
    }

    /** Whether it was told to outlive its connections. */
    public boolean staysOpen() {
        return staysOpen;
    }

    /** {@code SET DB_CLOSE_DELAY}: a setting of this node only. */
    public void setStaysOpen(boolean stays) {
        staysOpen = stays;
    }

    public void addRoleListener(RoleListener listener) {
        listeners.add(listener);
    }

    /** Calls back with the name of each new leader, until {@link #unwatchLeader}; the callback must not block. */
    public void watchLeader(Consumer<String> watcher) {
        leaderWatchers.add(watcher);
    }

    public void unwatchLeader(Consumer<String> watcher) {
        leaderWatchers.remove(watcher);
    }

    WriterRegistry writers() {
        return writers;
    }

    /** How many writing transactions are open here. */
    public int openWriters() {
        return writers.size();
    }

    /** What a session writes here while this node leads. Its inner session belongs to the writer from now on. */
    public Writer writer(SessionLocal session) {
        return new Writer(this, session, new CommitGuard(session, sentinel));
    }

    /** @throws DbException 08001 when the database has stopped on this node */
    public void checkRunning() {
        if (stopped != null) {
            throw Errors.stopped(name, stopped.toString());
        }
        if (closed) {
            throw Errors.stopped(name, "it was closed");
        }
    }

    // ---- the log's state machine ----------------------------------------------------------------------------------

    /** Bytes of the entries that were applied since this database was opened. */
    public long appliedBytes() {
        return appliedBytes;
    }

    @Override
    public long appliedIndex() {
        return state.appliedIndex();
    }

    @Override
    public void apply(Entry entry, Proposal proposal) {
        Invariant.that(
                entry.index() == state.appliedIndex() + 1,
                "entry %d to be applied on top of %d",
                entry.index(),
                state.appliedIndex());
        store.gate().enterOpenTransaction();
        try {
            if (entry.kind() == EntryKind.BARRIER) {
                // Before its leader serves; on the others it does no harm.
                inApplySession(() -> {
                    marks.lead(applySession);
                    settle(applySession, entry);
                });
            } else if (entry.kind() != EntryKind.DATA) {
                settleAlone(entry);
            } else {
                Object attachment = proposal == null ? null : proposal.attachment();
                apply(entry, LogRecord.decode(entry.payload()), attachment instanceof Writer.Work work ? work : null);
            }
            // Before the gate is left: a checkpoint names the index that it holds.
            state.committed(entry.index(), entry.epoch());
            appliedBytes += entry.size();
        } finally {
            store.gate().exit();
        }
    }

    private void apply(Entry entry, LogRecord record, Writer.Work work) {
        if (record instanceof LogRecord.WriteSet writeSet) {
            applyWriteSet(entry, writeSet, work);
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
            checkEnding(ended);
            settleAlone(entry);
        } else if (record instanceof LogRecord.Expire expire) {
            inApplySession(() -> {
                state.expire(
                        applySession,
                        expire.elapsedMillis(),
                        expire.idleMillis(),
                        expire.newerEntries(),
                        entry.index());
                settle(applySession, entry);
            });
        } else {
            inApplySession(() -> digests.take(applySession, store.systemSession(), entry.index()));
            settleAlone(entry);
        }
    }

    private void applyWriteSet(Entry entry, LogRecord.WriteSet record, Writer.Work work) {
        ByteBuffer rows = ByteBuffer.wrap(record.rows());
        boolean fenced = isFenced(record.id());
        if (!fenced && work != null) {
            Writer.Applied applied = work.writer().applyAt(work, session -> {
                if (WriteSetApplier.applyOwn(session, tables, marks, rows) == WriteSetApplier.Outcome.VOID) {
                    return false;
                }
                recordCommit(session, record.id(), entry);
                settle(session, entry);
                return true;
            });
            if (applied == Writer.Applied.COMMITTED) {
                return;
            }
            if (applied == Writer.Applied.VOID) {
                settleVoid(entry);
                return;
            }
        }
        if (fenced) {
            if (work != null) {
                work.writer().voidAt(work);
            }
            settleVoid(entry);
            return;
        }
        inApplySession(() -> {
            if (WriteSetApplier.apply(applySession, tables, marks, rows) == WriteSetApplier.Outcome.VOID) {
                voids.put(entry.index(), true);
            } else {
                recordCommit(applySession, record.id(), entry);
            }
            settle(applySession, entry);
        });
    }

    private void settleVoid(Entry entry) {
        voids.put(entry.index(), true);
        settleAlone(entry);
    }

    private void applyStatement(Entry entry, LogRecord.Statement record, Writer.Work work) {
        boolean fenced = isFenced(record.id());
        if (fenced) {
            if (work != null) {
                work.writer().voidAt(work);
            }
            settleVoid(entry);
            return;
        }
        boolean restarts = record.restarts();
        if (restarts) {
            inApplySession(() -> marks.beforeRestart(applySession));
        }
        Writer.Ending ending = work == null ? null : work.writer().runAt(work);
        DbException error = ending == null ? statements.apply(record) : ending.error();
        errors.put(entry.index(), error);
        codes.put(entry.index(), error == null ? 0 : error.getErrorCode());
        unconfirmed.add(entry.index());
        inApplySession(() -> {
            tables.onDdlApplied(applySession, entry.index(), Set.copyOf(record.touched()));
            marks.onDdlApplied(applySession, restarts);
            if (error == null) {
                recordCommit(applySession, record.id(), entry);
            }
            settle(applySession, entry);
        });
        if (ending != null) {
            work.writer().statementSettled(work);
        }
    }

    /** A statement that ended here in another way than on its leader has left another catalogue behind. */
    private void checkEnding(LogRecord.Ended ended) {
        unconfirmed.remove(ended.index());
        Integer here = codes.get(ended.index());
        if (here != null && here != ended.errorCode()) {
            throw new IllegalStateException("the statement at index " + ended.index() + " ended with error " + here
                    + " on this node and with " + ended.errorCode() + " on its leader (0 is success): this copy of "
                    + name + " has diverged; delete it and let it be rebuilt from the others");
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

    private boolean isCommitted(SessionLocal session, CommitId id) {
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
        inApplySession(() -> {
            work.run();
            return null;
        });
    }

    private <T> T inApplySession(java.util.function.Supplier<T> work) {
        applySession.lock();
        try {
            T result = work.get();
            applySession.commit(false);
            return result;
        } finally {
            applySession.unlock();
        }
    }

    @Override
    public void onDeposed() {
        writers.endAll(null, "this node lost its leadership");
    }

    @Override
    public void onRole(String leader, long epoch, boolean serving) {
        for (RoleListener listener : listeners) {
            listener.onRole(name, leader, epoch, serving);
        }
        if (leader != null) {
            for (Consumer<String> watcher : leaderWatchers) {
                watcher.accept(leader);
            }
        }
    }

    @Override
    public void onStopped(Throwable cause) {
        stopped = cause;
        LOG.error("database {} has stopped on node {}", name, node, cause);
    }

    // ---- for sessions ---------------------------------------------------------------------------------------------

    /** The write set of the session's open transaction, {@code null} when it changed nothing that is replicated. */
    byte[] capture(SessionLocal session) {
        return WriteSetCapture.capture(session, tables, marks);
    }

    boolean wasVoid(long index) {
        return voids.containsKey(index);
    }

    DbException errorOf(long index) {
        return errors.get(index);
    }

    /** How many client sessions are remembered by the ids of their commits. */
    public long clientSessions() {
        return state.clientSessions();
    }

    /**
     * While this node leads, lets all members forget the commit ids of long ago. To be called now and then.
     *
     * @param nanoTime by the clock of {@link System#nanoTime()}
     * @return whether they were told to
     */
    public boolean expireCommitIds(long nanoTime) {
        return expiry.propose(log, state, writers, nanoTime);
    }

    /**
     * While this node leads, tells the other members how those statements ended here of which their own leader has not: it was
     * lost meanwhile, or no session waited for them. To be called now and then.
     */
    public void confirmStatements() {
        if (log.servingEpoch() == 0) {
            return;
        }
        for (Long index : List.copyOf(unconfirmed)) {
            Integer code = codes.get(index);
            if (code == null) {
                unconfirmed.remove(index);
            } else {
                log.propose(new LogRecord.Ended(index, code).encode(), log.servingEpoch(), null);
            }
        }
    }

    /** Tells the other members how a statement ended here, for comparison. */
    void ended(long index, DbException error) {
        int code = error == null ? 0 : error.getErrorCode();
        log.propose(new LogRecord.Ended(index, code).encode(), log.servingEpoch(), null);
    }

    /**
     * Makes sure that no other leader gives out again the sequence values that clients of this one may have seen. Waits for the
     * log; no inner session may be locked.
     */
    public void coverSequences() {
        while (marks.mustMark()) {
            byte[] due = marks.encode();
            if (due == null) {
                return;
            }
            Proposal proposal = log.propose(new LogRecord.Marks(due).encode(), log.servingEpoch(), null);
            if (proposal.await(TimeUnit.MILLISECONDS.toNanos(timeoutMillis)) != Proposal.Outcome.APPLIED) {
                throw Errors.retry("this node lost its leadership before the sequence values were safe");
            }
        }
    }

    /**
     * Finds out on the serving leader whether a commit happened; when it did not, it never will.
     *
     * @return {@code null} when this node does not serve, or stopped serving meanwhile
     */
    public Boolean fence(CommitId id) {
        long epoch = log.servingEpoch();
        if (epoch == 0) {
            return null;
        }
        Proposal proposal = log.propose(new LogRecord.Fence(id).encode(), epoch, null);
        if (proposal.await(TimeUnit.MILLISECONDS.toNanos(timeoutMillis)) != Proposal.Outcome.APPLIED) {
            return null;
        }
        SessionLocal session = store.systemSession();
        session.lock();
        try {
            boolean committed = isCommitted(session, id);
            session.commit(false);
            return committed;
        } finally {
            session.close();
            session.unlock();
        }
    }

    /**
     * Logs a statement that no session waits for and executes it as H2's system user.
     *
     * @return false when this node does not serve
     */
    public boolean statement(String sql) {
        long epoch = log.servingEpoch();
        if (epoch == 0) {
            return false;
        }
        LogRecord.Statement record = new LogRecord.Statement(
                CommitId.NONE, LogRecord.SYSTEM_USER, "PUBLIC", List.of(), List.of(), false, sql);
        Proposal proposal = log.propose(record.encode(), epoch, null);
        if (proposal.await(TimeUnit.MILLISECONDS.toNanos(timeoutMillis)) != Proposal.Outcome.APPLIED) {
            return false;
        }
        DbException error = errorOf(proposal.entry().index());
        if (error != null) {
            throw error;
        }
        return true;
    }

    /** @return the place in the log where every member takes its digest, 0 when this node does not serve */
    public long startDigest() {
        long epoch = log.servingEpoch();
        if (epoch == 0) {
            return 0;
        }
        Proposal proposal = log.propose(new LogRecord.Digest().encode(), epoch, null);
        return proposal.await(TimeUnit.MILLISECONDS.toNanos(timeoutMillis)) == Proposal.Outcome.APPLIED
                ? proposal.entry().index()
                : 0;
    }

    /** This member's digest at a place in the log; waits until it is applied and its rows are read. */
    public List<DigestLine> digest(long index) {
        log.awaitApplied(index, TimeUnit.MILLISECONDS.toNanos(timeoutMillis));
        CompletableFuture<List<DigestLine>> lines = digests.at(index);
        if (lines == null) {
            throw Errors.badValue(
                    "digest", String.valueOf(index), "the index that CALL SYNOD.DIGEST_START() gave lately");
        }
        while (true) {
            checkRunning();
            try {
                return lines.get(100, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                LOG.trace("database {}: the digest at {} is still being computed", name, index);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw DbException.get(ErrorCode.STATEMENT_WAS_CANCELED);
            } catch (ExecutionException e) {
                throw Errors.digestFailed(index, e.getCause());
            }
        }
    }

    /**
     * Hands leadership over.
     *
     * @param member to whom; {@code null} for the member that has most of the log
     * @return whether it leads now, or anybody else where nobody was named; {@code null} when this node does not lead
     */
    public Boolean transfer(String member) {
        if (log.servingEpoch() == 0) {
            return null;
        }
        long nanos = TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        if (member == null) {
            return log.transferAway(nanos);
        }
        boolean known = log.members().all().stream()
                .anyMatch(m -> m.name().equals(member) && m.role().votes());
        if (!known) {
            String names = String.join(
                    ", ", log.members().all().stream().map(m -> m.name()).toList());
            throw Errors.badValue("member", member, "one of " + names);
        }
        return log.transferTo(member, nanos) && member.equals(log.awaitLeader(nanos));
    }

    /** Ends local work, takes a last checkpoint and closes H2. The log must be closed before. */
    @Override
    public void close() {
        closed = true;
        digests.close();
        writers.endAll(null, "the database was closed");
        store.close();
    }

    /** Closes as a kill would. */
    public void abandon() {
        closed = true;
        digests.close();
        store.abandon();
    }
}
