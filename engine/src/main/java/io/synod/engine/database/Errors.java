package io.synod.engine.database;

import io.synod.branch.Branch;
import io.synod.jdbc.Release;
import io.synod.jdbc.RemoteInternals;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransactionRollbackException;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.h2.api.ErrorCode;
import org.h2.jdbc.JdbcException;
import org.h2.message.DbException;

/** Every error that the engine gives by itself: message, SQLState and H2 error code. */
public final class Errors {
    /** H2's vendor code for a transaction that must be retried. */
    public static final int RETRY_CODE = ErrorCode.DEADLOCK_1;
    /** Vendor code of a commit whose outcome is not known. */
    public static final int UNKNOWN_CODE = 90067;

    /** Vendor code of 40001 where nothing else than a change of leader is the cause; of H2's class of codes for a rollback. */
    public static final int LEADER_LOST_CODE = 40_941;

    /** Vendor code of 40001 for any other cause that H2 does not know: a snapshot took this node's copy's place, say. */
    public static final int TRANSACTION_LOST_CODE = 40_942;

    /** Vendor code of a node that was asked to run a transaction and does not lead: nothing was executed. */
    public static final int NOT_LEADER_CODE = 90941;

    /** Vendor code of a commit at level LOCAL that was lost after it was answered. */
    public static final int LOCAL_LOST_CODE = 90942;

    /** Vendor code of a name that another prepared transaction has. */
    public static final int NAME_IN_USE_CODE = 90943;

    /** How the reasons begin that are given to {@link #leaderLost}, on the node that has led. */
    public static final String LEADERSHIP_LOST = "this node lost its leadership";

    /** The same, on another node. */
    public static final String LEADER_LOST = "the leader was lost";

    /** Where H2's message has no value for its parameter. */
    private static final String NO_NAME = "{0}";

    private static final Pattern QUOTED = Pattern.compile("\"(?:[^\"]|\"\")*\"");

    private Errors() {}

    /** 42710: a transaction cannot be prepared under this name; it stays open. */
    static DbException nameInUse(String gid) {
        return wrap(new SQLException(
                "a transaction named " + gid + " is prepared already: choose another name, or end that one with COMMIT"
                        + " TRANSACTION or ROLLBACK TRANSACTION",
                "42710",
                NAME_IN_USE_CODE));
    }

    /** 40001: a session that must run here or fail was opened on a node that does not lead. */
    public static DbException notLeader(String node, String leader) {
        return wrap(new SQLTransactionRollbackException(
                "node " + node + " does not lead"
                        + (leader == null || leader.equals(node)
                                ? ", and no member serves as leader yet"
                                : ", " + leader + " does")
                        + "; nothing was executed, try again",
                "40001",
                NOT_LEADER_CODE));
    }

    /** 40001: the transaction surely did not commit; run it again. */
    public static DbException retry(String why) {
        return rolledBack(why, TRANSACTION_LOST_CODE);
    }

    /** The same, for a cause that it may have on H2, too. */
    public static DbException deadlock(String why) {
        return rolledBack(why, RETRY_CODE);
    }

    /** SY002: what a statement has committed before, or in its middle, stays; the rest of it was lost. */
    public static DbException partsCommitted(String why) {
        return wrap(new SQLException(
                "what was open before this statement, or what it has committed in its middle, is committed; the rest of it was lost ("
                        + why + "): do not run the transaction again, but what is missing of this statement",
                "SY002",
                ErrorCode.GENERAL_ERROR_1));
    }

    /** 40001: an earlier statement of this transaction was told so, or would have been. */
    public static DbException stillLost(String why) {
        return wrap(new SQLTransactionRollbackException(
                "the transaction of this session was lost (" + why
                        + "); nothing was executed: call rollback(), then run it from its beginning",
                "40001",
                TRANSACTION_LOST_CODE));
    }

    /** The same, where nothing else than a change of leader is the cause. */
    public static DbException leaderLost(String why) {
        return rolledBack(why, LEADER_LOST_CODE);
    }

    private static DbException rolledBack(String why, int code) {
        return wrap(new SQLTransactionRollbackException(
                why + "; the transaction was rolled back, run it again", "40001", code));
    }

    /** 40001: what a row has left with the leader. */
    public static DbException lobLost(Throwable cause) {
        return wrap(new SQLTransactionRollbackException(
                LEADER_LOST + " before this large object was read; run the query again",
                "40001",
                LEADER_LOST_CODE,
                cause));
    }

    /** Whether the transaction was rolled back as a whole, whatever the cause. */
    public static boolean isRetry(DbException e) {
        return e.getErrorCode() == RETRY_CODE || isLost(e);
    }

    /** Whether it was rolled back for a cause that an application on H2 does not meet: what it did then goes on half. */
    public static boolean isLost(DbException e) {
        return e.getErrorCode() == TRANSACTION_LOST_CODE || isLeaderLost(e);
    }

    /** Whether nothing else than a change of leader is the cause, here or on the node that said so. */
    public static boolean isLeaderLost(DbException e) {
        return e.getErrorCode() == LEADER_LOST_CODE;
    }

    /** 08007: it may have committed or not, and nobody could tell within the timeout. */
    public static DbException unknownOutcome(String why) {
        return wrap(new SQLException(
                why + "; whether the transaction committed is not known: look for its changes before running it again",
                "08007",
                UNKNOWN_CODE));
    }

    /** Whether it is HYT00: something was not there in time, and nothing was executed. */
    public static boolean isTimeout(DbException e) {
        return "HYT00".equals(e.getSQLException().getSQLState());
    }

    /** 40001, to the driver only: a statement that was prepared as one that reads would write now; nothing was executed. */
    public static DbException prepareAgain() {
        return wrap(new SQLTransactionRollbackException(
                "the statement reads another view or function than when it was prepared, one that may write; nothing was"
                        + " executed, prepare it again",
                "40001",
                RemoteInternals.PREPARE_AGAIN));
    }

    /** 57014: the statement was cancelled, or its QUERY_TIMEOUT has passed; nothing was executed. */
    public static DbException cancelled() {
        return DbException.get(ErrorCode.STATEMENT_WAS_CANCELED);
    }

    /** HYT00: a lock or a place was not free within LOCK_TIMEOUT. */
    public static DbException timeout(String what) {
        return DbException.get(ErrorCode.LOCK_TIMEOUT_1, what);
    }

    /** HYT00: what a prepared transaction holds, which only its decision frees; the same error otherwise. */
    static DbException heldBy(Branch branch, String is, DbException timeout) {
        String name = '"' + branch.gid().replace("\"", "\"\"") + '"';
        String end = branch.isAlone()
                ? "end that with COMMIT TRANSACTION " + name + " or ROLLBACK TRANSACTION " + name
                : "its databases decide it (see SYNOD.GLOBAL_TRANSACTIONS)";
        return said(
                timeout,
                message(timeout) + "; what it waits for " + is + " held by the prepared transaction " + name + ": "
                        + end + ", then try again",
                timeout);
    }

    /** Whether it is {@link #heldBy} already. */
    static boolean isHeldBy(DbException e) {
        return e.getSQLException().getCause() instanceof DbException cause
                && cause.getErrorCode() == ErrorCode.LOCK_TIMEOUT_1;
    }

    /**
     * HYT00 with the table's name, which H2 leaves out of its message where a row was not free in time; it is in the error that is
     * the cause. Any other error as it is.
     */
    static DbException naming(DbException e) {
        if (e.getErrorCode() == ErrorCode.LOCK_TIMEOUT_1
                && message(e).contains(NO_NAME)
                && e.getSQLException().getCause() instanceof DbException cause
                && cause.getErrorCode() == ErrorCode.CONCURRENT_UPDATE_1) {
            Matcher name = QUOTED.matcher(message(cause));
            return name.find() ? said(e, message(e).replace(NO_NAME, name.group()), cause) : e;
        }
        return e;
    }

    /** The error's own words, without the statement. */
    public static String message(DbException e) {
        SQLException sql = e.getSQLException();
        return sql instanceof JdbcException h2 ? h2.getOriginalMessage() : sql.getMessage();
    }

    /** The error in other words. */
    private static DbException said(DbException e, String message, Throwable cause) {
        SQLException old = e.getSQLException();
        String sql = old instanceof JdbcException h2 ? h2.getSQL() : null;
        return DbException.convert(
                DbException.getJdbcSQLException(message, sql, old.getSQLState(), old.getErrorCode(), cause, null));
    }

    /** HYT00: no leader within the timeout: nothing was executed. */
    public static DbException noLeader(String database, long millis) {
        return wrap(new SQLException(
                "database " + database + " has had no leader for " + millis
                        + " ms: no majority of its nodes is reachable; nothing was executed, try again",
                "HYT00",
                ErrorCode.LOCK_TIMEOUT_1));
    }

    /** 40000: a commit that was answered before a majority had it; running the present transaction again does not help. */
    public static DbException localCommitLost(String why) {
        return wrap(new SQLTransactionRollbackException(
                "an earlier transaction of this session, whose commit was answered at COMMIT=LOCAL, was lost: " + why
                        + "; nothing else was executed, run that one again",
                "40000",
                LOCAL_LOST_CODE));
    }

    /** HYT00: this node has not applied in time what the session was shown elsewhere. */
    public static DbException behind(String database, String node, long applied, long seen) {
        return wrap(new SQLException(
                "node " + node + " has applied database " + database + " up to " + applied
                        + ", this session has seen it up to " + seen
                        + ": try again, or connect to a node that keeps up (SYNOD.LAG tells)",
                "HYT00",
                ErrorCode.LOCK_TIMEOUT_1));
    }

    /** HYT00: a bound on staleness could not be kept. */
    public static DbException tooOld(String database, String node, long maxStalenessMillis, long millis) {
        return wrap(new SQLException(
                "node " + node + " could not confirm within " + millis + " ms that its copy of database " + database
                        + " is at most MAX_STALENESS=" + maxStalenessMillis
                        + " ms old: try again, allow more, or read at READ=LOCAL",
                "HYT00",
                ErrorCode.LOCK_TIMEOUT_1));
    }

    /** Whether something is not possible here at all, however often it is tried. */
    public static boolean isRefusal(DbException e) {
        return e.getErrorCode() == ErrorCode.FEATURE_NOT_SUPPORTED_1;
    }

    /** 90013: the first of three parts of a name is no database of this node. */
    public static DbException unknownDatabase(String name, Collection<String> existing) {
        return wrap(new SQLException(
                "Database \"" + name + "\" not found; there are: " + String.join(", ", new TreeSet<>(existing)),
                ErrorCode.getState(ErrorCode.DATABASE_NOT_FOUND_1),
                ErrorCode.DATABASE_NOT_FOUND_1));
    }

    /** 90013: the first of three parts of a name is a database that other nodes of the cluster have, and this one has not. */
    public static DbException notHostedHere(String name, List<String> nodes, Collection<String> existing) {
        return wrap(new SQLException(
                "Database \"" + name + "\" is not on this node, which has: "
                        + String.join(", ", new TreeSet<>(existing))
                        + "; it is on node " + String.join(", node ", nodes)
                        + ": connect there, or start this node with it",
                ErrorCode.getState(ErrorCode.DATABASE_NOT_FOUND_1),
                ErrorCode.DATABASE_NOT_FOUND_1));
    }

    /**
     * 0A000: a statement that cannot be executed on every member alike.
     *
     * @param statement its name
     * @param why the reason
     * @param instead what to do, in the imperative
     */
    public static DbException refused(String statement, String why, String instead) {
        return wrap(new SQLFeatureNotSupportedException(
                statement + " is not possible in a replicated database: " + why + ". Instead, " + instead,
                "0A000",
                ErrorCode.FEATURE_NOT_SUPPORTED_1));
    }

    /** 0A000: rows were changed where nobody expects it, and are as before. */
    static DbException readChanged() {
        return refused(
                "a function that changes rows in a query that was to read, or while H2 compiles the statement",
                "they would be changed on this node only",
                "leave DETERMINISTIC away; let a function that gives a table change nothing when H2 asks for its columns (its"
                        + " connection has the URL jdbc:columnlist:connection then), and call what is an argument of it in a"
                        + " statement before");
    }

    /** 54000: what is to be logged as one entry, a statement say, is too long for one; nothing was logged. */
    static DbException tooLong(int bytes, int most) {
        return wrap(new SQLException(
                "the statement takes " + bytes + " bytes in the log, which takes at most " + most
                        + " in one piece; nothing was executed: split it into several statements",
                "54000",
                ErrorCode.GENERAL_ERROR_1));
    }

    /** 22023: a value of a setting that is not known. */
    public static DbException badValue(String name, String value, String expected) {
        return wrap(
                new SQLException(name + " " + value + "; expected " + expected, "22023", ErrorCode.INVALID_VALUE_2));
    }

    /** 22023: a call in the schema SYNOD that this version does not know; a newer driver or node may have asked. */
    public static DbException unknownCall(String name, Object known) {
        return badValue(
                "SYNOD." + name,
                "is not known to this node, which is of Synod version " + Release.version()
                        + " (where a newer one asks for it: upgrade this node)",
                "one of " + known);
    }

    /** 50000: the rows of a digest could not be read, as when a table was dropped meanwhile. */
    public static DbException digestFailed(long index, Throwable cause) {
        return wrap(new SQLException(
                "the rows at index " + index + " could not be read to their end (" + cause + "): verify again",
                "50000",
                ErrorCode.GENERAL_ERROR_1,
                cause));
    }

    /** 50000: the space of a file could not be reclaimed. */
    static DbException notReclaimed(String database, Throwable cause) {
        return wrap(new SQLException(
                "space of " + database + " was not reclaimed: " + cause.getMessage(),
                "50000",
                ErrorCode.GENERAL_ERROR_1,
                cause));
    }

    /** 28000. */
    public static DbException wrongUserOrPassword() {
        return DbException.get(ErrorCode.WRONG_USER_OR_PASSWORD);
    }

    /** 08001: this node is stopping or its group has stopped. */
    public static DbException stopped(String database, String why) {
        return wrap(new SQLException(
                "database " + database + " has stopped on this node: " + why, "08001", ErrorCode.DATABASE_IS_CLOSED));
    }

    public static DbException wrap(SQLException e) {
        return DbException.convert(e);
    }

    /** 90113: a setting of a URL. */
    public static SQLException badSetting(String key, String value, String expected) {
        return new SQLException(
                "setting " + key + "=" + value + " cannot be used; expected " + expected,
                "90113",
                ErrorCode.UNSUPPORTED_SETTING_1);
    }

    /** 90031: with an empty one the node would not know what it has promised to the others, nor what it alone has committed. */
    public static SQLException logGone(String directory) {
        return new SQLException(
                "the log is gone from " + directory
                        + ", where this node has run before, or its file DURABLE is, without which"
                        + " nobody can tell what else is missing: restore the node's directory. What this node has acknowledged"
                        + " may be nowhere else",
                "90031",
                ErrorCode.IO_EXCEPTION_2);
    }

    /** 90096: a directory of another node. */
    public static SQLException foreignDirectory(String what, String advice) {
        return new SQLException(what + ": " + advice + ", or choose another directory", "90096", 90096);
    }

    /** 90061. */
    public static SQLException portInUse(String what, Throwable cause) {
        return new SQLException(what, "90061", ErrorCode.EXCEPTION_OPENING_PORT_2, cause);
    }

    /** 55000: an H2 file with a transaction that was prepared, and neither committed nor rolled back. */
    static DbException undecided(String file, String transaction) {
        return wrap(new SQLException(
                file + " holds the prepared transaction " + transaction
                        + ", of which nobody has said how it ends: open the"
                        + " file with H2 and end it with COMMIT TRANSACTION or ROLLBACK TRANSACTION",
                "55000",
                ErrorCode.GENERAL_ERROR_1));
    }

    /** 90048: an H2 file that is not Synod's, or was written to by somebody else, and what to do with it. */
    public static SQLException notOurs(String what, String advice) {
        return new SQLException(what + ": " + advice, "90048", ErrorCode.FILE_VERSION_ERROR_1);
    }

    /** 90030: a database's file is damaged, and this node cannot rebuild it. */
    public static SQLException damaged(String what, String advice, Throwable cause) {
        return new SQLException(what + "; " + advice, "90030", ErrorCode.FILE_CORRUPTED_1, cause);
    }

    /** 90020: another process, or another node of this one, has the directory. */
    public static SQLException inUse(String directory, String holder, Throwable cause) {
        return new SQLException(
                directory + " is in use by " + holder
                        + ": stop that node, connect to it over TCP, or choose another directory",
                "90020",
                ErrorCode.DATABASE_ALREADY_OPEN_1,
                cause);
    }

    /** 90031. */
    public static SQLException notWritable(String directory, Throwable cause) {
        return new SQLException(
                directory + " cannot be written: allow it for the user of this process, or choose another directory",
                "90031",
                ErrorCode.IO_EXCEPTION_1,
                cause);
    }

    /** 90031. */
    public static SQLException cannotStart(String node, Throwable cause) {
        return new SQLException(
                "node " + node + " cannot start: " + cause.getMessage(), "90031", ErrorCode.IO_EXCEPTION_1, cause);
    }

    /** 90031. */
    public static SQLException cannotOpen(String database, Throwable cause) {
        return new SQLException(
                "database " + database + " cannot be opened: " + cause.getMessage(),
                "90031",
                ErrorCode.IO_EXCEPTION_1,
                cause);
    }

    /** 08001: drivers try the other nodes, and this one again. */
    public static SQLException notOpenYet(String database, String node) {
        return new SQLNonTransientConnectionException(
                "node " + node + " has database " + database
                        + " and has not opened it yet: try again, or another node; if it stays so, start the node with it",
                "08001",
                ErrorCode.CONNECTION_BROKEN_1);
    }

    /** 08001: drivers try the other nodes. */
    public static SQLException witness(String database, String node, String others) {
        return new SQLNonTransientConnectionException(
                "node " + node + " is a witness of database " + database
                        + " and has no copy of it: connect to the others (" + others + ")",
                "08001",
                ErrorCode.CONNECTION_BROKEN_1);
    }

    /** 90013. */
    public static SQLException noSuchDatabase(String database, String node, java.util.Set<String> known) {
        return new SQLException(
                "database " + database + " is not on node " + node + "; it has " + known,
                "90013",
                ErrorCode.DATABASE_NOT_FOUND_WITH_IF_EXISTS_1);
    }
}
