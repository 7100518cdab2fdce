package io.synod.engine.database;

import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTransactionRollbackException;
import org.h2.api.ErrorCode;
import org.h2.message.DbException;

/** Every error that the engine gives by itself: message, SQLState and H2 error code. */
public final class Errors {
    /** H2's vendor code for a transaction that must be retried. */
    public static final int RETRY_CODE = ErrorCode.DEADLOCK_1;
    /** Vendor code of a commit whose outcome is not known. */
    public static final int UNKNOWN_CODE = 90067;

    /** Vendor code of a node that was asked to run a transaction and does not lead: nothing was executed. */
    public static final int NOT_LEADER_CODE = 90941;

    /** Vendor code of a commit at level LOCAL that was lost after it was answered. */
    public static final int LOCAL_LOST_CODE = 90942;

    private Errors() {}

    /** 40001: a session that must run here or fail was opened on a node that does not lead. */
    public static DbException notLeader(String node, String leader) {
        return wrap(new SQLTransactionRollbackException(
                "node " + node + " does not lead" + (leader == null ? "" : ", " + leader + " does")
                        + "; nothing was executed, try again",
                "40001",
                NOT_LEADER_CODE));
    }

    /** 40001: the transaction surely did not commit; run it again. */
    public static DbException retry(String why) {
        return wrap(new SQLTransactionRollbackException(
                why + "; the transaction was rolled back, run it again", "40001", RETRY_CODE));
    }

    /** 08007: it may have committed or not, and nobody could tell within the timeout. */
    public static DbException unknownOutcome(String why) {
        return wrap(new SQLException(
                why + "; whether the transaction committed is not known: look for its changes before running it again",
                "08007",
                UNKNOWN_CODE));
    }

    /** HYT00: a lock or a place was not free within LOCK_TIMEOUT. */
    public static DbException timeout(String what) {
        return DbException.get(ErrorCode.LOCK_TIMEOUT_1, what);
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

    /** 22023: a value of a setting that is not known. */
    public static DbException badValue(String name, String value, String expected) {
        return wrap(
                new SQLException(name + " " + value + "; expected " + expected, "22023", ErrorCode.INVALID_VALUE_2));
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

    /** 90013. */
    public static SQLException noSuchDatabase(String database, String node, java.util.Set<String> known) {
        return new SQLException(
                "database " + database + " is not on node " + node + "; it has " + known,
                "90013",
                ErrorCode.DATABASE_NOT_FOUND_WITH_IF_EXISTS_1);
    }
}
