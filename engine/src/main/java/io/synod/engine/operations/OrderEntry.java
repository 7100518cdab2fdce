package io.synod.engine.operations;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;

/**
 * Clients that enter orders into a TPC-H database, each order in one transaction: insert it with its lines, take the
 * stock, charge the customer. A client remembers each order that was acknowledged; one that failed with 40001 or by a
 * lock's time-out it enters again, under the same key, as an application would.
 */
final class OrderEntry {
    /** Keys of new orders start here, far above those of the data set. */
    static final long FIRST_KEY = 1_000_000_000L;

    private static final long KEYS_PER_CLIENT = 100_000_000L;
    private static final int MAX_LINES = 5;
    private static final int MAX_QUANTITY = 10;

    private final RepeatedTransactions transactions;
    private final List<Stock> stocks;
    private final int customers;

    /** @param database a pool whose connections do not commit by themselves and are rolled back when they are given back */
    private OrderEntry(DataSource database, List<Stock> stocks, int customers) {
        this.transactions = new RepeatedTransactions(database);
        this.stocks = stocks;
        this.customers = customers;
    }

    /** A part at a supplier, and its price. */
    private record Stock(long partKey, long supplierKey, BigDecimal price) {}

    private record Line(Stock stock, int quantity) {
        BigDecimal price() {
            return stock.price().multiply(BigDecimal.valueOf(quantity));
        }
    }

    /**
     * An order whose commit was acknowledged.
     *
     * @param atNanos when, by {@link System#nanoTime()}
     */
    record Acknowledged(long orderKey, int lines, long atNanos) {}

    /**
     * What one client did.
     *
     * @param unknown keys whose commit ended without an answer
     * @param retries how often it ran a transaction again, by SQLState
     */
    record Log(List<Acknowledged> acknowledged, List<Long> unknown, Map<String, Integer> retries) {
        Log() {
            this(new ArrayList<>(), new ArrayList<>(), new HashMap<>());
        }
    }

    static OrderEntry on(DataSource database) throws SQLException {
        List<Stock> stocks = new ArrayList<>();
        int customers;
        try (Connection connection = database.getConnection();
                PreparedStatement select = connection.prepareStatement(
                        "SELECT PS_PARTKEY, PS_SUPPKEY, P_RETAILPRICE FROM PARTSUPP JOIN PART ON P_PARTKEY = PS_PARTKEY")) {
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    stocks.add(new Stock(rows.getLong(1), rows.getLong(2), rows.getBigDecimal(3)));
                }
            }
            try (PreparedStatement count = connection.prepareStatement("SELECT COUNT(*) FROM CUSTOMER");
                    ResultSet rows = count.executeQuery()) {
                rows.next();
                customers = rows.getInt(1);
            }
        }
        return new OrderEntry(database, stocks, customers);
    }

    /** Orders acknowledged so far, of all clients. */
    long acknowledgedOrders() {
        return transactions.acknowledged();
    }

    /**
     * Enters orders one after the other until it is over; an order that was begun is brought to its end.
     *
     * @param client from 0
     * @param over asked before each order
     * @param giveUpNanos when a cluster that still does not answer is an error, by {@link System#nanoTime()}
     */
    Log run(int client, BooleanSupplier over, long giveUpNanos) throws SQLException, InterruptedException {
        Random random = new Random(client);
        Log log = new Log();
        long key = FIRST_KEY + client * KEYS_PER_CLIENT;
        while (!over.getAsBoolean()) {
            enter(++key, random, log, giveUpNanos);
        }
        return log;
    }

    private void enter(long key, Random random, Log log, long giveUpNanos) throws SQLException, InterruptedException {
        long customer = 1L + random.nextInt(customers);
        List<Line> lines = new ArrayList<>();
        for (int i = 1 + random.nextInt(MAX_LINES); i > 0; i--) {
            lines.add(new Line(stocks.get(random.nextInt(stocks.size())), 1 + random.nextInt(MAX_QUANTITY)));
        }
        // All clients take their locks in one order, so that they do not block one another in a circle.
        lines.sort(Comparator.comparingLong((Line line) -> line.stock().partKey())
                .thenComparingLong(line -> line.stock().supplierKey()));
        transactions.run(key, lines.size(), connection -> write(connection, key, customer, lines), log, giveUpNanos);
    }

    private static void write(Connection connection, long key, long customer, List<Line> lines) throws SQLException {
        BigDecimal total = lines.stream().map(Line::price).reduce(BigDecimal.ZERO, BigDecimal::add);
        LocalDate today = LocalDate.now();
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO ORDERS (O_ORDERKEY, O_CUSTKEY,"
                + " O_ORDERSTATUS, O_TOTALPRICE, O_ORDERDATE, O_ORDERPRIORITY, O_CLERK, O_SHIPPRIORITY, O_COMMENT)"
                + " VALUES (?, ?, 'O', ?, ?, '3-MEDIUM', 'Clerk#000000001', 0, 'entered by the demo')")) {
            insert.setLong(1, key);
            insert.setLong(2, customer);
            insert.setBigDecimal(3, total);
            insert.setObject(4, today);
            insert.executeUpdate();
        }
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO LINEITEM (L_ORDERKEY, L_PARTKEY,"
                + " L_SUPPKEY, L_LINENUMBER, L_QUANTITY, L_EXTENDEDPRICE, L_DISCOUNT, L_TAX, L_RETURNFLAG, L_LINESTATUS,"
                + " L_SHIPDATE, L_COMMITDATE, L_RECEIPTDATE, L_SHIPINSTRUCT, L_SHIPMODE, L_COMMENT)"
                + " VALUES (?, ?, ?, ?, ?, ?, 0, 0, 'N', 'O', ?, ?, ?, 'NONE', 'MAIL', 'entered by the demo')")) {
            int number = 0;
            for (Line line : lines) {
                insert.setLong(1, key);
                insert.setLong(2, line.stock().partKey());
                insert.setLong(3, line.stock().supplierKey());
                insert.setInt(4, ++number);
                insert.setInt(5, line.quantity());
                insert.setBigDecimal(6, line.price());
                insert.setObject(7, today.plusDays(1));
                insert.setObject(8, today.plusDays(2));
                insert.setObject(9, today.plusDays(3));
                insert.addBatch();
            }
            insert.executeBatch();
        }
        try (PreparedStatement update = connection.prepareStatement(
                "UPDATE PARTSUPP SET PS_AVAILQTY = PS_AVAILQTY - ? WHERE PS_PARTKEY = ? AND PS_SUPPKEY = ?")) {
            for (Line line : lines) {
                update.setInt(1, line.quantity());
                update.setLong(2, line.stock().partKey());
                update.setLong(3, line.stock().supplierKey());
                update.addBatch();
            }
            update.executeBatch();
        }
        try (PreparedStatement update =
                connection.prepareStatement("UPDATE CUSTOMER SET C_ACCTBAL = C_ACCTBAL - ? WHERE C_CUSTKEY = ?")) {
            update.setBigDecimal(1, total);
            update.setLong(2, customer);
            update.executeUpdate();
        }
    }
}
