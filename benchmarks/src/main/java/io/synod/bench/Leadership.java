package io.synod.bench;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Who leads a database, and in which epoch. */
public record Leadership(String node, String epoch) {
    /** @return by what the node of the connection knows; {@code null} where it knows of nobody */
    public static Leadership of(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery("SELECT NODE, EPOCH FROM SYNOD.MEMBERS WHERE ROLE = 'LEADER'")) {
            return rows.next() ? new Leadership(rows.getString(1), rows.getString(2)) : null;
        }
    }

    /** Whether it is known to have stayed: between two moments in which nobody was known to lead, anybody may have led. */
    public static boolean stayed(Leadership before, Leadership after) {
        return before != null && before.equals(after);
    }

    @Override
    public String toString() {
        return node + " " + epoch;
    }
}
