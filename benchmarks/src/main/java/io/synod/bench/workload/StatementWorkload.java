package io.synod.bench.workload;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Random;

/** What frameworks do with a statement beside executing it: some value it was written with, or a life of one execution. */
final class StatementWorkload implements Workload {
    private static final int ROWS = 10_000;
    private static final String SELECT = "SELECT PAYLOAD FROM BENCH_STATEMENT WHERE ID = ";
    private static final String UPDATE = "UPDATE BENCH_STATEMENT SET CHANGES = CHANGES + 1 WHERE ID = ?";

    /** What one operation does with its connection. */
    interface Operation {
        /** @param id of a row, at random */
        void run(Connection connection, int id) throws SQLException;
    }

    private final Operation operation;

    StatementWorkload(Operation operation) {
        this.operation = operation;
    }

    @Override
    public void prepare(Connection connection) throws SQLException {
        Workloads.execute(
                connection,
                "DROP TABLE IF EXISTS BENCH_STATEMENT",
                "CREATE TABLE BENCH_STATEMENT(ID INT PRIMARY KEY, PAYLOAD VARCHAR(100) NOT NULL, CHANGES BIGINT NOT NULL)");
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO BENCH_STATEMENT(ID, PAYLOAD, CHANGES) VALUES (?, ?, 0)")) {
            for (int id = 0; id < ROWS; id++) {
                insert.setInt(1, id);
                insert.setString(2, "payload of row " + id);
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    @Override
    public Client client(int client) {
        Random random = new Random(client);
        return new Client() {
            private Connection connection;

            @Override
            public void use(Connection fresh) throws SQLException {
                fresh.setAutoCommit(true);
                connection = fresh;
            }

            @Override
            public void operate() throws SQLException {
                operation.run(connection, random.nextInt(ROWS));
            }

            @Override
            public void next() {
                // The next row is random.
            }
        };
    }

    static void readByLiteral(Connection connection, int id) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            one(statement.executeQuery(SELECT + id));
        }
    }

    static void readPreparedAnew(Connection connection, int id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SELECT + "?")) {
            statement.setInt(1, id);
            one(statement.executeQuery());
        }
    }

    static void updatePreparedAnew(Connection connection, int id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(UPDATE)) {
            statement.setInt(1, id);
            if (statement.executeUpdate() != 1) {
                throw new IllegalStateException("row " + id + " is missing");
            }
        }
    }

    /** As a framework asks when it takes a connection. */
    static void askWhatItIs(Connection connection, int id) throws SQLException {
        var meta = connection.getMetaData();
        String all = meta.getDatabaseProductName()
                + meta.getDatabaseProductVersion()
                + meta.getSQLKeywords()
                + meta.getNumericFunctions()
                + meta.getSearchStringEscape()
                + meta.nullsAreSortedLow();
        if (all.isEmpty()) {
            throw new IllegalStateException("nothing is known of row " + id);
        }
    }

    private static void one(ResultSet rows) throws SQLException {
        try (rows) {
            if (!rows.next()) {
                throw new IllegalStateException("a row is missing");
            }
            rows.getString(1);
        }
    }
}
