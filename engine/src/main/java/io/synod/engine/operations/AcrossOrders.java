package io.synod.engine.operations;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;

/** Clients that enter orders into the database {@code sales}, each of which takes goods out of {@code stock} in one transaction. */
final class AcrossOrders {
    static final String SALES = "sales";
    static final String STOCK = "stock";

    private static final int ITEMS = 200;
    private static final int PIECES = 1_000_000;
    private static final int MAX_QUANTITY = 10;
    private static final long KEYS_PER_CLIENT = 100_000_000L;

    private final RepeatedTransactions transactions;

    /** @param sales a pool of connections to the database of orders */
    AcrossOrders(DataSource sales) {
        this.transactions = new RepeatedTransactions(sales);
    }

    static void create(String salesUrl, String stockUrl, String user) throws SQLException {
        try (Connection sales = DriverManager.getConnection(salesUrl, user, "");
                Connection stock = DriverManager.getConnection(stockUrl, user, "");
                Statement inSales = sales.createStatement();
                Statement inStock = stock.createStatement()) {
            inSales.execute("CREATE TABLE orders(id BIGINT PRIMARY KEY, item INT, quantity INT)");
            inStock.execute("CREATE TABLE items(id INT PRIMARY KEY, pieces INT CHECK (pieces >= 0))");
            inStock.execute("INSERT INTO items SELECT x, " + PIECES + " FROM SYSTEM_RANGE(1, " + ITEMS + ")");
        }
    }

    long acknowledged() {
        return transactions.acknowledged();
    }

    /**
     * Enters orders one after the other as long as it is told to; an order that was begun is brought to its end.
     *
     * @param client from 0
     * @param giveUp how long for an order a cluster may not answer
     */
    OrderEntry.Log run(int client, BooleanSupplier goesOn, Duration giveUp) throws SQLException, InterruptedException {
        Random random = new Random(client);
        OrderEntry.Log log = new OrderEntry.Log();
        long key = client * KEYS_PER_CLIENT;
        while (goesOn.getAsBoolean()) {
            long order = ++key;
            int item = 1 + random.nextInt(ITEMS);
            int quantity = 1 + random.nextInt(MAX_QUANTITY);
            long giveUpNanos = System.nanoTime() + giveUp.toNanos();
            transactions.run(order, 1, connection -> write(connection, order, item, quantity), log, giveUpNanos);
        }
        return log;
    }

    private static void write(Connection sales, long order, int item, int quantity) throws SQLException {
        try (PreparedStatement insert = sales.prepareStatement("INSERT INTO orders VALUES (?, ?, ?)");
                PreparedStatement take = sales.prepareStatement(
                        "UPDATE " + STOCK + ".public.items SET pieces = pieces - ? WHERE id = ?")) {
            insert.setLong(1, order);
            insert.setInt(2, item);
            insert.setInt(3, quantity);
            insert.executeUpdate();
            take.setInt(1, quantity);
            take.setInt(2, item);
            take.executeUpdate();
        }
    }

    /** Compares what clients were told with what a node holds of both databases. */
    static Accounting.Result check(String salesUrl, String stockUrl, String user, List<OrderEntry.Log> clients)
            throws SQLException {
        Map<Integer, Long> pieces = new HashMap<>();
        Set<Long> there = new HashSet<>();
        try (Connection sales = DriverManager.getConnection(salesUrl, user, "");
                Connection stock = DriverManager.getConnection(stockUrl, user, "");
                Statement inSales = sales.createStatement();
                Statement inStock = stock.createStatement()) {
            try (ResultSet rows = inStock.executeQuery("SELECT id, pieces FROM items")) {
                while (rows.next()) {
                    pieces.put(rows.getInt(1), rows.getLong(2));
                }
            }
            try (ResultSet rows = inSales.executeQuery("SELECT id, item, quantity FROM orders")) {
                while (rows.next()) {
                    there.add(rows.getLong(1));
                    pieces.merge(rows.getInt(2), rows.getLong(3), Long::sum);
                }
            }
        }
        List<String> wrong = new ArrayList<>();
        pieces.forEach((item, sum) -> {
            if (sum != PIECES) {
                wrong.add("item " + item + ": in stock and sold together " + sum + " pieces, expected " + PIECES);
            }
        });
        return compare(there, clients, wrong);
    }

    /** @param there keys of the orders that are there; they are taken out */
    private static Accounting.Result compare(Set<Long> there, List<OrderEntry.Log> clients, List<String> wrong) {
        long acknowledged = 0;
        long found = 0;
        for (OrderEntry.Log client : clients) {
            for (OrderEntry.Acknowledged order : client.acknowledged()) {
                acknowledged++;
                found += there.remove(order.orderKey()) ? 1 : 0;
            }
            client.unknown().forEach(there::remove);
        }
        return new Accounting.Result(acknowledged, found, acknowledged - found, there.size(), List.copyOf(wrong));
    }
}
