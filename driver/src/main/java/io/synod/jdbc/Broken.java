package io.synod.jdbc;

import java.io.IOException;
import java.sql.SQLException;
import java.util.Set;
import org.h2.api.ErrorCode;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;

/** Tells the loss of a node from an error of a statement. */
final class Broken {
    private static final Set<Integer> CODES =
            Set.of(ErrorCode.CONNECTION_BROKEN_1, ErrorCode.DATABASE_IS_CLOSED, ErrorCode.DATABASE_CALLED_AT_SHUTDOWN);

    /** What another node, or the same one a little later, would answer as well. */
    private static final Set<Integer> FINAL_AT_CONNECT =
            Set.of(ErrorCode.WRONG_USER_OR_PASSWORD, ErrorCode.DRIVER_VERSION_ERROR_2, ErrorCode.UNSUPPORTED_SETTING_1);

    private static final Set<Integer> NOT_THERE = Set.of(
            ErrorCode.DATABASE_NOT_FOUND_1,
            ErrorCode.DATABASE_NOT_FOUND_WITH_IF_EXISTS_1,
            ErrorCode.REMOTE_DATABASE_NOT_FOUND_1);

    private Broken() {}

    static boolean isBroken(SessionRemote session, DbException e) {
        return session.isClosed() || isBroken(e.getSQLException());
    }

    static boolean isBroken(SQLException e) {
        String state = e.getSQLState();
        return CODES.contains(e.getErrorCode())
                || (state != null && state.startsWith("08"))
                // Cut in the middle of an answer: H2 reports an I/O error and goes on as if the connection were whole.
                || e.getCause() instanceof IOException;
    }

    static boolean isFinalAtConnect(SQLException e) {
        return !isBroken(e) && (FINAL_AT_CONNECT.contains(e.getErrorCode()) || !Errors.RETRY.equals(e.getSQLState()));
    }

    /** Another node may have it, as one that was started earlier. */
    static boolean isDatabaseNotThere(SQLException e) {
        return NOT_THERE.contains(e.getErrorCode());
    }

    /** The node serves as many as it may: another one, or the same a while later, may have a place. */
    static boolean isTooMany(SQLException e) {
        return Errors.TOO_MANY_CONNECTIONS.equals(e.getSQLState());
    }

    /** The node is there but not ready for this database: worth another try, on another node. */
    static boolean isFinalAtReconnect(SQLException e) {
        return e.getErrorCode() == ErrorCode.WRONG_USER_OR_PASSWORD;
    }
}
