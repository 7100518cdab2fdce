package io.synod.bench.workload;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** One row of some 100 bytes, by a connection that commits by itself. */
final class InsertWorkload implements Workload {
    private static final long KEYS_PER_CLIENT = 1_000_000_000L;
    private static final String PAYLOAD = "x".repeat(80);

    @Override
    public void prepare(Connection connection) throws SQLException {
        Workloads.execute(
                connection,
                "DROP TABLE IF EXISTS BENCH_EVENT",
                "CREATE TABLE BENCH_EVENT(ID BIGINT PRIMARY KEY, PAYLOAD VARCHAR(100) NOT NULL)");
    }

    @Override
    public Client client(int id) {
        return new Client() {
            private long key = id * KEYS_PER_CLIENT;
            private PreparedStatement insert;

            @Override
            public void use(Connection connection) throws SQLException {
                connection.setAutoCommit(true);
                insert = connection.prepareStatement("INSERT INTO BENCH_EVENT(ID, PAYLOAD) VALUES (?, ?)");
            }

            @Override
            public void operate() throws SQLException {
                insert.setLong(1, key);
                insert.setString(2, PAYLOAD);
                insert.executeUpdate();
            }

            @Override
            public void next() {
                key++;
            }
        };
    }
}
