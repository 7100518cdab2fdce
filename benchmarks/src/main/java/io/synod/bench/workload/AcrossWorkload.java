package io.synod.bench.workload;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * One row of some 100 bytes in each of several databases, in one transaction: the connection's own, and those that are called
 * like it with 2, 3 behind the name.
 */
final class AcrossWorkload implements Workload {
    private static final long KEYS_PER_CLIENT = 1_000_000_000L;
    private static final String PAYLOAD = "x".repeat(80);

    private final List<String> others = new ArrayList<>();
    /** Another one for each number of databases: two of them may be measured side by side. */
    private final String table;

    /** @param databases how many */
    AcrossWorkload(int databases) {
        table = "BENCH_ACROSS" + databases;
        for (int i = 2; i <= databases; i++) {
            others.add(String.valueOf(i));
        }
    }

    @Override
    public List<String> otherDatabases() {
        return others;
    }

    @Override
    public void prepare(Connection connection) throws SQLException {
        Workloads.execute(
                connection,
                "DROP TABLE IF EXISTS " + table,
                "CREATE TABLE " + table + "(ID BIGINT PRIMARY KEY, PAYLOAD VARCHAR(100) NOT NULL)");
    }

    @Override
    public Client client(int id) {
        return new Client() {
            private final List<PreparedStatement> inserts = new ArrayList<>();
            private long key = id * KEYS_PER_CLIENT;
            private Connection connection;

            @Override
            public void use(Connection fresh) throws SQLException {
                connection = fresh;
                connection.setAutoCommit(false);
                inserts.clear();
                inserts.add(prepared(""));
                String own = connection.getCatalog();
                for (String suffix : others) {
                    inserts.add(prepared(own + suffix + ".PUBLIC."));
                }
            }

            private PreparedStatement prepared(String place) throws SQLException {
                return connection.prepareStatement("INSERT INTO " + place + table + "(ID, PAYLOAD) VALUES (?, ?)");
            }

            @Override
            public void operate() throws SQLException {
                try {
                    for (PreparedStatement insert : inserts) {
                        insert.setLong(1, key);
                        insert.setString(2, PAYLOAD);
                        insert.executeUpdate();
                    }
                    connection.commit();
                } catch (SQLException e) {
                    if (!String.valueOf(e.getSQLState()).startsWith("08")) {
                        connection.rollback();
                    }
                    throw e;
                }
            }

            @Override
            public void next() {
                key++;
            }
        };
    }
}
