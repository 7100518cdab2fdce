package io.synod.jdbc;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.h2.api.ErrorCode;

/**
 * The branches of one connection for a transaction manager (JTA; X/Open XA, 1991). One branch at a time is worked on:
 *
 * <pre>
 * (none) ─start→ ACTIVE ─end→ ENDED ─prepare→ (prepared in the database) ─commit, rollback→ (none)
 *                  └suspend, resume┘  └─ commit in one phase, rollback → (none)
 * </pre>
 *
 * A prepared one is the database's: any resource of it, on any node, ends it, or finds it with {@link #recover}. The database
 * remembers for hours how it ended, so that a manager may ask again for what it has decided; where somebody else has decided
 * otherwise (ROLLBACK TRANSACTION by hand), that was heuristic.
 *
 * <p>Thread-safe: one call at a time.
 */
final class SynodXAResource implements XAResource {
    private enum State {
        NONE,
        ACTIVE,
        SUSPENDED,
        ENDED
    }

    private static final Logger LOG = Logger.getLogger(SynodXAResource.class.getName());

    private final SynodConnection connection;
    private State state = State.NONE;
    /** {@code null} in state NONE. */
    private String branch;

    private boolean autoCommitBefore;
    private long lostBefore;
    private boolean failed;
    private int timeoutSeconds;
    private long deadlineNanos;

    SynodXAResource(SynodConnection connection) {
        this.connection = connection;
    }

    /** Whether the connection's transaction is the manager's to end. */
    synchronized boolean isInBranch() {
        return state != State.NONE;
    }

    @Override
    public synchronized void start(Xid xid, int flags) throws XAException {
        String name = name(xid);
        switch (flags) {
            case TMNOFLAGS -> begin(name);
            case TMJOIN -> resume(name, State.ENDED);
            case TMRESUME -> resume(name, State.SUSPENDED);
            default ->
                throw error(XAException.XAER_INVAL, "start() knows TMNOFLAGS, TMJOIN and TMRESUME, not " + flags);
        }
    }

    private void begin(String name) throws XAException {
        if (name.equals(branch)) {
            throw error(XAException.XAER_DUPID, name + " has been started on this connection");
        }
        if (state == State.ACTIVE) {
            throw error(
                    XAException.XAER_PROTO, "end " + branch + " before another branch is started on its connection");
        }
        if (state != State.NONE) {
            throw error(
                    XAException.XAER_RMERR,
                    "prepare, commit or roll back " + branch + " before another branch is started on its connection");
        }
        try {
            if (connection.hasOpenTransaction()) {
                throw error(XAException.XAER_OUTSIDE, "the connection has a transaction of its own open");
            }
            autoCommitBefore = connection.getAutoCommit();
            connection.setAutoCommit(false);
            lostBefore = connection.lostTransactions();
        } catch (SQLException e) {
            throw error(e);
        }
        failed = false;
        deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(timeoutSeconds);
        branch = name;
        state = State.ACTIVE;
    }

    private void resume(String name, State from) throws XAException {
        checkBranch(name);
        if (state != from) {
            throw error(XAException.XAER_PROTO, name + " is " + state + ", expected " + from);
        }
        state = State.ACTIVE;
    }

    private void checkBranch(String name) throws XAException {
        if (!name.equals(branch)) {
            throw error(XAException.XAER_NOTA, name + " is not the branch of this connection, which is " + branch);
        }
    }

    @Override
    public synchronized void end(Xid xid, int flags) throws XAException {
        checkBranch(name(xid));
        if (state == State.ENDED || state == State.SUSPENDED && flags == TMSUSPEND) {
            throw error(XAException.XAER_PROTO, branch + " is " + state);
        }
        switch (flags) {
            case TMSUCCESS -> state = State.ENDED;
            case TMSUSPEND -> state = State.SUSPENDED;
            case TMFAIL -> {
                failed = true;
                state = State.ENDED;
            }
            default -> throw error(XAException.XAER_INVAL, "end() knows TMSUCCESS, TMFAIL and TMSUSPEND, not " + flags);
        }
    }

    @Override
    public synchronized int prepare(Xid xid) throws XAException {
        checkEnded(name(xid));
        checkAlive();
        boolean prepared;
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("CALL SYNOD.PREPARE('" + branch + "')")) {
            rows.next();
            prepared = rows.getBoolean(1);
        } catch (SQLException e) {
            if (!Errors.RESULT_LOST.equals(e.getSQLState())) {
                throw notPrepared(e);
            }
            // The node was lost behind it: what was to be durable is.
            prepared = true;
        }
        over();
        return prepared ? XA_OK : XA_RDONLY;
    }

    private XAException notPrepared(SQLException e) {
        XAException error = error(e);
        if (error.errorCode == XAException.XAER_DUPID || error.errorCode == XAException.XAER_RMERR) {
            // Still this connection's, as X/Open has it: the manager rolls it back.
            return error;
        }
        // It is gone, or open (too many are prepared), or prepared without anybody's knowing: then rollback() is one of
        // the
        // database.
        String name = branch;
        try {
            undo();
        } catch (XAException failed) {
            failed.addSuppressed(e);
            return failed;
        }
        return e.getErrorCode() == ErrorCode.LOCK_TIMEOUT_1
                ? error(XAException.XA_RBTRANSIENT, name + " was rolled back: " + e.getMessage(), e)
                : error;
    }

    private void checkEnded(String name) throws XAException {
        checkBranch(name);
        if (state != State.ENDED) {
            throw error(XAException.XAER_PROTO, name + " is " + state + ", end it before");
        }
    }

    /** Rolls back what must not be committed. */
    private void checkAlive() throws XAException {
        int reason = 0;
        try {
            if (failed) {
                reason = XAException.XA_RBROLLBACK;
            } else if (connection.lostTransactions() != lostBefore) {
                reason = XAException.XA_RBTRANSIENT;
            } else if (timeoutSeconds > 0 && System.nanoTime() - deadlineNanos > 0) {
                reason = XAException.XA_RBTIMEOUT;
            }
        } catch (SQLException e) {
            throw error(e);
        }
        if (reason != 0) {
            String name = branch;
            undo();
            throw error(reason, name + " was rolled back");
        }
    }

    /** Rolls back what may be open. Auto-commit mode would commit it: where this fails, the connection stays out of that. */
    private void undo() throws XAException {
        state = State.NONE;
        branch = null;
        try {
            connection.rollback();
        } catch (SQLException e) {
            throw error(e);
        }
        over();
    }

    /** The connection is free for local work again. */
    private void over() {
        state = State.NONE;
        branch = null;
        try {
            connection.setAutoCommit(autoCommitBefore);
        } catch (SQLException e) {
            LOG.log(Level.FINE, "auto-commit of a connection that has left its branch", e);
        }
    }

    @Override
    public synchronized void commit(Xid xid, boolean onePhase) throws XAException {
        String name = name(xid);
        if (!onePhase) {
            decide(true, name);
            return;
        }
        checkEnded(name);
        checkAlive();
        try {
            connection.commit();
        } catch (SQLException e) {
            XAException error = error(e);
            try {
                undo();
            } catch (XAException failed) {
                error.addSuppressed(failed);
            }
            throw error;
        }
        over();
    }

    @Override
    public synchronized void rollback(Xid xid) throws XAException {
        String name = name(xid);
        if (!name.equals(branch)) {
            decide(false, name);
            return;
        }
        checkEnded(name);
        undo();
    }

    private void decide(boolean commit, String name) throws XAException {
        if (name.equals(branch)) {
            throw error(XAException.XAER_PROTO, name + " is " + state + ", prepare it before");
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute((commit ? "COMMIT" : "ROLLBACK") + " TRANSACTION \"" + name + '"');
        } catch (SQLException e) {
            if (e.getErrorCode() == ErrorCode.TRANSACTION_NOT_FOUND_1) {
                checkDecided(commit, name, e);
                return;
            }
            if (e.getSQLState() != null && e.getSQLState().startsWith("40")) {
                // Nothing was decided, and the branch waits. XA knows no XA_RETRY for a rollback.
                throw error(commit ? XAException.XA_RETRY : XAException.XAER_RMFAIL, e.getMessage(), e);
            }
            throw error(e);
        }
    }

    /** It may be that only the answer to the first request was lost. */
    private void checkDecided(boolean commit, String name, SQLException unknown) throws XAException {
        Boolean committed = decision(name);
        if (committed == null) {
            throw error(unknown);
        }
        if (committed != commit) {
            throw error(
                    committed ? XAException.XA_HEURCOM : XAException.XA_HEURRB,
                    name + " was " + (committed ? "committed" : "rolled back") + " already, by somebody else",
                    unknown);
        }
    }

    /** @return whether it was committed or rolled back; {@code null} where there was none, or that is forgotten */
    private Boolean decision(String name) throws XAException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("CALL SYNOD.DECISION('" + name + "')")) {
            rows.next();
            String decision = rows.getString(1);
            return decision == null ? null : decision.equals("COMMITTED");
        } catch (SQLException e) {
            if (Errors.UNKNOWN_CALL.equals(e.getSQLState())) {
                // Not XAER_RMERR, which would say that it was rolled back. This one lets the manager come again.
                SQLException older = Errors.olderNode(e);
                throw error(XAException.XAER_RMFAIL, older.getMessage(), older);
            }
            throw notTold(e);
        }
    }

    /** What was asked for is not known now. That the connection's own transaction is lost says nothing of other branches. */
    private static XAException notTold(SQLException e) {
        return Errors.isRolledBack(e) ? error(XAException.XAER_RMFAIL, e.getMessage(), e) : error(e);
    }

    /** The database forgets by itself what was decided. */
    @Override
    public synchronized void forget(Xid xid) throws XAException {
        String name = name(xid);
        if (decision(name) == null) {
            throw error(XAException.XAER_NOTA, name + " is not known to have been decided");
        }
    }

    /** All at once with TMSTARTRSCAN, from whichever connection they come. */
    @Override
    public synchronized Xid[] recover(int flags) throws XAException {
        if ((flags & ~(TMSTARTRSCAN | TMENDRSCAN)) != 0) {
            throw error(XAException.XAER_INVAL, "recover() knows TMSTARTRSCAN and TMENDRSCAN, not " + flags);
        }
        List<Xid> found = new ArrayList<>();
        if ((flags & TMSTARTRSCAN) != 0) {
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(
                            "SELECT TRANSACTION_NAME FROM INFORMATION_SCHEMA.IN_DOUBT ORDER BY TRANSACTION_NAME")) {
                while (rows.next()) {
                    Xid xid = SynodXid.parse(rows.getString(1));
                    if (xid != null) {
                        found.add(xid);
                    }
                }
            } catch (SQLException e) {
                throw notTold(e);
            }
        }
        return found.toArray(Xid[]::new);
    }

    /** Only this one: a branch cannot be joined from another connection. */
    @Override
    public boolean isSameRM(XAResource other) {
        return other == this;
    }

    @Override
    public synchronized int getTransactionTimeout() {
        return timeoutSeconds;
    }

    /** @param seconds 0 for none; a branch that is older is rolled back when it is to be prepared or committed, never later */
    @Override
    public synchronized boolean setTransactionTimeout(int seconds) throws XAException {
        if (seconds < 0) {
            throw error(XAException.XAER_INVAL, "a time-out of " + seconds + " seconds, expected 0 or more");
        }
        timeoutSeconds = seconds;
        return true;
    }

    private static String name(Xid xid) throws XAException {
        if (xid == null
                || xid.getGlobalTransactionId().length > Xid.MAXGTRIDSIZE
                || xid.getBranchQualifier().length > Xid.MAXBQUALSIZE) {
            throw error(XAException.XAER_INVAL, xid + " is not the name of a branch");
        }
        return SynodXid.name(xid);
    }

    private static XAException error(SQLException e) {
        return error(code(e), e.getMessage(), e);
    }

    private static int code(SQLException e) {
        if (e.getErrorCode() == ErrorCode.TRANSACTION_NOT_FOUND_1) {
            return XAException.XAER_NOTA;
        }
        String sqlState = e.getSQLState() == null ? "" : e.getSQLState();
        return switch (sqlState) {
            case "40001" -> XAException.XA_RBTRANSIENT;
            case "40000" -> XAException.XA_RBROLLBACK;
            case "42710" -> XAException.XAER_DUPID;
            case "HYT00", "90007", "90067", "90098", "90121" -> XAException.XAER_RMFAIL;
            default ->
                sqlState.startsWith("08")
                        ? XAException.XAER_RMFAIL
                        : sqlState.startsWith("40") ? XAException.XA_RBROLLBACK : XAException.XAER_RMERR;
        };
    }

    private static XAException error(int code, String message) {
        return error(code, message, null);
    }

    private static XAException error(int code, String message, Throwable cause) {
        XAException error = new XAException(message);
        error.errorCode = code;
        error.initCause(cause);
        return error;
    }
}
