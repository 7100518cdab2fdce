package io.synod.bench.workload;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Random;

/** Reads by primary key, of a table that fits into memory. */
final class ReadWorkload implements Workload {
    private static final int ROWS = 10_000;

    @Override
    public void prepare(Connection connection) throws SQLException {
        Workloads.execute(
                connection,
                "DROP TABLE IF EXISTS BENCH_ROW",
                "CREATE TABLE BENCH_ROW(ID BIGINT PRIMARY KEY, PAYLOAD VARCHAR(100) NOT NULL)");
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO BENCH_ROW(ID, PAYLOAD) VALUES (?, ?)")) {
            for (int id = 0; id < ROWS; id++) {
                insert.setLong(1, id);
                insert.setString(2, "payload of row " + id);
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    @Override
    public Client client(int id) {
        Random random = new Random(id);
        return new Client() {
            private PreparedStatement select;

            @Override
            public void use(Connection connection) throws SQLException {
                connection.setAutoCommit(true);
                select = connection.prepareStatement("SELECT PAYLOAD FROM BENCH_ROW WHERE ID = ?");
            }

            @Override
            public void operate() throws SQLException {
                select.setLong(1, random.nextInt(ROWS));
                try (ResultSet rows = select.executeQuery()) {
                    if (!rows.next()) {
                        throw new IllegalStateException("a row is missing");
                    }
                    rows.getString(1);
                }
            }

            @Override
            public void next() {
                // The next key is random.
            }
        };
    }
}
