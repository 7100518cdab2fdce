package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.h2.jdbc.JdbcConnection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What HikariCP does with its connections by its settings, on stock H2 and on a cluster whose leadership moves in between: the
 * same. Times below HikariCP's least ones are set when the pool is there, before it makes connections.
 */
@Timeout(300)
class HikariSettingsTest {
    private static final int SHORT_MILLIS = 200;
    /** The least that HikariCP takes. */
    private static final int LEAK_MILLIS = 2_000;

    /** A database, and what goes on there in the middle of each test. */
    private record Place(String url, Move move) {
        @FunctionalInterface
        interface Move {
            void now() throws Exception;
        }
    }

    private final AtomicInteger created = new AtomicInteger();

    private static List<Place> places() throws Exception {
        String cluster = Cluster.shared().url("HIKARI");
        List<Place> places = List.of(
                new Place(
                        "jdbc:h2:mem:shop;DB_CLOSE_DELAY=-1;INIT=CREATE SCHEMA IF NOT EXISTS HIKARI\\;SET SCHEMA HIKARI",
                        () -> {}),
                new Place(cluster, () -> moveLeader(cluster)));
        for (Place place : places) {
            Cluster.run(place.url(), "CREATE TABLE IF NOT EXISTS N(N INT)", "DELETE FROM N");
        }
        return places;
    }

    private static void moveLeader(String url) throws Exception {
        try (Connection c = DriverManager.getConnection(url, Cluster.USER, Cluster.PASSWORD);
                Statement s = c.createStatement()) {
            String before = Cluster.leader(s);
            Await.until("another leader", () -> {
                Cluster.transfer(s, "");
                String now = Cluster.leader(s);
                return now != null && !now.equals(before);
            });
        }
    }

    /** A pool that has made no connection yet. */
    private HikariDataSource pool(String url, Consumer<HikariConfig> settings) {
        created.set(0);
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setUsername(Cluster.USER);
        config.setPassword(Cluster.PASSWORD);
        config.setMinimumIdle(0);
        // With room for a second one the pool makes it for whoever comes while the first is being asked.
        config.setMaximumPoolSize(1);
        config.setInitializationFailTimeout(-1);
        // A connection that is slow to answer would be replaced, and counted.
        config.setConnectionTimeout(Await.LIMIT.toMillis());
        config.setValidationTimeout(Await.LIMIT.toMillis());
        config.setMetricsTrackerFactory((name, stats) -> new IMetricsTracker() {
            @Override
            public void recordConnectionCreatedMillis(long millis) {
                created.incrementAndGet();
            }
        });
        settings.accept(config);
        return new HikariDataSource(config);
    }

    private static Connection raw(Connection c) throws SQLException {
        return c.unwrap(JdbcConnection.class);
    }

    private static int one(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT 1 + COUNT(*) FROM N")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    /** The query counts itself: rows of a sequence, which the node of the moment gives. */
    @Test
    void keepalive_asks_idle_connections_by_the_test_query_and_keeps_them() throws Exception {
        for (Place place : places()) {
            Cluster.run(
                    place.url(), "CREATE SEQUENCE IF NOT EXISTS ASKED NO CACHE", "ALTER SEQUENCE ASKED RESTART WITH 1");
            try (HikariDataSource pool =
                    pool(place.url(), config -> config.setConnectionTestQuery("VALUES NEXT VALUE FOR ASKED"))) {
                pool.setKeepaliveTime(SHORT_MILLIS);
                Connection raw;
                try (Connection c = pool.getConnection()) {
                    raw = raw(c);
                }
                awaitAsked(place, 3);
                place.move().now();
                awaitAsked(place, asked(place) + 3);
                try (Connection c = pool.getConnection()) {
                    assertSame(raw, raw(c), place.url());
                }
                assertEquals(1, created.get(), place.url());
            }
        }
    }

    private static long asked(Place place) throws SQLException {
        try (Connection c = DriverManager.getConnection(place.url(), Cluster.USER, Cluster.PASSWORD);
                Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT NEXT VALUE FOR ASKED")) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private static void awaitAsked(Place place, long times) throws Exception {
        long[] own = new long[1];
        Await.until("asked " + times + " times", () -> asked(place) - ++own[0] >= times);
    }

    @Test
    void keepalive_without_a_query_asks_by_is_valid_and_keeps_them() throws Exception {
        for (Place place : places()) {
            AtomicInteger asked = new AtomicInteger();
            try (HikariDataSource pool =
                    pool(place.url(), config -> config.setDataSource(counting(place.url(), asked)))) {
                pool.setKeepaliveTime(SHORT_MILLIS);
                try (Connection c = pool.getConnection()) {
                    assertEquals(1, one(c));
                }
                Await.until("asked", () -> asked.get() >= 3);
                place.move().now();
                int before = asked.get();
                Await.until("asked again", () -> asked.get() >= before + 3);
                try (Connection c = pool.getConnection()) {
                    assertEquals(1, one(c));
                }
                assertEquals(1, created.get(), place.url());
            }
        }
    }

    /** @param asked counts the calls of {@code isValid} */
    private static DataSource counting(String url, AtomicInteger asked) {
        return proxy(DataSource.class, (source, call, args) -> {
            if (!call.getName().equals("getConnection")) {
                return call.getReturnType() == int.class ? 0 : null;
            }
            Connection connection = DriverManager.getConnection(url, Cluster.USER, Cluster.PASSWORD);
            return proxy(Connection.class, (c, method, values) -> {
                if (method.getName().equals("isValid")) {
                    asked.incrementAndGet();
                }
                try {
                    return method.invoke(connection, values);
                } catch (InvocationTargetException e) {
                    throw e.getCause();
                }
            });
        });
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(
                Proxy.newProxyInstance(HikariSettingsTest.class.getClassLoader(), new Class<?>[] {type}, handler));
    }

    @Test
    void max_lifetime_replaces_connections_also_those_in_use_when_they_come_back() throws Exception {
        for (Place place : places()) {
            try (HikariDataSource pool = pool(place.url(), config -> {})) {
                pool.setMaxLifetime(SHORT_MILLIS);
                Connection first;
                try (Connection c = pool.getConnection()) {
                    first = raw(c);
                    place.move().now();
                    assertEquals(1, one(c));
                }
                Await.until("five lives", () -> {
                    try (Connection c = pool.getConnection()) {
                        assertEquals(1, one(c));
                    }
                    return created.get() >= 5;
                });
                Await.until("the first one closed", first::isClosed);
                assertTrue(pool.getHikariPoolMXBean().getTotalConnections() <= 1);
            }
        }
    }

    @Test
    void a_leak_is_told_and_the_connection_goes_on() throws Exception {
        for (Place place : places()) {
            PrintStream err = System.err;
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            try (HikariDataSource pool = pool(place.url(), config -> config.setLeakDetectionThreshold(LEAK_MILLIS))) {
                System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
                try (Connection c = pool.getConnection()) {
                    place.move().now();
                    Await.until(
                            "the leak told",
                            () -> said.toString(StandardCharsets.UTF_8).contains("leak detection triggered"));
                    assertEquals(1, one(c));
                }
                Await.until(
                        "its return told",
                        () -> said.toString(StandardCharsets.UTF_8).contains("was returned to the pool"));
            } finally {
                System.setErr(err);
            }
        }
    }

    @Test
    void what_a_user_changed_is_reset_before_the_next_one() throws Exception {
        List<List<String>> seen = new ArrayList<>();
        for (Place place : places()) {
            try (HikariDataSource pool = pool(place.url(), config -> {
                config.setMaximumPoolSize(1);
                config.setAutoCommit(false);
                config.setSchema("HIKARI");
                config.setCatalog("SHOP");
                config.setTransactionIsolation("TRANSACTION_REPEATABLE_READ");
            })) {
                List<String> states = new ArrayList<>();
                Connection raw = null;
                for (int i = 0; i < 3; i++) {
                    try (Connection c = pool.getConnection();
                            Statement s = c.createStatement()) {
                        raw = raw == null ? raw(c) : raw;
                        assertSame(raw, raw(c), place.url());
                        states.add(state(c));
                        // Not committed: taken back when it is returned.
                        s.execute("INSERT INTO N VALUES (" + i + ")");
                        c.rollback();
                        c.setSchema("PUBLIC");
                        c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
                        c.setAutoCommit(true);
                        c.setReadOnly(true);
                        place.move().now();
                        states.add(state(c));
                    }
                }
                try (Connection c = pool.getConnection();
                        Statement s = c.createStatement()) {
                    s.execute("INSERT INTO N VALUES (7)");
                }
                try (Connection c = pool.getConnection()) {
                    states.add("rows " + (one(c) - 1));
                }
                assertEquals(1, created.get(), place.url());
                seen.add(states);
            }
        }
        assertEquals(seen.get(0), seen.get(1));
        assertEquals("rows 0", seen.get(0).get(6));
    }

    private static String state(Connection c) throws SQLException {
        return c.getCatalog() + " " + c.getSchema() + " " + c.getTransactionIsolation() + " " + c.getAutoCommit() + " "
                + c.isReadOnly();
    }

    @Test
    void a_read_only_pool_reads_before_and_after_the_leader_moved() throws Exception {
        List<List<String>> seen = new ArrayList<>();
        for (Place place : places()) {
            try (HikariDataSource pool = pool(place.url(), config -> config.setReadOnly(true))) {
                List<String> states = new ArrayList<>();
                for (int i = 0; i < 2; i++) {
                    try (Connection c = pool.getConnection()) {
                        // isReadOnly() differs: stock H2 forgets what it was told.
                        states.add(c.getSchema() + " " + one(c));
                    }
                    place.move().now();
                }
                assertEquals(1, created.get(), place.url());
                seen.add(states);
            }
        }
        assertEquals(seen.get(0), seen.get(1));
    }

    /** Whether there is a pool at all when nobody answers, by the setting. */
    @Test
    void initialization_fail_timeout_means_the_same_where_nobody_answers() {
        for (long timeout : new long[] {-1, 0, 1}) {
            assertEquals(
                    starts("jdbc:h2:tcp://127.0.0.1:1/shop", timeout),
                    starts("jdbc:synod://127.0.0.1:1,127.0.0.1:2/shop;CONNECT_TIMEOUT=100", timeout),
                    "initializationFailTimeout=" + timeout);
        }
        assertTrue(starts("jdbc:synod://127.0.0.1:1/shop;CONNECT_TIMEOUT=100", -1));
        assertFalse(starts("jdbc:synod://127.0.0.1:1/shop;CONNECT_TIMEOUT=100", 1));
    }

    private boolean starts(String url, long timeout) {
        try (HikariDataSource pool = pool(url, config -> config.setInitializationFailTimeout(timeout))) {
            return pool.isRunning();
        } catch (com.zaxxer.hikari.pool.HikariPool.PoolInitializationException e) {
            return false;
        }
    }
}
