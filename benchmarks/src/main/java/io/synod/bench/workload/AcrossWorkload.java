package io.synod.bench.workload;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * One row of some 100 bytes in each of several tables, in one transaction. The tables are in one database each, the connection's own
 * and those that are called like it with 2, 3 behind the name; or all are in the connection's own.
 */
final class AcrossWorkload implements Workload {
    private static final long KEYS_PER_CLIENT = 1_000_000_000L;
    private static final String PAYLOAD = "x".repeat(80);

    private final List<String> others = new ArrayList<>();
    /** Other ones for each of these workloads: two of them may be measured side by side. */
    private final List<String> tables = new ArrayList<>();

    private AcrossWorkload() {}

    /** @param databases how many, with a table each */
    static AcrossWorkload across(int databases) {
        AcrossWorkload workload = new AcrossWorkload();
        workload.tables.add("BENCH_ACROSS" + databases);
        for (int i = 2; i <= databases; i++) {
            workload.others.add(String.valueOf(i));
        }
        return workload;
    }

    /** @param tables how many, in one database */
    static AcrossWorkload inOne(int tables) {
        AcrossWorkload workload = new AcrossWorkload();
        for (int i = 1; i <= tables; i++) {
            workload.tables.add("BENCH_TABLES" + tables + "_" + i);
        }
        return workload;
    }

    @Override
    public List<String> otherDatabases() {
        return others;
    }

    @Override
    public void prepare(Connection connection) throws SQLException {
        for (String table : tables) {
            Workloads.execute(
                    connection,
                    "DROP TABLE IF EXISTS " + table,
                    "CREATE TABLE " + table + "(ID BIGINT PRIMARY KEY, PAYLOAD VARCHAR(100) NOT NULL)");
        }
    }

    @Override
    public boolean tellsCommits() {
        return true;
    }

    @Override
    public Client client(int id) {
        return new Client() {
            private final List<PreparedStatement> inserts = new ArrayList<>();
            private long key = id * KEYS_PER_CLIENT;
            private Connection connection;
            private long commitBegan;

            @Override
            public void use(Connection fresh) throws SQLException {
                connection = fresh;
                connection.setAutoCommit(false);
                inserts.clear();
                for (String table : tables) {
                    inserts.add(prepared(table));
                }
                String own = connection.getCatalog();
                for (String suffix : others) {
                    inserts.add(prepared(own + suffix + ".PUBLIC." + tables.get(0)));
                }
            }

            private PreparedStatement prepared(String table) throws SQLException {
                return connection.prepareStatement("INSERT INTO " + table + "(ID, PAYLOAD) VALUES (?, ?)");
            }

            @Override
            public void operate() throws SQLException {
                try {
                    for (PreparedStatement insert : inserts) {
                        insert.setLong(1, key);
                        insert.setString(2, PAYLOAD);
                        insert.executeUpdate();
                    }
                    commitBegan = System.nanoTime();
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

            @Override
            public long commitBegan() {
                return commitBegan;
            }
        };
    }
}
