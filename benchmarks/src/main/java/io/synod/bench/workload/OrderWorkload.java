package io.synod.bench.workload;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Random;
import java.util.stream.IntStream;

/** Order entry: an order, three lines, three items' stock, a customer's balance; one transaction. */
final class OrderWorkload implements Workload {
    private static final long KEYS_PER_CLIENT = 1_000_000_000L;
    private static final int CUSTOMERS = 1_000;
    private static final int ITEMS = 5_000;
    private static final int LINES = 3;

    @Override
    public void prepare(Connection connection) throws SQLException {
        Workloads.execute(
                connection,
                "DROP TABLE IF EXISTS BENCH_LINE",
                "DROP TABLE IF EXISTS BENCH_ORDER",
                "DROP TABLE IF EXISTS BENCH_ITEM",
                "DROP TABLE IF EXISTS BENCH_CUSTOMER",
                "CREATE TABLE BENCH_CUSTOMER(ID INTEGER PRIMARY KEY, BALANCE DECIMAL(15, 2) NOT NULL)",
                "CREATE TABLE BENCH_ITEM(ID INTEGER PRIMARY KEY, STOCK BIGINT NOT NULL)",
                "CREATE TABLE BENCH_ORDER(ID BIGINT PRIMARY KEY, CUSTOMER INTEGER NOT NULL REFERENCES BENCH_CUSTOMER,"
                        + " TOTAL DECIMAL(15, 2) NOT NULL)",
                "CREATE TABLE BENCH_LINE(ORDER_ID BIGINT REFERENCES BENCH_ORDER, NUMBER INTEGER,"
                        + " ITEM INTEGER NOT NULL REFERENCES BENCH_ITEM, QUANTITY INTEGER NOT NULL,"
                        + " PRIMARY KEY (ORDER_ID, NUMBER))");
        fill(connection, "INSERT INTO BENCH_CUSTOMER(ID, BALANCE) VALUES (?, 0)", CUSTOMERS);
        fill(connection, "INSERT INTO BENCH_ITEM(ID, STOCK) VALUES (?, 1000000000)", ITEMS);
    }

    private static void fill(Connection connection, String sql, int rows) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            for (int id = 0; id < rows; id++) {
                insert.setInt(1, id);
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    @Override
    public Client client(int id) {
        return new OrderClient(id);
    }

    private static final class OrderClient implements Client {
        private final Random random;
        private long key;
        private int customer;
        private int[] items;
        private Connection connection;
        private PreparedStatement insertOrder;
        private PreparedStatement insertLine;
        private PreparedStatement takeStock;
        private PreparedStatement charge;

        OrderClient(int id) {
            random = new Random(id);
            key = id * KEYS_PER_CLIENT;
            choose();
        }

        private void choose() {
            customer = random.nextInt(CUSTOMERS);
            // In one order for all clients, so that they wait for one another but never in a circle.
            items = IntStream.generate(() -> random.nextInt(ITEMS))
                    .distinct()
                    .limit(LINES)
                    .sorted()
                    .toArray();
        }

        @Override
        public void use(Connection next) throws SQLException {
            connection = next;
            connection.setAutoCommit(false);
            insertOrder = connection.prepareStatement("INSERT INTO BENCH_ORDER(ID, CUSTOMER, TOTAL) VALUES (?, ?, 30)");
            insertLine = connection.prepareStatement(
                    "INSERT INTO BENCH_LINE(ORDER_ID, NUMBER, ITEM, QUANTITY) VALUES (?, ?, ?, 1)");
            takeStock = connection.prepareStatement("UPDATE BENCH_ITEM SET STOCK = STOCK - 1 WHERE ID = ?");
            charge = connection.prepareStatement("UPDATE BENCH_CUSTOMER SET BALANCE = BALANCE - 30 WHERE ID = ?");
        }

        @Override
        public void operate() throws SQLException {
            try {
                insertOrder.setLong(1, key);
                insertOrder.setInt(2, customer);
                insertOrder.executeUpdate();
                for (int i = 0; i < items.length; i++) {
                    insertLine.setLong(1, key);
                    insertLine.setInt(2, i + 1);
                    insertLine.setInt(3, items[i]);
                    insertLine.addBatch();
                }
                insertLine.executeBatch();
                for (int item : items) {
                    takeStock.setInt(1, item);
                    takeStock.addBatch();
                }
                takeStock.executeBatch();
                charge.setInt(1, customer);
                charge.executeUpdate();
                connection.commit();
            } catch (SQLException e) {
                try {
                    connection.rollback();
                } catch (SQLException second) {
                    e.addSuppressed(second);
                }
                throw e;
            }
        }

        @Override
        public void next() {
            key++;
            choose();
        }
    }
}
