package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The demo's workload and its accounting, on plain H2: what it claims must hold there, and it must see what does not. */
class OrderEntryTest {
    private static final int CLIENTS = 4;
    private static final int ORDERS = 50;

    private static HikariDataSource pool;
    private static Books before;
    private static List<OrderEntry.Log> clients;

    /** What a test breaks, it breaks in here, and it is rolled back. */
    private Connection connection;

    @BeforeAll
    static void enterOrders() throws Exception {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:h2:mem:order-entry;DB_CLOSE_DELAY=-1");
        config.setUsername("sa");
        config.setAutoCommit(false);
        config.setMaximumPoolSize(CLIENTS);
        pool = new HikariDataSource(config);
        // The generator's smallest scale at which its stock has a primary key.
        long rows = new TpchLoader(pool, 0.01).load();
        assertEquals(5 + 25 + 100 + 1_500 + 2_000 + 8_000 + 15_000 + 60_175, rows);
        try (Connection reader = pool.getConnection()) {
            before = Books.read(reader);
        }
        OrderEntry entry = OrderEntry.on(pool);
        long giveUpNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        List<Callable<OrderEntry.Log>> tasks = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            int client = i;
            AtomicInteger begun = new AtomicInteger();
            tasks.add(() -> entry.run(client, () -> begun.getAndIncrement() == ORDERS, giveUpNanos));
        }
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        try {
            clients = new ArrayList<>();
            for (Future<OrderEntry.Log> log : threads.invokeAll(tasks)) {
                clients.add(log.get());
            }
        } finally {
            threads.shutdown();
        }
    }

    @AfterAll
    static void drop() throws SQLException {
        try (Connection last = pool.getConnection();
                Statement statement = last.createStatement()) {
            statement.execute("SET DB_CLOSE_DELAY 0");
            last.commit();
        } finally {
            pool.close();
        }
    }

    @BeforeEach
    void connect() throws SQLException {
        connection = pool.getConnection();
    }

    @AfterEach
    void rollBack() throws SQLException {
        connection.rollback();
        connection.close();
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private Accounting.Result check() throws SQLException {
        return new Accounting(before, clients).check(Books.read(connection));
    }

    @Test
    void every_acknowledged_order_is_found_and_the_sums_balance() throws SQLException {
        Accounting.Result result = check();
        assertEquals(CLIENTS * ORDERS, result.acknowledged(), result.toString());
        assertTrue(result.holds(), result.toString());
    }

    @Test
    void a_lost_order_is_seen() throws SQLException {
        long key = clients.get(0).acknowledged().get(0).orderKey();
        execute("DELETE FROM LINEITEM WHERE L_ORDERKEY = " + key);
        execute("DELETE FROM ORDERS WHERE O_ORDERKEY = " + key);
        Accounting.Result result = check();
        assertEquals(1, result.lost());
        assertEquals(3, result.wrongSums().size() + 1, result.toString());
        assertFalse(result.holds());
    }

    @Test
    void an_order_that_lacks_a_line_is_seen() throws SQLException {
        long key = clients.get(1).acknowledged().get(0).orderKey();
        execute("DELETE FROM LINEITEM WHERE L_LINENUMBER = 1 AND L_ORDERKEY = " + key);
        assertEquals(1, check().lost());
    }

    @Test
    void an_order_that_nobody_was_told_of_is_seen() throws SQLException {
        execute("INSERT INTO ORDERS SELECT " + OrderEntry.FIRST_KEY + ", O_CUSTKEY, O_ORDERSTATUS, 0, O_ORDERDATE,"
                + " O_ORDERPRIORITY, O_CLERK, O_SHIPPRIORITY, O_COMMENT FROM ORDERS LIMIT 1");
        Accounting.Result result = check();
        assertEquals(1, result.notAsked());
        assertFalse(result.holds());
    }

    @Test
    void stock_that_was_taken_twice_is_seen() throws SQLException {
        execute("UPDATE PARTSUPP SET PS_AVAILQTY = PS_AVAILQTY - 1 WHERE PS_PARTKEY = 1 LIMIT 1");
        Accounting.Result result = check();
        assertEquals(1, result.wrongSums().size(), result.toString());
        assertFalse(result.holds());
    }
}
