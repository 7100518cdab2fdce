package io.synod.jdbc;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;
import org.h2.jdbcx.JdbcDataSource;
import org.h2.tools.Server;

/** A stock H2 server in the place of two nodes: both see the same database, each behind its own network. */
public final class StockNode implements AutoCloseable {
    private static final AtomicInteger NAMES = new AtomicInteger();
    private static final List<String> ASKED = new CopyOnWriteArrayList<>();
    private static volatile BiPredicate<UUID, Long> committed;

    private final Server server;
    private final Connection keeper;
    final CutProxy a;
    final CutProxy b;

    StockNode() throws SQLException, IOException {
        String memory = "mem:stock" + NAMES.incrementAndGet();
        server = Server.createTcpServer("-tcpPort", "0", "-key", "shop", memory).start();
        keeper = open("jdbc:h2:" + memory);
        try (Statement statement = keeper.createStatement()) {
            // What a session holds that was cut off is free when the server has noticed that.
            statement.execute("SET DEFAULT_LOCK_TIMEOUT 60000");
            statement.execute("CREATE SCHEMA SYNOD");
            statement.execute("CREATE ALIAS SYNOD.RESOLVE FOR '" + StockNode.class.getName() + ".resolve'");
            statement.execute("CREATE TABLE ITEM(ID INT PRIMARY KEY, NAME VARCHAR)");
            statement.execute("CREATE TABLE NOTE(ID BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, TEXT VARCHAR)");
        }
        a = new CutProxy(server.getPort());
        b = new CutProxy(server.getPort());
        ASKED.clear();
        committed = (session, number) -> false;
    }

    private static Connection open(String url) throws SQLException {
        JdbcDataSource source = new JdbcDataSource();
        source.setURL(url);
        source.setUser("sa");
        source.setPassword("secret");
        return source.getConnection();
    }

    /** The stock server knows no commit ids: the test says what it would answer, if not that nothing was committed. */
    void resolveBy(BiPredicate<UUID, Long> answer) {
        committed = answer;
    }

    List<String> asked() {
        return List.copyOf(ASKED);
    }

    /** Called by SQL. */
    public static boolean resolve(String session, long number) {
        ASKED.add(session + "/" + number);
        return committed.test(UUID.fromString(session), number);
    }

    /** Called by SQL: a statement that takes its time. */
    public static int nap(int millis) {
        long end = System.nanoTime() + millis * 1_000_000L;
        while (System.nanoTime() < end) {
            java.util.concurrent.locks.LockSupport.parkNanos(end - System.nanoTime());
        }
        return millis;
    }

    /** A stock server takes the driver's own settings for unknown ones, unless told to ignore them. */
    String url(String settings) {
        String patience = settings.contains("FAILOVER_TIMEOUT") ? "" : ";FAILOVER_TIMEOUT=60000";
        return "jdbc:synod://" + a.endpoint() + "," + b.endpoint() + "/shop;IGNORE_UNKNOWN_SETTINGS=TRUE" + patience
                + settings;
    }

    Connection connect() throws SQLException {
        return connect("");
    }

    /** @param settings each after a semicolon */
    Connection connect(String settings) throws SQLException {
        Properties login = new Properties();
        login.setProperty("user", "sa");
        login.setProperty("password", "secret");
        if (!settings.contains("CONNECT_TIMEOUT")) {
            // More than a machine stands still: else the session is at the other node than its test takes it to be.
            login.setProperty("CONNECT_TIMEOUT", "10000");
        }
        return DriverManager.getConnection(url(settings), login);
    }

    long count(String sql) throws SQLException {
        try (Statement statement = keeper.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    @Override
    public void close() throws SQLException, IOException {
        a.close();
        b.close();
        keeper.close();
        server.stop();
    }
}
