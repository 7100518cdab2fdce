package io.synod.bench.workload;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * One row of some 100 bytes in each of several tables, in one transaction. The tables are in one database each, the connection's own
 * and those that are called like it with 2, 3 behind the name; or all are in the connection's own. Of the tables behind the first
 * one, a row may only be read.
 */
final class AcrossWorkload implements Workload {
    private static final long KEYS_PER_CLIENT = 1_000_000_000L;
    private static final String PAYLOAD = "x".repeat(80);

    private final List<String> others = new ArrayList<>();
    /** Other ones for each of these workloads: two of them may be measured side by side. */
    private final List<String> tables = new ArrayList<>();

    private final boolean readsOthers;

    private AcrossWorkload(boolean readsOthers) {
        this.readsOthers = readsOthers;
    }

    /** @param databases how many, with a table each */
    static AcrossWorkload across(int databases) {
        AcrossWorkload workload = new AcrossWorkload(false);
        workload.tables.add("BENCH_ACROSS" + databases);
        workload.addOthers(databases);
        return workload;
    }

    /** Writes one of two tables, and reads the other one, which is in another database. */
    static AcrossWorkload readingAnother() {
        AcrossWorkload workload = new AcrossWorkload(true);
        workload.tables.add("BENCH_READING2");
        workload.addOthers(2);
        return workload;
    }

    /** The same in one database. */
    static AcrossWorkload readingOwn() {
        AcrossWorkload workload = new AcrossWorkload(true);
        workload.tables.addAll(List.of("BENCH_READING1_1", "BENCH_READING1_2"));
        return workload;
    }

    private void addOthers(int databases) {
        for (int i = 2; i <= databases; i++) {
            others.add(String.valueOf(i));
        }
    }

    /** @param tables how many, in one database */
    static AcrossWorkload inOne(int tables) {
        AcrossWorkload workload = new AcrossWorkload(false);
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
            private final List<PreparedStatement> statements = new ArrayList<>();
            private long key = id * KEYS_PER_CLIENT;
            private Connection connection;
            private long commitBegan;

            @Override
            public void use(Connection fresh) throws SQLException {
                connection = fresh;
                connection.setAutoCommit(false);
                statements.clear();
                for (String table : tables) {
                    add(table);
                }
                String own = connection.getCatalog();
                for (String suffix : others) {
                    add(own + suffix + ".PUBLIC." + tables.get(0));
                }
            }

            private void add(String table) throws SQLException {
                boolean reads = readsOthers && !statements.isEmpty();
                statements.add(connection.prepareStatement(
                        reads
                                ? "SELECT PAYLOAD FROM " + table + " WHERE ID = ?"
                                : "INSERT INTO " + table + "(ID, PAYLOAD) VALUES (?, '" + PAYLOAD + "')"));
            }

            @Override
            public void operate() throws SQLException {
                try {
                    for (PreparedStatement statement : statements) {
                        statement.setLong(1, key);
                        statement.execute();
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
