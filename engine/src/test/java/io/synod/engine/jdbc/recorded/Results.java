package io.synod.engine.jdbc.recorded;

import java.sql.ResultSet;
import java.sql.SQLException;

/** Reads recorded result sets, so that all that they hold is in the recording. */
final class Results {
    private Results() {}

    /** All columns of all rows, and closes it. */
    static void dump(ResultSet rows) throws SQLException {
        int columns = rows.getMetaData().getColumnCount();
        for (int i = 1; i <= columns; i++) {
            rows.getMetaData().getColumnLabel(i);
        }
        while (rows.next()) {
            for (int i = 1; i <= columns; i++) {
                value(rows, i);
            }
        }
        rows.close();
    }

    /** A value that cannot be read is in the recording, too. */
    private static Object value(ResultSet rows, int column) {
        try {
            return rows.getObject(column);
        } catch (SQLException e) {
            return e;
        }
    }
}
