package io.synod.spring;

import io.synod.jdbc.SynodConnection;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.sql.DataSource;

/**
 * What a node says of its database: healthy while a member leads and a majority is reachable.
 *
 * @param details leader, node that answered, and role, lag and reachability of each member as that node knows them
 */
record DatabaseHealth(String database, boolean healthy, Map<String, Object> details) {

    /** @return {@code null} when the data source is not one of Synod */
    static DatabaseHealth of(DataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            if (!connection.isWrapperFor(SynodConnection.class)) {
                return null;
            }
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("CALL SYNOD.STATUS()")) {
                return read(rows);
            }
        }
    }

    private static DatabaseHealth read(ResultSet rows) throws SQLException {
        String database = null;
        String node = null;
        String leader = null;
        int reachable = 0;
        Map<String, Object> members = new LinkedHashMap<>();
        while (rows.next()) {
            database = rows.getString("DATABASE_NAME");
            node = rows.getString("THIS_NODE");
            String role = rows.getString("ROLE");
            if (role.equalsIgnoreCase("leader")) {
                leader = rows.getString("NODE");
            }
            if (rows.getBoolean("REACHABLE")) {
                reachable++;
            }
            Map<String, Object> member = new LinkedHashMap<>();
            member.put("role", role);
            member.put("reachable", rows.getBoolean("REACHABLE"));
            member.put("appliedIndex", rows.getLong("APPLIED_INDEX"));
            long lagMillis = rows.getLong("LAG_MILLIS");
            if (lagMillis >= 0) {
                member.put("lagMillis", lagMillis);
            }
            members.put(rows.getString("NODE"), member);
        }
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("leader", leader == null ? "none" : leader);
        details.put("node", node);
        details.put("members", members);
        // A follower hears from its leader only; that it has one means that a majority stands behind it.
        boolean majority = node != null && !node.equals(leader) || reachable * 2 > members.size();
        return new DatabaseHealth(database, leader != null && majority, details);
    }
}
