package io.synod.engine.database;

import io.synod.engine.snapshot.Checkpoint;
import io.synod.engine.snapshot.H2Store;
import io.synod.engine.snapshot.StatementGate;
import io.synod.engine.writeset.LargeCapture;
import io.synod.engine.writeset.SequenceMarks;
import io.synod.engine.writeset.Spool;
import io.synod.engine.writeset.WriteSetCapture;
import io.synod.group.Entry;
import io.synod.group.Invariant;
import io.synod.group.Members;
import io.synod.replica.Applier;
import io.synod.replica.Proposal;
import io.synod.replica.ReplicatedLog;
import io.synod.replica.Snapshots;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.h2.api.ErrorCode;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStoreException;
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

    /** What H2's store says when bytes of its file are not what they were. */
    private static final Set<Integer> DAMAGE =
            Set.of(DataUtils.ERROR_FILE_CORRUPT, DataUtils.ERROR_CHUNK_NOT_FOUND, DataUtils.ERROR_BLOCK_NOT_FOUND);

    /** Is told of each change of role, in order; must not block. */
    public interface RoleListener {
        void onRole(String database, String leader, long epoch, boolean serving);
    }

    private final String name;
    private final String node;
    private final long timeoutMillis;
    private final EntryEndings endings;
    private final Shipments shipments = new Shipments(this);
    private final WriterRegistry writers = new WriterRegistry();
    private final ReadGate reads = new ReadGate(this);
    private final Digests digests = new Digests();
    private final CommitIdExpiry expiry;
    private final Set<Object> unfinished = ConcurrentHashMap.newKeySet();
    private final List<RoleListener> listeners = new CopyOnWriteArrayList<>();
    private final Set<Consumer<String>> leaderWatchers = ConcurrentHashMap.newKeySet();
    /** Written by the holder of the apply baton only. */
    private volatile long appliedBytes;

    /** Held by whoever works on the file as a whole: checkpoint, snapshot, install. */
    private final ReentrantLock fileBusy = new ReentrantLock();

    /** Replaced by a snapshot that is installed. */
    private final List<Consumer<Database>> preparations = new CopyOnWriteArrayList<>();

    private volatile LocalCopy copy;

    private volatile boolean replacing;

    private volatile ReplicatedLog log;
    private volatile Throwable stopped;
    private volatile boolean closed;
    private volatile boolean staysOpen;
    private volatile Shutdown shutdown;
    private boolean forgotten;

    /** Closes the database for its node. */
    @FunctionalInterface
    public interface Shutdown {
        /** @param immediately without a last checkpoint */
        void run(boolean immediately);
    }

    private volatile String rebuilt;

    /**
     * @param node name of this node
     * @param timeoutMillis how long a client waits for a leader or a majority
     * @throws IOException the file has to be rebuilt
     */
    public HostedDatabase(String name, String node, H2Store store, long timeoutMillis) throws IOException {
        this(name, node, store, timeoutMillis, CommitIdBounds.STANDARD);
    }

    /** @param bounds when the ids of old commits are forgotten */
    public HostedDatabase(String name, String node, H2Store store, long timeoutMillis, CommitIdBounds bounds)
            throws IOException {
        this.name = name;
        this.expiry = new CommitIdExpiry(bounds);
        this.node = node;
        this.timeoutMillis = timeoutMillis;
        endings = new EntryEndings(name);
        copy = LocalCopy.of(store, endings, digests);
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
        return copy.store().database();
    }

    public H2Store store() {
        return copy.store();
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

    /** Why and from what this copy was built anew when it was opened; {@code null} when it was not. */
    public String rebuilt() {
        return rebuilt;
    }

    public void setRebuilt(String fromWhatAndWhy) {
        rebuilt = fromWhatAndWhy;
    }

    /** Whether it was told to outlive its connections. */
    public boolean staysOpen() {
        return staysOpen;
    }

    /** {@code SET DB_CLOSE_DELAY}: a setting of this node only. */
    public void setStaysOpen(boolean stays) {
        staysOpen = stays;
    }

    /** Who closes this database when a session asks for it; to be called once, before any session is opened. */
    public void onShutdown(Shutdown closer) {
        shutdown = closer;
    }

    /**
     * SHUTDOWN: no session can be used any more when this returns.
     *
     * @param immediately without a last checkpoint: the next start replays the log
     */
    public void shutdown(boolean immediately) {
        Shutdown closer = shutdown;
        if (closer == null) {
            throw Errors.refused("SHUTDOWN", "nobody here could open the database again", "close the connections");
        }
        closer.run(immediately);
    }

    /**
     * BACKUP TO: a copy of the file as of a moment after the call, in a zip as H2 writes it.
     *
     * @throws DbException 90126 the database is in memory, HYT00 statements that write never paused, 90031 the zip cannot be
     *     written
     */
    public void backup(String zip) {
        try {
            inStore(store -> {
                store.backup(zip, TimeUnit.MILLISECONDS.toNanos(timeoutMillis));
                return null;
            });
        } catch (IOException e) {
            throw DbException.convertIOException(e, zip);
        }
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

    /** Prepares H2's database, and each one that takes its place when a snapshot is installed, before it is used. */
    public void eachCopy(Consumer<Database> preparation) {
        preparations.add(preparation);
        preparation.accept(h2());
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
        return new Writer(this, session, new CommitGuard(session, copy.sentinel()));
    }

    /** Whether it was closed on this node, with all its sessions. */
    public boolean isClosed() {
        return closed;
    }

    /** @throws DbException 08001 when the database has stopped on this node */
    public void checkRunning() {
        awaitReplaced();
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
        return copy.state().appliedIndex();
    }

    @Override
    public void apply(Entry entry, Proposal proposal) {
        Invariant.that(
                entry.index() == copy.state().appliedIndex() + 1,
                "entry %d to be applied on top of %d",
                entry.index(),
                copy.state().appliedIndex());
        StatementGate gate = copy.store().gate();
        gate.enterOpenTransaction();
        // An interrupt is meant for the application's thread, not for what that thread does here for everybody: some of
        // H2's waits would end in an error, which would stop the group.
        boolean interrupted = Thread.interrupted();
        try {
            Object attachment = proposal == null ? null : proposal.attachment();
            copy.entries().apply(entry, attachment instanceof PendingWork work ? work : null);
            // Before the gate is left: a checkpoint names the index that it holds.
            copy.state().committed(entry.index(), entry.epoch());
            appliedBytes += entry.size();
        } catch (RuntimeException | Error e) {
            copy.store().distrust();
            throw e;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            gate.exit();
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
        for (Throwable e = cause; e != null; e = e.getCause()) {
            boolean damage = e instanceof MVStoreException store && DAMAGE.contains(store.getErrorCode());
            if (damage || e instanceof SQLException sql && sql.getErrorCode() == ErrorCode.FILE_CORRUPTED_1) {
                // The rows are in the log and on other nodes: the next start does not begin with this file.
                copy.store().markDamaged("H2 could not read the file of " + name + ": " + e.getMessage());
                break;
            }
        }
        LOG.error("database {} has stopped on node {}", name, node, cause);
    }

    // ---- its file -------------------------------------------------------------------------------------------------

    /**
     * What the log needs to forget entries, and to bring up a member that lacks them.
     *
     * @param bootstrap the configuration as long as the log has no other
     * @param awaitsBase whether the group begins with the copy of another member
     * @param checkpointSoon has a checkpoint taken; must not block
     */
    public Snapshots snapshots(Members bootstrap, boolean awaitsBase, Runnable checkpointSoon) {
        return new DatabaseSnapshots(this, bootstrap, awaitsBase, checkpointSoon);
    }

    /** Index of the last checkpoint: no entry up to it is asked for after a restart. */
    public long checkpointIndex() {
        return copy.checkpoints().last().applied();
    }

    /** @return {@code null} when statements that write never paused in time, try later */
    public Checkpoint.Taken checkpoint() throws IOException {
        return inStore(store -> copy.checkpoints().take());
    }

    /**
     * Gives back space of the file. A leader of several hands leadership over first. Not on a thread that may be interrupted.
     *
     * @return {@code null} when that is not possible now, try later
     * @throws IOException also when leadership could not be handed over
     */
    public H2Store.Reclaimed reclaim() throws IOException {
        boolean alone = log.members().voters().length < 2;
        if (!alone && log.servingEpoch() != 0 && !Boolean.TRUE.equals(transfer(null)) && log.servingEpoch() != 0) {
            throw new IOException(
                    "space of " + name + " on node " + node + " is not reclaimed while this node leads, and"
                            + " no other could take over: start the others, or try later");
        }
        return inStore(H2Store::reclaim);
    }

    /**
     * As {@link #reclaim}, for a client's thread.
     *
     * @throws DbException 50000 it was not possible, with the reason; 57014 the client was interrupted, and it goes on
     */
    public H2Store.Reclaimed reclaimForClient() {
        CompletableFuture<H2Store.Reclaimed> result = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        result.complete(reclaim());
                    } catch (IOException | RuntimeException e) {
                        result.completeExceptionally(e);
                    }
                },
                "synod-reclaim");
        thread.setDaemon(true);
        thread.start();
        try {
            return result.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw DbException.get(ErrorCode.STATEMENT_WAS_CANCELED);
        } catch (ExecutionException e) {
            throw Errors.notReclaimed(name, e.getCause());
        }
    }

    /** Something that is done with the store's file, and during which no other is. */
    interface StoreWork<T> {
        T on(H2Store store) throws IOException;
    }

    <T> T inStore(StoreWork<T> work) throws IOException {
        fileBusy.lock();
        try {
            return work.on(copy.store());
        } finally {
            fileBusy.unlock();
        }
    }

    /**
     * Goes on from a snapshot that has arrived whole. By the holder of the apply baton. Sessions of before move to the new
     * copy with their next statement; what they have open here ends with 40001.
     */
    void install(Snapshots.Header header, long fileLength) throws IOException {
        fileBusy.lock();
        try {
            LocalCopy old = copy;
            if (header.index() <= old.state().appliedIndex()) {
                throw new IOException(
                        "the snapshot at index " + header.index() + " is older than the copy of " + name + " on node "
                                + node + ", which stands at " + old.state().appliedIndex());
            }
            replacing = true;
            writers.endAll(null, "this node's copy was replaced by a snapshot");
            old.store().replaceBy(header, fileLength);
            LocalCopy next = openReplaced(old);
            Invariant.that(
                    next.state().appliedIndex() == header.index()
                            && next.state().appliedEpoch() == header.epoch(),
                    "a snapshot at index %d of epoch %d holds another state",
                    header.index(),
                    header.epoch());
            preparations.forEach(p -> p.accept(next.store().database()));
            copy = next;
            LOG.info("database {} on node {} goes on from a snapshot at index {}", name, node, header.index());
        } finally {
            replacing = false;
            fileBusy.unlock();
        }
    }

    /** What was decided cannot be taken back: when it fails, the group stops here, and the next start carries it out. */
    private LocalCopy openReplaced(LocalCopy old) {
        try {
            return LocalCopy.of(old.store().reopened(), endings, digests);
        } catch (IOException | SQLException e) {
            throw new IllegalStateException("the snapshot of " + name + " is in place, but cannot be opened", e);
        }
    }

    /** Whether a session of H2 belongs to a copy that a snapshot has replaced, or is about to. */
    public boolean isReplaced(SessionLocal session) {
        return replacing || session.getDatabase() != h2();
    }

    private void awaitReplaced() {
        if (replacing) {
            fileBusy.lock();
            fileBusy.unlock();
        }
    }

    // ---- for sessions ---------------------------------------------------------------------------------------------

    /**
     * The write set of the session's open transaction: {@code null} when it changed nothing that is replicated, {@link
     * WriteSetCapture#OVERSIZED} when it is more than one entry may hold.
     */
    byte[] capture(SessionLocal session) {
        return WriteSetCapture.capture(session, copy.tables(), copy.marks(), Shipments.ONE_ENTRY);
    }

    /** Its way into the log in parts, for a transaction whose write set is {@link WriteSetCapture#OVERSIZED}. */
    Shipments.Shipment shipment(SessionLocal session, long epoch) {
        return shipments.begin(epoch, new LargeCapture(session, copy.tables()));
    }

    byte[] head(LargeCapture capture) {
        return capture.head(copy.marks());
    }

    /** What the log holds of write sets that are not decided yet. */
    public Spool spool() {
        return copy.spool();
    }

    /**
     * While this node leads, has all members forget what is left of large transactions that ended before their commit. To be
     * called now and then.
     */
    public void abandonLeftOvers() {
        shipments.abandonLeftOvers(log, copy.spool());
    }

    boolean wasVoid(long index) {
        return endings.wasVoid(index);
    }

    DbException errorOf(long index) {
        return endings.errorOf(index);
    }

    /** How many client sessions are remembered by the ids of their commits. */
    public long clientSessions() {
        return copy.state().clientSessions();
    }

    /**
     * While this node leads, lets all members forget the commit ids of long ago. To be called now and then.
     *
     * @param nanoTime by the clock of {@link System#nanoTime()}
     * @return whether they were told to
     */
    public boolean expireCommitIds(long nanoTime) {
        return expiry.propose(log, copy.state(), writers, nanoTime);
    }

    /**
     * While this node leads, tells the other members how those statements ended here of which their own leader has not: it was
     * lost meanwhile, or no session waited for them. To be called now and then.
     */
    public void confirmStatements() {
        endings.tellUnconfirmed(log);
    }

    /** Tells the other members how a statement ended here, for comparison. */
    void ended(long index, DbException error) {
        endings.tell(log, index, error);
    }

    /**
     * Makes sure that no other leader gives out again the sequence values that clients of this one may have seen. Waits for the
     * log; no inner session may be locked.
     */
    public void coverSequences() {
        SequenceMarks marks = copy.marks();
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
        SessionLocal session = copy.store().systemSession();
        session.lock();
        try {
            boolean committed = copy.entries().isCommitted(session, id);
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

    /** What this node is at work on that takes several entries of the log; whoever adds it removes it. */
    public Set<Object> unfinished() {
        return unfinished;
    }

    /**
     * While this node leads and nobody here is at work on any, drops what was not finished because its leader was lost. To be
     * called now and then.
     *
     * @param prefix of the names of unfinished tables and columns
     */
    public void dropUnfinished(String prefix) {
        if (log.servingEpoch() == 0 || !unfinished.isEmpty()) {
            return;
        }
        for (String sql : copy.tables().drops(prefix)) {
            LOG.info("database {}: {}, which a lost leader has not finished", name, sql);
            statement(sql);
        }
    }

    /**
     * Forgets, once after it was opened, what H2 forgets when a database is closed; a database of several nodes never is. To be
     * called before a session is opened.
     */
    public synchronized void forgetTransients() {
        if (forgotten || log.members().all().size() > 1) {
            return;
        }
        reads.awaitReadable();
        List<String> statements;
        SessionLocal session = store().systemSession();
        session.lock();
        try {
            statements = copy.transients().forgetting(session, copy.tables());
            session.commit(false);
        } finally {
            session.close();
            session.unlock();
        }
        for (String sql : statements) {
            try {
                statement(sql);
            } catch (DbException e) {
                LOG.warn("database {}: {} failed, what H2 forgets at its close stays", name, sql, e);
            }
        }
        forgotten = true;
    }

    /**
     * A commit whose outcome its client was not told.
     *
     * @param id as the client knows it
     * @param millis since it began, by this node's monotonic clock
     */
    public record InDoubt(String id, String user, String state, long millis) {}

    /** The commits here whose clients had to be told that nobody knows, and which are still not decided. */
    public List<InDoubt> inDoubt() {
        return writers.inDoubt();
    }

    /**
     * Waits until every member that can be reached has this index on its disk.
     *
     * @return the members that did not confirm it: out of reach, or slow beyond the timeout
     */
    public List<String> awaitEverywhere(long index) {
        return log.awaitEverywhere(index, TimeUnit.MILLISECONDS.toNanos(timeoutMillis));
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
        copy.store().close();
    }

    /** Closes as a kill would. */
    public void abandon() {
        closed = true;
        digests.close();
        copy.store().abandon();
    }
}
