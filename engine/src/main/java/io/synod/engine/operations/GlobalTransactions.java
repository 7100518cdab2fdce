package io.synod.engine.operations;

import io.synod.branch.Branch;
import io.synod.branch.BranchState;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What databases know of transactions that several of them take part in. Not thread-safe. */
final class GlobalTransactions {
    private static final Logger LOG = LoggerFactory.getLogger(GlobalTransactions.class);

    private final ConnectionOptions database;
    /** By database and name; {@code null} for a database that has no leader. */
    private final Map<String, Map<String, Row>> known = new HashMap<>();

    GlobalTransactions(ConnectionOptions database) {
        this.database = database.locally();
    }

    /**
     * What one database knows of one.
     *
     * @param ageMillis −1 where it is not known
     * @param branch {@code null} where it was refused before anything else was known
     */
    record Row(String gid, BranchState state, long ageMillis, Branch branch) {}

    /** The rows of the database itself; others are asked when they are needed, each once. */
    List<Row> own() throws SQLException {
        try (Connection connection = database.connect()) {
            ClusterStatus status = ClusterStatus.read(connection);
            List<Row> rows = rows(connection, database, status);
            known.put(status.database(), status.leader().isPresent() ? byName(rows) : null);
            return rows;
        }
    }

    /** @return by database; {@code null} for one that has no leader */
    Map<String, BranchState> states(Row row) {
        Map<String, BranchState> states = new HashMap<>();
        row.branch().participants().forEach(participant -> {
            Map<String, Row> rows = rows(participant.database());
            Row there = rows == null ? null : rows.get(row.gid());
            BranchState missing = rows == null ? null : BranchState.UNKNOWN;
            states.put(participant.database(), there == null ? missing : there.state());
        });
        return states;
    }

    private Map<String, Row> rows(String other) {
        if (!known.containsKey(other)) {
            known.put(other, ask(other));
        }
        return known.get(other);
    }

    private Map<String, Row> ask(String other) {
        ConnectionOptions sibling = database.sibling(other);
        try (Connection connection = sibling.connect()) {
            ClusterStatus status = ClusterStatus.read(connection);
            return status.leader().isPresent() ? byName(rows(connection, sibling, status)) : null;
        } catch (SQLException e) {
            LOG.debug("database {} does not answer", other, e);
            return null;
        }
    }

    /** Of the leader, if there is one that answers: others may not have heard of the latest. */
    private static List<Row> rows(Connection connection, ConnectionOptions database, ClusterStatus status)
            throws SQLException {
        MemberStatus leader = status.leader().orElse(null);
        if (leader != null && !leader.name().equals(status.answeredBy())) {
            try (Connection there =
                    database.impatientlyAt(leader.address(), status.database()).connect()) {
                return read(there);
            } catch (SQLException e) {
                LOG.debug("the leader {} does not answer", leader.name(), e);
            }
        }
        return read(connection);
    }

    private static Map<String, Row> byName(List<Row> rows) {
        Map<String, Row> byName = new HashMap<>();
        rows.forEach(row -> byName.put(row.gid(), row));
        return byName;
    }

    private static List<Row> read(Connection connection) throws SQLException {
        List<Row> found = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT * FROM SYNOD.GLOBAL_TRANSACTIONS")) {
            while (rows.next()) {
                String gid = rows.getString("TRANSACTION_NAME");
                String home = rows.getString("HOME");
                long age = rows.getLong("AGE_MILLIS");
                found.add(new Row(
                        gid,
                        BranchState.valueOf(rows.getString("STATE")),
                        rows.wasNull() ? -1 : age,
                        home == null
                                ? null
                                : Branch.of(
                                        gid,
                                        home,
                                        List.of(rows.getString("PARTICIPANTS").split(", ")))));
            }
        }
        return found;
    }

    /**
     * Has one ended now, by the protocol.
     *
     * @return {@code COMMITTED} or {@code ROLLED BACK}; {@code null} where that is not decided in time, or nothing is known of it
     */
    String terminate(String gid) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("CALL SYNOD.TERMINATE('" + gid.replace("'", "''") + "')")) {
            rows.next();
            return rows.getString(1);
        }
    }
}
