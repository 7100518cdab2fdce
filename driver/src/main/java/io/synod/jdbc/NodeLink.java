package io.synod.jdbc;

import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;

/**
 * A session's link to the node of the moment: H2's remote session there. When that breaks another one is made, on a node that
 * serves, and given the same state; between transactions it goes to the leader.
 *
 * <p><b>Concurrency.</b> Under the session's lock, but for {@link #isClosed} and what says that it is for the watchdog's thread.
 */
final class NodeLink {
    /**
     * A request whose answer is awaited.
     *
     * @param limitNanos after which its node is given up even if that answers others
     */
    record Waiting(SessionRemote remote, long sinceNanos, long limitNanos) {
        Waiting(SessionRemote remote, long sinceNanos) {
            this(remote, sinceNanos, Long.MAX_VALUE);
        }
    }

    private final SynodUrl url;
    private final Reconnection reconnection;
    private final SessionState state;
    /** What is lost with the node. */
    private final OpenTransaction transaction;

    private final LeftConnection left = new LeftConnection();
    private final LeaderMove move;
    private volatile SessionRemote remote;
    /** Of {@link #remote}; of the last one where that is lost. */
    private NodeSession node;
    /** Whether it has this session's state. */
    private boolean ready;

    private int openResults;
    private long seenIndex;
    private long requests;
    private volatile Waiting waiting;
    private volatile SessionRemote silent;
    private volatile long answeredNanos = neverAnswered();
    private volatile boolean closed;

    /** @param state which a new session there gets */
    NodeLink(SynodUrl url, Reconnection reconnection, SessionState state, OpenTransaction transaction) {
        this.url = url;
        this.reconnection = reconnection;
        this.state = state;
        this.transaction = transaction;
        this.move = new LeaderMove(url, reconnection, left, this::restore);
    }

    // ---- the watchdog ---------------------------------------------------------------------------------------------

    /** For the watchdog's thread. */
    Waiting waiting() {
        return waiting;
    }

    /** For the watchdog's thread. */
    void dropLeft(long nowNanos) {
        Waiting now = waiting;
        left.dropIfOld(now == null ? null : now.remote(), nowNanos);
    }

    /** For a test: the connection from which this one went to the leader's. */
    LeftConnection left() {
        return left;
    }

    /** For the watchdog's thread. */
    SynodUrl url() {
        return url;
    }

    /** For the watchdog's thread: the node does not answer it either, or cannot serve while another one can. */
    void sever(Waiting overdue) {
        if (waiting != overdue) {
            // It was answered while its node was being asked.
            return;
        }
        silent = overdue.remote();
        RemoteInternals.sever(overdue.remote());
    }

    /** The node of the moment has answered a request. */
    void answered() {
        answeredNanos = System.nanoTime();
    }

    /** For the watchdog's thread: when the node of the moment has answered last, long ago where it has not yet. */
    long answeredNanos() {
        return answeredNanos;
    }

    /** For the watchdog's thread. */
    String endpoint() {
        return reconnection.endpoint();
    }

    private static long neverAnswered() {
        return System.nanoTime() - TimeUnit.HOURS.toNanos(1);
    }

    /** An answer of this node is awaited from now on. */
    void waitsFor(SessionRemote target) {
        waiting = new Waiting(target, System.nanoTime());
    }

    void waitsNoLonger() {
        waiting = null;
    }

    /** Has the node watched while the call reads from it; it may be in the middle of another wait. */
    <T> T awaiting(SessionRemote origin, Supplier<T> call) {
        Waiting outer = waiting;
        try {
            waitsFor(origin);
            return call.get();
        } finally {
            left.used(origin, System.nanoTime());
            // A LOB may be read while it is sent.
            waiting = outer;
        }
    }

    // ---- the node of the moment -----------------------------------------------------------------------------------

    /** The session's first node. */
    void connect() throws SQLException {
        attach(reconnection.connectFirst());
        ready = true;
        transaction.setAutoCommit(remote.getAutoCommit());
        Watchdog.watch(this);
    }

    /** @return {@code null} while it is lost */
    SessionRemote remote() {
        return remote;
    }

    /** @return the last one while it is lost */
    NodeSession node() {
        return node;
    }

    /** The connection that the watchdog has severed last; {@code null} for none. */
    SessionRemote silent() {
        return silent;
    }

    /**
     * @return the session of the moment; a new one when the last was lost, with the same state
     * @throws DbException also where the node refuses some of that, with each call: nothing is executed in another state
     */
    SessionRemote connected(Deadline deadline, boolean forRollback) {
        return connected(deadline, forRollback, false);
    }

    /** As {@link #connected}, to be asked only: also one that refuses some of the state. */
    SessionRemote asked(Deadline deadline) {
        return connected(deadline, true, true);
    }

    private SessionRemote connected(Deadline deadline, boolean forRollback, boolean toAsk) {
        if (closed) {
            // By abort() in another thread, after this one's connection was found open.
            throw DbException.get(ErrorCode.OBJECT_CLOSED);
        }
        SessionRemote current = remote;
        if (current != null && !current.isClosed()) {
            if (ready || toAsk) {
                return current;
            }
            drop();
        }
        if (transaction.isOpen() && !forRollback) {
            lost();
            throw Errors.wrap(Errors.transactionLost(null));
        }
        for (; ; ) {
            lost();
            try {
                attach(reconnection.reconnect(deadline, hello()));
                restore(node);
                ready = true;
                return remote;
            } catch (DbException e) {
                if (remote == null) {
                    throw e;
                }
                boolean broken = Broken.isBroken(remote, e);
                if (!broken && toAsk) {
                    return remote;
                }
                if (!broken) {
                    drop();
                    throw e;
                }
                if (deadline.hasPassed()) {
                    throw e;
                }
                // Lost again while its state was set: the deadline bounds this loop.
                reconnection.failed();
            } catch (SQLException e) {
                throw Errors.wrap(e);
            }
        }
    }

    /** So that the application's next statement finds the session ready; that one reports what stays wrong. */
    void reconnectQuietly(Deadline deadline) {
        try {
            connected(deadline, true);
        } catch (DbException e) {
            drop();
        }
    }

    /** Its node is not lost. */
    private void drop() {
        SessionRemote old = remote;
        remote = null;
        if (old != null) {
            RemoteInternals.abandon(old);
        }
    }

    /** What the session says on the next node. The numbers of these requests are used up, whether they arrive there or not. */
    private Hello hello() {
        List<SessionState.Replay> replays = state.replay();
        long last = requests;
        requests += replays.size();
        return new Hello(last, seenIndex, transaction.isAutoCommit(), state.ofH2(), replays);
    }

    private void restore(NodeSession fresh) {
        SessionRemote there = fresh.remote();
        if (there.getAutoCommit() != transaction.isAutoCommit()) {
            // As INIT in its URL has it.
            waitsFor(there);
            there.setAutoCommit(transaction.isAutoCommit());
        }
        if (fresh.refused() != null) {
            throw fresh.refused();
        }
        for (SessionState.Replay replay : fresh.rest()) {
            waitsFor(there);
            CommandInterface command = there.prepareCommand(replay.sql());
            for (int i = 0; i < replay.parameters().size(); i++) {
                command.getParameters().get(i).setValue(replay.parameters().get(i), false);
            }
            announceNext(there);
            command.executeUpdate(null);
            command.close();
        }
    }

    /** @return the number of the session's next request, which the node is told with it */
    long announceNext(SessionRemote target) {
        long number = ++requests;
        RemoteInternals.announce(target, number);
        return number;
    }

    private void attach(NodeSession session) {
        answeredNanos = neverAnswered();
        node = session;
        remote = session.remote();
        openResults = 0;
        ready = false;
    }

    // ---- to the leader --------------------------------------------------------------------------------------------

    /** What the node has said with an answer. */
    void answered(ReplyHead head) {
        seenIndex = Math.max(seenIndex, head.seenIndex());
        if (head.leads()) {
            move.found(node);
        }
    }

    /**
     * Between transactions, and where the session leaves nothing behind: every write would take the longer way through this
     * node. Not before its first statement, which may be the one that has it stay.
     *
     * @param unsettled whether a commit may have to be asked for here
     */
    void moveToLeader(boolean unsettled) {
        SessionRemote here = remote;
        boolean bound =
                here == null || requests == 0 || transaction.isOpen() || openResults > 0 || unsettled || state.stays();
        if (!bound) {
            waitsFor(here);
        }
        NodeSession there = move.from(node, bound, this::hello);
        waiting = null;
        if (there != null) {
            attach(there);
            ready = true;
        }
    }

    /** Under the session's lock or on the way there: only a hint for when to move. */
    void resultOpened() {
        openResults++;
    }

    void resultClosed() {
        openResults = Math.max(0, openResults - 1);
    }

    // ---- its loss -------------------------------------------------------------------------------------------------

    /** Whether the error, of a call on the session of the moment, means that the node is lost, and another one is to be found. */
    boolean isToBeReplaced(DbException e) {
        return !closed && remote != null && Broken.isBroken(remote, e);
    }

    /** @return whether this error means that the node is lost; the session has left it then */
    boolean leaveIfBroken(DbException e) {
        boolean broken = Broken.isBroken(remote, e);
        if (broken) {
            lost();
        }
        return broken;
    }

    /** The session on the node is gone, and its transaction with it. */
    void lost() {
        transaction.gone();
        leave();
    }

    private void leave() {
        SessionRemote old = remote;
        remote = null;
        if (old != null) {
            reconnection.failed();
            RemoteInternals.abandon(old);
        }
    }

    /** See {@link FailoverSession#isValid}. */
    boolean isValid(int seconds) {
        int limit = url.intSetting("FAILOVER_TIMEOUT");
        Deadline deadline = new Deadline(seconds > 0 ? (int) Math.min(seconds * 1000L, limit) : limit);
        while (!closed) {
            try {
                ping(deadline);
                return true;
            } catch (SQLException | DbException e) {
                if (remote == null || deadline.hasPassed() || !Broken.isBroken(remote, DbException.convert(e))) {
                    return false;
                }
                leave();
            } finally {
                waiting = null;
            }
        }
        return false;
    }

    private void ping(Deadline deadline) throws SQLException {
        if (transaction.isOpen() && (remote == null || remote.isClosed())) {
            leave();
            RemoteInternals.abandon(reconnection
                    .reconnect(deadline, Hello.bare(requests, seenIndex))
                    .remote());
            return;
        }
        SessionRemote target = connected(deadline, false);
        waiting = new Waiting(target, System.nanoTime(), Math.max(1, deadline.leftMillis()) * 1_000_000);
        // The shortest question of H2's protocol; the answer does not matter.
        target.hasPendingTransaction();
    }

    // ---- its end --------------------------------------------------------------------------------------------------

    boolean isClosed() {
        return closed;
    }

    void close() {
        try {
            closed = true;
            left.drop();
            SessionRemote current = remote;
            remote = null;
            if (current != null && !current.isClosed()) {
                // The node acknowledges it, and may have gone silent.
                waitsFor(current);
                try {
                    current.close();
                } catch (DbException e) {
                    if (!Broken.isBroken(current, e)) {
                        throw e;
                    }
                }
            }
        } finally {
            waiting = null;
            Watchdog.forget(this);
        }
    }
}
