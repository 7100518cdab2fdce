package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.h2.command.CommandInterface;
import org.h2.jdbc.JdbcConnection;
import org.h2.message.DbException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A statement that is made of others ends with the one of them that runs. JDBC's statement passes on one cancel only. */
@Timeout(240)
class CancelledPartsTest {
    private static final String NUMBERS = "SYSTEM_RANGE(1, 1000000) a, SYSTEM_RANGE(1, 1000000) b";
    private static final String THERE =
            "SELECT COUNT(*) FROM stock.public.items i, " + NUMBERS + " WHERE a.x + b.x + i.n < 0";
    private static final String HERE = "SELECT COUNT(*) FROM orders o, " + NUMBERS + " WHERE a.x + b.x + o.id < 0";
    private static final String WAITS = "UPDATE stock.public.items SET n = 1 WHERE id = 8";
    private static final String FIRST = "UPDATE stock.public.items SET n = n WHERE id = 7; ";

    @TempDir
    private Path directory;

    private final ExecutorService threads = Executors.newSingleThreadExecutor();
    private Connection sales;
    private Connection watcher;
    private Connection stock;

    @BeforeEach
    void open() throws SQLException {
        sales = Pair.connect(directory, "sales");
        watcher = Pair.connect(directory, "sales");
        stock = Pair.connect(directory, "stock");
        Sql.run(sales, "SET LOCK_TIMEOUT 600000");
        Sql.run(sales, "CREATE TABLE orders(id INT PRIMARY KEY)", "INSERT INTO orders VALUES (1), (2)");
        Sql.run(stock, "CREATE TABLE items(id INT PRIMARY KEY, n INT)", "INSERT INTO items VALUES (7, 10), (8, 20)");
        stock.setAutoCommit(false);
        Sql.run(stock, "UPDATE items SET n = 0 WHERE id = 8");
    }

    @AfterEach
    void close() throws SQLException {
        threads.shutdown();
        sales.close();
        watcher.close();
        stock.close();
    }

    /** Whole texts, with the part that runs for ever. */
    private Map<String, String> texts() throws Exception {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put(FIRST + WAITS, WAITS);
        texts.put("SELECT 1; " + HERE + "; SELECT 2", HERE);
        texts.put(FIRST + THERE + "; " + FIRST, THERE);
        texts.put("EXECUTE IMMEDIATE '" + WAITS + "'", WAITS);
        Path script = directory.resolve("script.sql");
        Files.writeString(script, FIRST + WAITS + ";");
        texts.put("RUNSCRIPT FROM '" + script + "'", WAITS);
        return texts;
    }

    private String state(String sql) {
        try (Statement s = sales.createStatement()) {
            s.execute(sql);
            return "no error";
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    @Test
    void when_the_statement_is_cancelled() throws Exception {
        for (Map.Entry<String, String> text : texts().entrySet()) {
            try (Statement s = sales.createStatement()) {
                Future<String> state = threads.submit(() -> {
                    try {
                        s.execute(text.getKey());
                        return "no error";
                    } catch (SQLException e) {
                        return e.getSQLState();
                    }
                });
                Await.until("it runs: " + text.getKey(), () -> isRunning(text.getValue()));
                s.cancel();
                assertEquals("57014", state.get(60, TimeUnit.SECONDS), text.getKey());
            }
            Sql.run(sales, "SELECT 1; SELECT 2", "SELECT COUNT(*) FROM stock.public.items; SELECT 2");
        }
    }

    private boolean isRunning(String part) throws SQLException {
        if (part.equals(WAITS)) {
            // H2 looks for a cancel before it waits, and then when it is woken.
            return Sql.number(stock, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SESSIONS WHERE BLOCKER_ID IS NOT NULL")
                    == 1;
        }
        return Sql.number(
                        watcher,
                        "SELECT COUNT(*) FROM SYNOD.SESSIONS WHERE STATEMENT = '" + part.replace("'", "''") + "'")
                > 0;
    }

    @Test
    void when_its_time_is_over() throws Exception {
        for (String text : new String[] {"SELECT 1; " + HERE, FIRST + THERE}) {
            try (Statement s = sales.createStatement()) {
                s.setQueryTimeout(1);
                SQLException e = assertThrows(SQLException.class, () -> s.execute(text), text);
                assertEquals("57014", e.getSQLState(), text + ": " + e);
                s.setQueryTimeout(0);
            }
        }
    }

    @Test
    void when_it_is_cancelled_before_it_begins_and_no_other_is() throws Exception {
        for (String text : texts().keySet()) {
            try (CommandInterface command =
                    sales.unwrap(JdbcConnection.class).getSession().prepareCommand(text)) {
                command.cancel();
                DbException e = assertThrows(DbException.class, () -> command.executeUpdate(null), text);
                assertEquals("57014", e.getSQLException().getSQLState(), text + ": " + e);
            }
            assertEquals("no error", state("SELECT 1; SELECT COUNT(*) FROM stock.public.items"));
        }
    }
}
