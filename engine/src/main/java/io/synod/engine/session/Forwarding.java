package io.synod.engine.session;

import io.synod.branch.BranchRequest;
import io.synod.engine.database.CommitId;
import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.jdbc.CommitAge;
import io.synod.replica.Patience;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where one session's writing transactions go while another node leads, and how their commits are looked up when that node
 * is lost. Called under the session's lock.
 */
final class Forwarding {
    private static final Logger LOG = LoggerFactory.getLogger(Forwarding.class);

    private final HostedDatabase database;
    private final ForwardedOpening opening;
    private final Backoff backoff = new Backoff();
    private final Consumer<String> leaderWatch = this::onLeader;
    private volatile ForwardedSession current;
    /** Answered by the leader before it was decided; {@code null} for none. */
    private Unsettled unsettled;
    /** The result of the last statement, while its rows may be over there; {@code null} for none. */
    private ForwardedRows open;

    private boolean pinned;
    /** They were with a leader that is lost, and the application does not know yet. */
    private boolean tablesLost;
    /** The error that has told of it last. */
    private DbException told;

    private record Unsettled(CommitId id, CommitAge age) {}

    /** @param link {@code null} where the node has no peers */
    Forwarding(
            HostedDatabase database, LeaderLink link, String user, byte[] passwordHash, Map<String, String> settings) {
        this.database = database;
        this.opening = new ForwardedOpening(database, link, user, passwordHash.clone(), Map.copyOf(settings));
    }

    /**
     * Makes ready to run a transaction on that node.
     *
     * @return false when it cannot be reached: somebody else may lead soon
     */
    boolean begin(String leader, SessionLocal local, long deadlineNanos) {
        try {
            if (current != null && (current.isBroken() || !current.leader().equals(leader))) {
                close();
                checkTables();
            }
            if (current == null) {
                open(leader, local);
            }
            current.tell(local);
            return true;
        } catch (SQLException e) {
            return unreachable(leader, e, deadlineNanos);
        } catch (DbException e) {
            if (current == null || current.isBroken()) {
                close();
                checkTables();
                return unreachable(leader, e.getSQLException(), deadlineNanos);
            }
            throw e;
        }
    }

    /** As {@link Backoff#shallAskAgain}. */
    boolean shallAskAgain(DbException e, long deadlineNanos) {
        return backoff.shallAskAgain(e, deadlineNanos);
    }

    /** As {@link ForwardedOpening#openBranch}. */
    RoutedSession openBranch(Sessions there) throws SQLException {
        return opening.openBranch(there);
    }

    /** From any thread: a leader that was paused would be waited for until it wakes up. */
    private void onLeader(String leader) {
        opening.onLeader(leader);
        ForwardedSession session = current;
        if (session != null && !session.leader().equals(leader)) {
            session.abandon();
        }
    }

    /** Watched from the beginning: it is no shorter a wait than a statement's. */
    private void open(String leader, SessionLocal local) throws SQLException {
        database.watchLeader(leaderWatch);
        try {
            current = opening.open(leader, local);
        } finally {
            opening.over();
            if (current == null) {
                database.unwatchLeader(leaderWatch);
            }
        }
    }

    /** As {@link ForwardedOpening#next}. */
    void next(String sql) {
        opening.next(sql);
    }

    /**
     * Before anything is done that may need them, here or elsewhere.
     *
     * @throws DbException 40001 when the temporary tables of this session were lost with a leader; once
     */
    void checkTables() {
        if (tablesLost) {
            throw lost("");
        }
    }

    /** @param when what had not happened yet, or was under way */
    DbException lost(String when) {
        String why = Errors.LEADER_LOST + when;
        if (!tablesLost) {
            return Errors.leaderLost(why);
        }
        tablesLost = false;
        // Nobody but the application can make them again.
        return told = Errors.retry(why + ", and with it the temporary tables of this session");
    }

    /** The leader was lost, and the application is not given the error: what it says of the tables is still to be told. */
    void lostSilently(DbException e) {
        close();
        tablesLost |= e == told;
    }

    /** A table was dropped over there: it may have been the session's last one. */
    void dropped() {
        if (pinned) {
            pinned = current.hasTemporaryTables();
            // Above READ COMMITTED the question has begun a transaction over there, which sees no more than it does
            // now.
            current.rollback();
        }
    }

    /** This node leads now: what this session had on another one is not here. */
    void leadsHere() {
        if (pinned) {
            close();
        }
    }

    /** Waits a moment: the log will soon know another leader. */
    private boolean unreachable(String leader, SQLException e, long deadlineNanos) {
        String state = e.getSQLState();
        if (state != null && !state.startsWith("08") && !state.startsWith("90")) {
            throw Errors.wrap(e);
        }
        LOG.debug("database {}: leader {} cannot be reached: {}", database.name(), leader, e.toString());
        backoff.pause(deadlineNanos - System.nanoTime());
        return false;
    }

    /** @param whole whether all rows of its result are to be here when this returns */
    <T> T run(RoutedCommand command, Execution<T> execution, SessionLocal local, boolean whole) {
        if (open != null) {
            // One at a time: H2's server forgets results when many more are asked for.
            open.keep(local);
            open = null;
        }
        current.tell(local);
        try {
            T result = command.runOn(current, execution);
            boolean now = whole || execution.isScrollable();
            return execution.withRows(result, rows -> received(rows, command, local, now));
        } finally {
            if (SessionVariables.mayBeSetBy(command.tokens()) && !current.isBroken()) {
                current.takeVariables(local, SessionVariables.namedIn(command.tokens()));
            }
        }
    }

    private ResultInterface received(ResultInterface rows, RoutedCommand command, SessionLocal local, boolean whole) {
        // Then they have come with the answer.
        boolean all = rows.getRowCount() <= rows.getFetchSize();
        if (all && !LeadersLob.mayBeIn(rows)) {
            return rows;
        }
        ForwardedRows forwarded = new ForwardedRows(rows, command::read, current);
        if (all || whole) {
            try {
                forwarded.keep(local);
            } catch (RuntimeException e) {
                forwarded.close();
                throw e;
            }
        } else {
            open = forwarded;
        }
        return forwarded;
    }

    /**
     * Before the transaction ends: fetches what is left of a result that is read. That it fails does not concern the
     * transaction, as long as the leader is there: whoever reads on is told.
     *
     * @throws DbException only when the leader was lost
     */
    void keepRows(SessionLocal local) {
        if (open == null) {
            return;
        }
        try {
            open.keep(local);
        } catch (DbException e) {
            if (isBroken()) {
                throw e;
            }
            open.fail(e);
        }
        open = null;
    }

    ForwardedSession session() {
        return current;
    }

    /** The name of the session over there; {@code null} for none. From any thread. */
    String sessionName() {
        ForwardedSession session = current;
        return session == null ? null : session.name();
    }

    /** Names the commit of the statement that comes next. */
    void name(CommitId id) {
        current.name(id);
    }

    /** Never fails: what is not rolled back over there in an orderly way is so with the end of its session. */
    void rollback(SessionLocal local) {
        try {
            keepRows(local);
            current.rollback();
        } catch (DbException e) {
            if (!current.isBroken()) {
                LOG.warn("database {}: what was open on {} is dropped", database.name(), current.leader(), e);
            }
            close();
        }
    }

    /** Of the commits from now on. */
    void commitLevel(CommitLevel level, SessionLocal local) {
        try {
            current.tell(local, level);
        } catch (DbException e) {
            if (!current.isBroken()) {
                throw e;
            }
            // The commit that comes next finds out, and what became of it.
            LOG.debug("database {}: telling {} a commit level: {}", database.name(), current.leader(), e.toString());
        }
    }

    /** @throws DbException 40001 when it surely did not commit, 08007 when nobody could tell in time */
    ForwardedSession.Committed commit(CommitId id) {
        CommitAge age = CommitAge.now();
        try {
            ForwardedSession.Committed committed = current.commit(id);
            unsettled = committed.settled() ? null : new Unsettled(id, age);
            return committed;
        } catch (DbException e) {
            if (!current.isBroken()) {
                throw e;
            }
            close();
            if (!resolve(id, age)) {
                throw lost(" before the commit was durable");
            }
            return ForwardedSession.Committed.SOMEWHERE;
        }
    }

    /**
     * Prepares the transaction over there.
     *
     * @return false when it has written nothing
     * @throws DbException 40001 when it surely is not prepared, 08007 when nobody could tell in time
     */
    boolean prepare(CommitId id, String gid) {
        CommitAge age = CommitAge.now();
        try {
            current.name(id);
            return current.prepare(gid);
        } catch (DbException e) {
            if (!current.isBroken()) {
                throw e;
            }
            close();
            if (!resolve(id, age)) {
                throw lost(" before the transaction was prepared");
            }
            return true;
        }
    }

    /**
     * Prepares the transaction over there as a branch of several groups. When the answer is lost, whoever decides the whole asks
     * the leader of the moment.
     *
     * @return true
     * @throws DbException 40001 over there it could not be prepared, or nobody here knows
     */
    boolean canCommit(BranchRequest.CanCommit branch, CommitId id) {
        try {
            current.canCommit(branch, id);
            return true;
        } catch (DbException e) {
            if (!current.isBroken()) {
                throw e;
            }
            close();
            throw lost(" before the transaction was prepared");
        }
    }

    boolean isUnsettled() {
        return unsettled != null;
    }

    /**
     * Waits for the end of a commit that the leader answered before it was decided.
     *
     * @return its index; 0 when there was none, −1 when it is not known
     * @throws DbException 40000 when it was lost, 08007 when nobody could tell in time
     */
    long settle() {
        Unsettled last = unsettled;
        if (last == null) {
            return 0;
        }
        unsettled = null;
        ForwardedSession session = current;
        try {
            if (session != null) {
                return session.settle();
            }
        } catch (DbException e) {
            if (!session.isBroken()) {
                throw e;
            }
            close();
        }
        if (resolve(last.id(), last.age())) {
            return -1;
        }
        throw Errors.localCommitLost("the leader was lost before a majority had it");
    }

    /**
     * As {@link #resolve(CommitId)}, of a commit of this session.
     *
     * @param age since before it was sent
     */
    boolean resolve(CommitId id, CommitAge age) {
        boolean committed = resolve(id);
        if (!committed && !age.isRemembered()) {
            throw Errors.unknownOutcome(
                    "the commit " + id + " was sent so long ago that the nodes may have forgotten it");
        }
        return committed;
    }

    /**
     * Finds out whether a commit happened, and makes sure that it never will when it did not.
     *
     * @throws DbException 08007 when no leader could tell within the timeout
     */
    boolean resolve(CommitId id) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis());
        while (true) {
            Boolean here = database.inDoubt().fence(id);
            if (here != null) {
                return here;
            }
            long left = deadline - System.nanoTime();
            String leader = left > 0 ? database.log().awaitLeader(left) : null;
            if (leader == null || Patience.isOver()) {
                throw Errors.unknownOutcome("database " + database.name() + " had no leader to ask within "
                        + database.timeoutMillis() + " ms, or before the statement was cancelled");
            }
            if (!leader.equals(database.node())) {
                Boolean there = askLeader(leader, id);
                if (there != null) {
                    return there;
                }
            }
            backoff.pause(left);
        }
    }

    private Boolean askLeader(String leader, CommitId id) {
        try {
            return at(leader, session -> session.resolve(id));
        } catch (DbException e) {
            LOG.debug("database {}: asking {} about {}: {}", database.name(), leader, id, e.toString());
            return null;
        }
    }

    long startDigest() {
        return onLeader(
                () -> {
                    long index = database.administration().startDigest();
                    return index == 0 ? null : index;
                },
                ForwardedSession::startDigest);
    }

    boolean transfer(String member) {
        return onLeader(() -> database.administration().transfer(member), session -> session.transfer(member));
    }

    /** @param here the same on this node, {@code null} as long as it does not serve: it may be the next to lead */
    private <T> T onLeader(Supplier<T> here, Function<ForwardedSession, T> there) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis());
        while (true) {
            T done = here.get();
            if (done != null) {
                return done;
            }
            long left = deadline - System.nanoTime();
            String leader = left > 0 ? database.log().awaitLeader(left) : null;
            if (leader == null || Patience.isOver()) {
                throw database.noLeader();
            }
            if (!leader.equals(database.node())) {
                return at(leader, there);
            }
            backoff.pause(left);
        }
    }

    /** In a session that is opened for it: nothing of this session's has a part in it. */
    private <T> T at(String leader, Function<ForwardedSession, T> call) {
        try {
            ForwardedSession session = opening.openBare(leader);
            try {
                return call.apply(session);
            } finally {
                session.close();
            }
        } catch (SQLException e) {
            throw Errors.wrap(e);
        }
    }

    /** The session has tables of its own over there: everything runs there from now on. */
    void pin() {
        pinned = true;
    }

    boolean pinned() {
        return pinned || tablesLost;
    }

    boolean isBroken() {
        ForwardedSession session = current;
        return session == null || session.isBroken();
    }

    void close() {
        if (open != null) {
            open.fail(Errors.leaderLost(Errors.LEADER_LOST + " before all rows of this result were read"));
            open = null;
        }
        if (current != null) {
            database.unwatchLeader(leaderWatch);
            current.close();
            current = null;
        }
        tablesLost |= pinned;
        pinned = false;
    }
}
