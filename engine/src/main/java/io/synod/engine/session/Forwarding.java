package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.jdbc.CommitAge;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where one session's writing transactions go while another node leads, and how their commits are looked up when that node
 * is lost. Called under the session's lock.
 */
final class Forwarding {
    private static final Logger LOG = LoggerFactory.getLogger(Forwarding.class);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final HostedDatabase database;
    private final LeaderLink link;
    private final String user;
    private final byte[] passwordHash;
    private final Map<String, String> settings;

    private final Consumer<String> leaderWatch = this::onLeader;
    private volatile ForwardedSession current;
    /** Answered by the leader before it was decided; {@code null} for none. */
    private Unsettled unsettled;

    private boolean pinned;

    private record Unsettled(CommitId id, CommitAge age) {}

    /** @param link {@code null} where the node has no peers */
    Forwarding(
            HostedDatabase database, LeaderLink link, String user, byte[] passwordHash, Map<String, String> settings) {
        this.database = database;
        this.link = link;
        this.user = user;
        this.passwordHash = passwordHash.clone();
        this.settings = Map.copyOf(settings);
    }

    /**
     * Makes ready to run a transaction on that node.
     *
     * @return false when it cannot be reached: somebody else may lead soon
     */
    boolean begin(String leader, SessionLocal local, long deadlineNanos) {
        try {
            if (current != null && (current.isBroken() || !current.leader().equals(leader))) {
                lostPinned();
                close();
            }
            if (current == null) {
                current = open(leader);
                database.watchLeader(leaderWatch);
            }
            current.tell(local);
            return true;
        } catch (SQLException e) {
            return unreachable(leader, e, deadlineNanos);
        } catch (DbException e) {
            if (current == null || current.isBroken()) {
                close();
                return unreachable(leader, e.getSQLException(), deadlineNanos);
            }
            throw e;
        }
    }

    /**
     * Whether the node that was asked did not lead, or not yet: then it executed nothing, and somebody will soon. Waits a
     * moment before it says yes.
     */
    static boolean shallAskAgain(DbException e, long deadlineNanos) {
        long left = deadlineNanos - System.nanoTime();
        if (e.getErrorCode() != Errors.NOT_LEADER_CODE || left <= 0) {
            return false;
        }
        Pause.nanos(Math.min(PAUSE_NANOS, left));
        return true;
    }

    /** From any thread: a leader that was paused would be waited for until it wakes up. */
    private void onLeader(String leader) {
        ForwardedSession session = current;
        if (session != null && !session.leader().equals(leader)) {
            session.abandon();
        }
    }

    private ForwardedSession open(String leader) throws SQLException {
        if (link == null) {
            throw new SQLException("no way to node " + leader, "08001");
        }
        try {
            return ForwardedSession.open(link, leader, database.name(), user, passwordHash, settings);
        } catch (DbException e) {
            throw e.getSQLException();
        }
    }

    private void lostPinned() {
        if (pinned) {
            pinned = false;
            close();
            throw Errors.retry("the leader was lost, and with it the temporary tables of this session");
        }
    }

    /** Waits a moment: the log will soon know another leader. */
    private boolean unreachable(String leader, SQLException e, long deadlineNanos) {
        String state = e.getSQLState();
        if (state != null && !state.startsWith("08") && !state.startsWith("90")) {
            throw Errors.wrap(e);
        }
        LOG.debug("database {}: leader {} cannot be reached: {}", database.name(), leader, e.toString());
        Pause.nanos(Math.min(PAUSE_NANOS, deadlineNanos - System.nanoTime()));
        return false;
    }

    <T> T run(RoutedCommand command, Execution<T> execution, SessionLocal local) {
        current.tell(local);
        try {
            return command.runOn(current.session(), execution);
        } finally {
            if (SessionVariables.mayBeSetBy(command.tokens()) && !current.isBroken()) {
                current.takeVariables(local, SessionVariables.namedIn(command.tokens()));
            }
        }
    }

    Session session() {
        return current.session();
    }

    /** Names the commit of the statement that comes next. */
    void name(CommitId id) {
        current.name(id);
    }

    void rollback() {
        try {
            current.rollback();
        } catch (DbException e) {
            if (!current.isBroken()) {
                throw e;
            }
            // Gone with its node: that is a rollback.
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
                throw Errors.retry("the leader was lost before the commit was durable");
            }
            return ForwardedSession.Committed.SOMEWHERE;
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
            Boolean here = database.fence(id);
            if (here != null) {
                return here;
            }
            long left = deadline - System.nanoTime();
            String leader = left > 0 ? database.log().awaitLeader(left) : null;
            if (leader == null) {
                throw Errors.unknownOutcome("database " + database.name() + " had no leader for "
                        + database.timeoutMillis() + " ms to ask");
            }
            if (!leader.equals(database.node())) {
                Boolean there = askLeader(leader, id);
                if (there != null) {
                    return there;
                }
            }
            Pause.nanos(Math.min(PAUSE_NANOS, left));
        }
    }

    private Boolean askLeader(String leader, CommitId id) {
        try {
            ForwardedSession session = open(leader);
            try {
                return session.resolve(id);
            } finally {
                session.close();
            }
        } catch (SQLException | DbException e) {
            LOG.debug("database {}: asking {} about {}: {}", database.name(), leader, id, e.toString());
            return null;
        }
    }

    long startDigest() {
        return onLeader(ForwardedSession::startDigest);
    }

    boolean transfer(String member) {
        return onLeader(session -> session.transfer(member));
    }

    /** In a session that is opened for it: nothing of this session's has a part in it. */
    private <T> T onLeader(Function<ForwardedSession, T> call) {
        String leader = database.log().awaitLeader(TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis()));
        if (leader == null || leader.equals(database.node())) {
            throw Errors.noLeader(database.name(), database.timeoutMillis());
        }
        try {
            ForwardedSession session = open(leader);
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
        return pinned;
    }

    boolean isBroken() {
        ForwardedSession session = current;
        return session == null || session.isBroken();
    }

    void close() {
        if (current != null) {
            database.unwatchLeader(leaderWatch);
            current.close();
            current = null;
        }
    }
}
