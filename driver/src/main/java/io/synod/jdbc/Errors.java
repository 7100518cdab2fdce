package io.synod.jdbc;

import java.sql.SQLException;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransactionRollbackException;
import java.util.List;
import org.h2.api.ErrorCode;
import org.h2.message.DbException;

/** Every message and SQLState of the driver. States of class 08 make connection pools drop a connection: used only when it is lost. */
final class Errors {
    /** Bad URL or setting; H2's own state for it. */
    static final String BAD_SETTING = "90113";

    /** Surely not committed: the transaction may be run again. */
    static final String RETRY = "40001";

    /** No answer whether the transaction is committed. */
    static final String UNKNOWN_OUTCOME = "08007";

    /** No node, or no majority, in time; nothing was committed. */
    static final String UNREACHABLE = "08001";

    /** Committed, but the rows or keys that the statement returned are lost. */
    static final String RESULT_LOST = "SY001";

    /** What a statement has committed before, or in its middle, stays; the rest of it was lost. */
    static final String PARTS_COMMITTED = "SY002";

    /** The wait for a node was given up because the statement was cancelled or the thread interrupted. */
    static final String CANCELLED = "57014";

    /** A commit that was answered at COMMIT=LOCAL, lost afterwards. */
    static final String LOCAL_COMMIT_LOST = "40000";

    /** A node was asked for what it does not know. */
    static final String UNKNOWN_CALL = "22023";

    /** The node has no place for one more connection; nothing was executed. */
    static final String TOO_MANY_CONNECTIONS = "53300";

    private Errors() {}

    static SQLException badUrl(String url, String problem) {
        return new SQLException(
                "Bad JDBC URL \"" + url + "\": " + problem + ". Expected jdbc:synod:mem:NAME, "
                        + "jdbc:synod:file:PATH[;KEY=VALUE...] or jdbc:synod://HOST:PORT[,HOST:PORT...]/NAME[;KEY=VALUE...]",
                BAD_SETTING,
                ErrorCode.URL_FORMAT_ERROR_2);
    }

    static SQLException unknownSetting(String key, String nearest, String expected) {
        return new SQLException(
                "Unknown setting \"" + key + "\". The nearest known one is " + nearest + " (" + expected
                        + "). Correct the name or remove it",
                BAD_SETTING,
                ErrorCode.UNSUPPORTED_SETTING_1);
    }

    static SQLException badValue(String key, String value, String expected) {
        return new SQLException(
                "Bad value \"" + value + "\" for setting " + key + ": expected " + expected,
                BAD_SETTING,
                ErrorCode.UNSUPPORTED_SETTING_1);
    }

    static SQLException duplicateSetting(String key, String one, String other) {
        return new SQLException(
                "Setting " + key + " is given twice, as \"" + one + "\" and as \"" + other + "\": keep one",
                BAD_SETTING,
                ErrorCode.DUPLICATE_PROPERTY_1);
    }

    static SQLException misplacedSetting(String key, String url) {
        return new SQLException(
                "Setting " + key + " configures a node and has no meaning for the remote database of \"" + url
                        + "\": give it where the node is started",
                BAD_SETTING,
                ErrorCode.UNSUPPORTED_SETTING_1);
    }

    static SQLException noEngine(String url) {
        return new SQLNonTransientConnectionException(
                "\"" + url
                        + "\" needs the embedded engine, and only the remote driver is on the class path: add the artifact "
                        + "io.synod:synod-engine, or connect to a running node with jdbc:synod://HOST:PORT/NAME",
                UNREACHABLE,
                ErrorCode.CONNECTION_BROKEN_1);
    }

    static SQLException badCredentialType(Object value) {
        return new SQLInvalidAuthorizationSpecException(
                "The property password is a " + value.getClass().getName() + ": expected a String or char[]",
                "28000",
                ErrorCode.WRONG_USER_OR_PASSWORD);
    }

    static SQLException incompatibleH2(Throwable cause) {
        return new SQLNonTransientConnectionException(
                "This version of H2 does not fit the Synod driver: use the version that synod-driver depends on",
                UNREACHABLE,
                ErrorCode.CONNECTION_BROKEN_1,
                cause);
    }

    static SQLException unreachable(List<String> endpoints, String waited, Throwable last) {
        return new SQLNonTransientConnectionException(
                "None of the nodes " + endpoints + " could serve within " + waited
                        + "; nothing was committed by this statement. Last error: " + last.getMessage()
                        + ". Check that a majority of the nodes runs and that the addresses are their SQL addresses",
                UNREACHABLE,
                ErrorCode.CONNECTION_BROKEN_1,
                last);
    }

    static SQLException outcomeUnknown(String id, List<String> endpoints, int waitedMillis, Throwable last) {
        return new SQLNonTransientConnectionException(
                "The answer to commit " + id + " was lost and none of the nodes " + endpoints
                        + " could tell within " + waitedMillis
                        + " ms (FAILOVER_TIMEOUT, or QUERY_TIMEOUT if that is less), or before the statement was cancelled, "
                        + "whether it is committed. Last error: " + last.getMessage()
                        + ". Do not repeat the transaction blindly: once a majority runs, look for its effects first",
                UNKNOWN_OUTCOME,
                ErrorCode.CONNECTION_BROKEN_1,
                last);
    }

    static SQLException transactionLost(Throwable cause) {
        return new SQLTransactionRollbackException(
                "The node that ran this transaction was lost before the commit; it is rolled back. Run the transaction again",
                RETRY,
                ErrorCode.DEADLOCK_1,
                cause);
    }

    /** @param cause how the connection was lost */
    static SQLException partsCommitted(Throwable cause) {
        return new SQLException(
                "The connection was lost while several statements ran, some of which commit by themselves: those may be committed,"
                        + " with what came before them. Look for their effects before running them again",
                PARTS_COMMITTED,
                ErrorCode.GENERAL_ERROR_1,
                cause);
    }

    static SQLException transactionStillLost() {
        return new SQLTransactionRollbackException(
                "The node that ran this transaction was lost in its middle; nothing was executed. Call rollback(), then run the"
                        + " transaction from its beginning",
                RETRY,
                ErrorCode.DEADLOCK_1);
    }

    /** Whether a transaction was rolled back, and not by the application. */
    static boolean isRolledBack(SQLException e) {
        return e.getSQLState() != null && e.getSQLState().startsWith("40");
    }

    static SQLException localCommitLost(String id) {
        return new SQLTransactionRollbackException(
                "An earlier transaction of this session, whose commit (" + id
                        + ") was answered at COMMIT=LOCAL, was lost with its leader; nothing else was executed. Run that one again",
                LOCAL_COMMIT_LOST,
                90942);
    }

    static SQLException rowsLost(Throwable cause) {
        return new SQLTransactionRollbackException(
                "The node that held the rest of this result was lost. Run the query again",
                RETRY,
                ErrorCode.DEADLOCK_1,
                cause);
    }

    static SQLException statementGivenUp(int attempts, Throwable cause) {
        return new SQLTransactionRollbackException(
                "The connection was lost " + attempts + " times while this statement ran; it is not committed. "
                        + "Run it again, unless it is the statement that makes the nodes fail",
                RETRY,
                ErrorCode.DEADLOCK_1,
                cause);
    }

    static SQLException resultLost(String id, Throwable cause) {
        return new SQLException(
                "The statement is committed (" + id
                        + "), but the rows or generated keys that it returned were lost with the "
                        + "connection. Do not repeat it; read what you need by a query, or run such statements in a transaction",
                RESULT_LOST,
                ErrorCode.GENERAL_ERROR_1,
                cause);
    }

    /** Of a connection that is enlisted in a transaction of a manager. */
    static SQLException inBranch(String method) {
        return new SQLException(
                method + "() while a transaction manager has this connection in a branch: let the manager end it",
                "2D000",
                ErrorCode.GENERAL_ERROR_1);
    }

    /** @param unknown what the node said; from version 0.1.0 on it names its own version */
    static SQLException olderNode(SQLException unknown) {
        return new SQLException(
                "The node does not know what this driver, of Synod version " + Release.version() + ", asked for: "
                        + unknown.getMessage()
                        + ". A node that names no version is older than that. Upgrade the nodes to the driver's version, then try again",
                UNKNOWN_CALL,
                unknown.getErrorCode(),
                unknown);
    }

    static SQLException autoCommit() {
        return new SQLException(
                "commitAsync() in auto-commit mode: every statement has been committed already. Call setAutoCommit(false) before",
                "HY010",
                ErrorCode.GENERAL_ERROR_1);
    }

    static SQLException cancelled() {
        return new SQLException(
                "The statement was cancelled, or its QUERY_TIMEOUT passed, while the driver looked for a node to serve it; "
                        + "nothing was committed by it",
                CANCELLED,
                ErrorCode.STATEMENT_WAS_CANCELED);
    }

    /** For H2's layer, which hands {@link DbException} up to JDBC. */
    static DbException wrap(SQLException e) {
        return DbException.convert(e);
    }
}
