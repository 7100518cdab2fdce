package io.synod.engine.database;

import io.synod.engine.snapshot.H2Store;
import io.synod.engine.snapshot.StatementGate;
import io.synod.engine.writeset.LargeCapture;
import io.synod.engine.writeset.SequenceMarks;
import io.synod.engine.writeset.Spool;
import io.synod.group.Entry;
import io.synod.group.Invariant;
import io.synod.replica.Applier;
import io.synod.replica.Proposal;
import io.synod.replica.RemovedMemberException;
import io.synod.replica.ReplicatedLog;
import io.synod.replica.Siblings;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
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
    private final CommitsInDoubt inDoubt = new CommitsInDoubt(this, writers);
    private final BranchDecisions branches = new BranchDecisions(this);
    private final BranchVotes votes = new BranchVotes(this);
    private final Digests digests = new Digests();
    private final Storage storage;
    private final Upkeep upkeep;
    private final Administration administration = new Administration(this, digests);
    private final List<RoleListener> listeners = new CopyOnWriteArrayList<>();
    private final Set<Consumer<String>> leaderWatchers = ConcurrentHashMap.newKeySet();
    /** Written by the holder of the apply baton only. */
    private volatile long appliedBytes;

    private volatile ReplicatedLog log;
    private volatile Throwable stopped;
    /** Whether that was for lack of space; set before it. */
    private volatile boolean stoppedFull;

    private volatile boolean closed;
    private volatile boolean staysOpen;
    private volatile Shutdown shutdown;
    private volatile LongConsumer onRemoved;

    /** Closes the database for its node. */
    @FunctionalInterface
    public interface Shutdown {
        /** @param immediately without a last checkpoint */
        void run(boolean immediately);
    }

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
        this.node = node;
        this.timeoutMillis = timeoutMillis;
        endings = new EntryEndings(name);
        storage = new Storage(name, node, store, timeoutMillis, endings, digests, writers);
        upkeep = new Upkeep(this, endings, shipments, bounds);
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
        return copy().store().database();
    }

    public H2Store store() {
        return copy().store();
    }

    LocalCopy copy() {
        return storage.copy();
    }

    /** Its store on this node: checkpoints, snapshots. */
    public Storage storage() {
        return storage;
    }

    /** What is to be done about it now and then. */
    public Upkeep upkeep() {
        return upkeep;
    }

    /** What an operator asks of it. */
    public Administration administration() {
        return administration;
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

    /** Why and from what this copy was built anew, when it was opened or since; {@code null} when it was not. */
    public String rebuilt() {
        return storage.rebuilt();
    }

    public void setRebuilt(String fromWhatAndWhy) {
        storage.setRebuilt(fromWhatAndWhy);
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

    /** Who hears that this node is no member any more, with the index of a configuration without it; to be called once, at first. */
    public void onRemoved(LongConsumer listener) {
        onRemoved = listener;
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
        return new Writer(this, session, new CommitGuard(session, copy().sentinel()));
    }

    /** Whether it was closed on this node, with all its sessions. */
    public boolean isClosed() {
        return closed;
    }

    /** @throws DbException 08001 when the database has stopped on this node */
    public void checkRunning() {
        storage.awaitReplaced();
        DbException over = whyOver();
        if (over != null) {
            throw over;
        }
    }

    private DbException whyOver() {
        Throwable cause = stopped;
        if (cause instanceof RemovedMemberException) {
            return MemberErrors.removed(name, node);
        }
        if (cause != null) {
            return Errors.stopped(name, cause.toString());
        }
        return closed ? Errors.stopped(name, "it was closed") : null;
    }

    /**
     * What a session is told instead of the error that it met, when H2 can no longer read or write its file: the disk is full, say.
     * H2 gives its reason to whoever comes first, and then that it is closed. The group stops at the next entry.
     *
     * @return {@code null} while the file is in order
     */
    public DbException whyFailed() {
        return FileFailure.of(name, copy().store());
    }

    /**
     * Whether it is over here because there was no room for what H2 had to write, and for no other reason: opened anew it goes on
     * where it was, once there is room. Not after a failed force, behind which nobody knows what the file holds.
     */
    public boolean lacksSpace() {
        return stopped == null ? copy().store().health().lacksSpace() : stoppedFull;
    }

    /** What a client is told that has found no leader: HYT00, or 08001 where it was in vain to wait for one here. */
    public DbException noLeader() {
        DbException over = whyOver();
        return over == null ? Errors.noLeader(name, timeoutMillis) : over;
    }

    /** Why nobody here knows what becomes of a proposal. */
    String whyUnknown() {
        Throwable cause = stopped;
        return cause != null
                ? "database " + name + " has stopped on this node: " + cause
                : "no majority of the nodes of database " + name + " answered within " + timeoutMillis()
                        + " ms, or before the statement was cancelled";
    }

    // ---- the log's state machine ----------------------------------------------------------------------------------

    /** Bytes of the entries that were applied since this database was opened. */
    public long appliedBytes() {
        return appliedBytes;
    }

    @Override
    public long appliedIndex() {
        return copy().state().appliedIndex();
    }

    @Override
    public Siblings siblings(Entry entry) {
        return RecordSiblings.of(entry.payload());
    }

    /** Of the group that replicates this database: the same on all nodes. */
    public static long groupId(String database) {
        return RecordSiblings.groupId(database);
    }

    @Override
    public void apply(Entry entry, Proposal proposal) {
        Invariant.that(
                entry.index() == copy().state().appliedIndex() + 1,
                "entry %d to be applied on top of %d",
                entry.index(),
                copy().state().appliedIndex());
        StatementGate gate = copy().store().gate();
        gate.enterOpenTransaction();
        // An interrupt is meant for the application's thread, not for what that thread does here for everybody: some of
        // H2's waits would end in an error, which would stop the group.
        boolean interrupted = Thread.interrupted();
        try {
            Object attachment = proposal == null ? null : proposal.attachment();
            copy().entries().apply(entry, attachment instanceof PendingWork work ? work : null);
            // Before the gate is left: a checkpoint names the index that it holds.
            copy().state().committed(entry.index(), entry.epoch());
            appliedBytes += entry.size();
        } catch (RuntimeException | Error e) {
            copy().store().distrust();
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
        writers.endAll(null, () -> Errors.leaderLost(Errors.LEADERSHIP_LOST));
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
        stoppedFull = !(cause instanceof RemovedMemberException)
                && copy().store().health().lacksSpace(cause);
        stopped = cause;
        if (cause instanceof RemovedMemberException removed) {
            LOG.warn("node {} was removed from database {} and serves it no longer", node, name);
            LongConsumer hears = onRemoved;
            if (hears != null) {
                hears.accept(removed.configuration());
            }
            return;
        }
        Throwable damage = FileFailure.damageIn(cause);
        if (damage != null) {
            // The rows are in the log and on other nodes: the next start does not begin with this file.
            copy().store().markDamaged("H2 could not read the file of " + name + ": " + damage.getMessage());
        }
        LOG.error("database {} has stopped on node {}", name, node, cause);
    }

    // ---- for sessions ---------------------------------------------------------------------------------------------

    /** Its way into the log in parts, for a transaction that does not fit into one entry. */
    Shipments.Shipment shipment(SessionLocal session, long epoch) {
        return shipments.begin(epoch, new LargeCapture(session, copy().tables()));
    }

    /** What the log holds of write sets that are not decided yet. */
    public Spool spool() {
        return copy().spool();
    }

    boolean wasVoid(long index) {
        return endings.wasVoid(index);
    }

    DbException errorOf(long index) {
        return endings.errorOf(index);
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
        // Each time those of the copy of the moment: after a snapshot the old ones stay due for ever.
        for (SequenceMarks marks = copy().marks(); marks.mustMark(); marks = copy().marks()) {
            byte[] due = marks.encode();
            if (due == null) {
                return;
            }
            Proposal proposal = log.propose(new LogRecord.Marks(due).encode(), log.servingEpoch(), null);
            if (proposal.await(TimeUnit.MILLISECONDS.toNanos(timeoutMillis)) != Proposal.Outcome.APPLIED) {
                throw Errors.leaderLost(Errors.LEADERSHIP_LOST + " before the sequence values were safe");
            }
        }
    }

    /** Before a follower tells where sequences stand: it knows the marks, and H2 here where they began. */
    public void moveSequencesToMarks() {
        if (log.servingEpoch() == 0) {
            reads().awaitReadable();
            copy().marks().show();
        }
    }

    /** What became of commits whose clients were not told. */
    public CommitsInDoubt inDoubt() {
        return inDoubt;
    }

    /** This group as a participant of global transactions. */
    public BranchVotes votes() {
        return votes;
    }

    /** Branches of global transactions, as this node's sessions see them. */
    public BranchDecisions branches() {
        return branches;
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

    /**
     * Waits until every member that can be reached has this index on its disk.
     *
     * @return the members that did not confirm it: out of reach, or slow beyond the timeout
     */
    public List<String> awaitEverywhere(long index) {
        return log.awaitEverywhere(index, TimeUnit.MILLISECONDS.toNanos(timeoutMillis));
    }

    @Override
    public String toString() {
        return "database " + name;
    }

    /**
     * Ends local work and closes H2, after a last checkpoint where the store is one with checkpoints and its statements end in
     * time. The log must be closed before.
     */
    @Override
    public void close() {
        closed = true;
        digests.close();
        writers.endAll(null, () -> Errors.retry("the database was closed"));
        storage.end();
        copy().branches().close();
        copy().store().close();
    }

    /** Closes as a kill would. */
    public void abandon() {
        closed = true;
        digests.close();
        storage.end();
        copy().store().abandon();
    }
}
