package io.synod.engine.database;

import java.sql.SQLException;
import java.util.Set;
import org.h2.api.ErrorCode;
import org.h2.message.DbException;

/**
 * Errors of a logged statement that say something about this node and nothing about the statement: a class that is not on
 * its class path, a file, memory, disk. They are no outcome that could be compared with the leader's: the entry is not
 * applied here, the node stops, and applies it after a restart with what it lacked.
 */
final class MissingHere {
    private static final Set<Integer> CODES = Set.of(
            ErrorCode.CLASS_NOT_FOUND_1,
            ErrorCode.PUBLIC_STATIC_JAVA_METHOD_NOT_FOUND_1,
            ErrorCode.ACCESS_DENIED_TO_CLASS_1,
            ErrorCode.OUT_OF_MEMORY,
            ErrorCode.IO_EXCEPTION_1,
            ErrorCode.IO_EXCEPTION_2,
            ErrorCode.FILE_CORRUPTED_1);

    private MissingHere() {}

    /** Whether the error, or what caused it, is of this kind: a trigger's class is missed inside of another error. */
    static boolean is(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            boolean code = cause instanceof DbException e && CODES.contains(e.getErrorCode())
                    || cause instanceof SQLException sql && CODES.contains(sql.getErrorCode());
            if (code || cause instanceof ClassNotFoundException || cause instanceof LinkageError) {
                return true;
            }
        }
        return false;
    }

    /** @throws IllegalStateException the error is of this kind: this node must not go on */
    static void check(DbException error, long index, String sql) {
        if (is(error)) {
            throw new IllegalStateException(
                    "the statement at index " + index + " of the log (" + shortened(sql)
                            + ") needs what this node lacks: "
                            + error.getMessage().replaceAll("; SQL statement:(?s).*", "")
                            + "; add it (a class: to the class path of this node) and start the node again, it goes on from"
                            + " there",
                    error);
        }
    }

    private static String shortened(String sql) {
        String line = sql.replaceAll("\\s+", " ");
        return line.length() <= 120 ? line : line.substring(0, 117) + "...";
    }
}
