package io.synod.engine.across;

import io.synod.engine.failover.TestCluster;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What nodes know of global transactions, each of its own copy of a database. Closes the connections. */
final class Doubts implements AutoCloseable {
    private final Map<String, Connection> copies = new LinkedHashMap<>();

    /** @param connection that stays on one node */
    void add(String name, Connection connection) {
        copies.put(name, connection);
    }

    /** Those that are not decided and were prepared before so many milliseconds. */
    List<String> olderThan(long millis) throws SQLException {
        return rows(" WHERE STATE NOT IN ('COMMITTED', 'ABORTED') AND AGE_MILLIS > " + millis);
    }

    private List<String> rows(String where) throws SQLException {
        List<String> found = new ArrayList<>();
        for (Map.Entry<String, Connection> copy : copies.entrySet()) {
            for (String row : TestCluster.rows(
                    copy.getValue(),
                    "SELECT TRANSACTION_NAME, STATE, AGE_MILLIS, PARTICIPANTS, ATTEMPT FROM SYNOD.GLOBAL_TRANSACTIONS"
                            + where)) {
                found.add(copy.getKey() + ": " + row);
            }
        }
        return found;
    }

    /** All that is not forgotten yet. */
    List<String> known() throws SQLException {
        return rows("");
    }

    @Override
    public void close() throws SQLException {
        for (Connection copy : copies.values()) {
            copy.close();
        }
    }
}
