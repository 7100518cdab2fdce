package io.synod.engine.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.zaxxer.hikari.HikariDataSource;
import io.synod.engine.Sql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Clients that write while nodes fail, and what they were told. The table that they insert into has no key: a row that is
 * there twice was committed twice, and a transaction that got 40001 is run again, so that one which had committed all the same
 * shows as a row too many.
 */
final class Load implements AutoCloseable {
    static final String[] TABLES = {
        "CREATE TABLE entry(client INT, n INT, part INT)",
        "CREATE TABLE account(id INT PRIMARY KEY, x BIGINT)",
        "INSERT INTO account SELECT x, " + Load.BALANCE + " FROM SYSTEM_RANGE(1, " + Load.ACCOUNTS + ")"
    };

    private static final int ACCOUNTS = 10;
    private static final int BALANCE = 100;

    /** Where a client takes its connection from for one transaction. */
    @FunctionalInterface
    interface Source {
        Connection take() throws SQLException;

        default void giveBack(Connection connection) throws SQLException {
            // A client's own is kept.
        }

        static Source pool(HikariDataSource pool) {
            return new Source() {
                @Override
                public Connection take() throws SQLException {
                    return pool.getConnection();
                }

                @Override
                public void giveBack(Connection connection) throws SQLException {
                    connection.close();
                }
            };
        }
    }

    @FunctionalInterface
    private interface Transaction {
        void run(Connection connection, int n) throws SQLException;
    }

    private final ClientThreads threads = new ClientThreads();
    private final List<AtomicLong> acknowledged = new ArrayList<>();
    private final AtomicLong retries = new AtomicLong();
    private final AtomicLong lastNanos = new AtomicLong();
    private final AtomicLong gapNanos = new AtomicLong();
    private final SplittableRandom random;
    private final Map<Integer, Integer> partsByClient = new TreeMap<>();

    Load(long seed) {
        this.random = new SplittableRandom(seed);
    }

    /** Inserts one row in auto-commit mode, two in a transaction, by turns. */
    void insert(Source source) {
        int client = acknowledged.size();
        partsByClient.put(client, 2);
        start(source, (c, n) -> {
            boolean transaction = n % 2 == 0;
            c.setAutoCommit(!transaction);
            try (PreparedStatement s = c.prepareStatement("INSERT INTO entry VALUES (?, ?, ?)")) {
                for (int part = 0; part < (transaction ? 2 : 1); part++) {
                    s.setInt(1, client);
                    s.setInt(2, n);
                    s.setInt(3, part);
                    s.executeUpdate();
                }
            }
            if (transaction) {
                c.commit();
            }
        });
    }

    /** Moves money between two accounts, and notes it. */
    void transfer(Source source) {
        int client = acknowledged.size();
        partsByClient.put(client, 1);
        SplittableRandom mine = random.split();
        start(source, (c, n) -> {
            c.setAutoCommit(false);
            int from = mine.nextInt(ACCOUNTS);
            int to = (from + 1 + mine.nextInt(ACCOUNTS - 1)) % ACCOUNTS;
            int amount = mine.nextInt(50);
            try (PreparedStatement move = c.prepareStatement("UPDATE account SET x = x + ? WHERE id = ?");
                    PreparedStatement note = c.prepareStatement("INSERT INTO entry VALUES (?, ?, 0)")) {
                // In the order of the keys: two clients never wait for each other in a circle.
                for (int id : new int[] {Math.min(from, to), Math.max(from, to)}) {
                    move.setInt(1, id == from ? -amount : amount);
                    move.setInt(2, id + 1);
                    assertEquals(1, move.executeUpdate());
                }
                note.setInt(1, client);
                note.setInt(2, n);
                note.executeUpdate();
            }
            c.commit();
        });
    }

    /** Reads the sum of all accounts, which never changes. */
    void sum(Source source) {
        int client = acknowledged.size();
        partsByClient.put(client, 0);
        start(source, (c, n) -> {
            c.setAutoCommit(true);
            assertEquals(ACCOUNTS * BALANCE, Sql.number(c, "SELECT SUM(x) FROM account"), "a torn read");
        });
    }

    private void start(Source source, Transaction transaction) {
        AtomicLong count = new AtomicLong();
        acknowledged.add(count);
        boolean writes = partsByClient.get(acknowledged.size() - 1) > 0;
        threads.start(() -> {
            for (int n = 0; !threads.areStopping(); n++) {
                while (!attempt(source, transaction, n)) {
                    retries.incrementAndGet();
                }
                count.incrementAndGet();
                if (writes) {
                    noteTime();
                }
            }
            return null;
        });
    }

    /** @return false for 40001; everything else is an error */
    private static boolean attempt(Source source, Transaction transaction, int n) throws SQLException {
        Connection c = source.take();
        try {
            transaction.run(c, n);
            return true;
        } catch (SQLException e) {
            if (!"40001".equals(e.getSQLState())) {
                throw new SQLException("transaction " + n + " got " + e.getSQLState(), e.getSQLState(), e);
            }
            if (!c.getAutoCommit()) {
                c.rollback();
            }
            return false;
        } finally {
            source.giveBack(c);
        }
    }

    private void noteTime() {
        long now = System.nanoTime();
        long before = lastNanos.getAndSet(now);
        if (before != 0) {
            gapNanos.accumulateAndGet(now - before, Math::max);
        }
    }

    /** From here on {@link #gapMillis()} counts. */
    void forgetGaps() {
        gapNanos.set(0);
    }

    /** The longest time without an acknowledged commit of any client. */
    long gapMillis() {
        return TimeUnit.NANOSECONDS.toMillis(gapNanos.get());
    }

    long retries() {
        return retries.get();
    }

    long acknowledged() {
        return acknowledged.stream().mapToLong(AtomicLong::get).sum();
    }

    /** Waits until each client had so many more acknowledged. */
    void awaitProgress(int each) throws Exception {
        threads.awaitProgress(
                each, acknowledged.stream().map(a -> (LongSupplier) a::get).toList());
    }

    /** Lets each client end its transaction. */
    void stop() throws Exception {
        threads.stop();
    }

    /** On every node: what was acknowledged is there, once, and nothing else; the accounts add up. */
    void assertExactlyOnceOnEachOf(TestCluster cluster) throws Exception {
        cluster.assertMembersEqual();
        for (String node : cluster.names()) {
            // On the node itself, once it has what was acknowledged.
            try (Connection c = TestCluster.connect(cluster.url(node))) {
                assertEquals(ACCOUNTS * BALANCE, Sql.number(c, "SELECT SUM(x) FROM account"), "sum on node " + node);
                assertEquals(
                        List.of(),
                        TestCluster.rows(
                                c,
                                "SELECT client, n, part, COUNT(*) FROM entry GROUP BY client, n, part"
                                        + " HAVING COUNT(*) > 1"),
                        "committed twice, on node " + node);
                assertEquals(expected(), found(c), "rows of each client on node " + node);
            }
        }
    }

    private Map<Integer, String> expected() {
        Map<Integer, String> expected = new TreeMap<>();
        partsByClient.forEach((client, parts) -> {
            long count = acknowledged.get(client).get();
            if (parts > 0 && count > 0) {
                long rows = parts == 1 ? count : count + (count + 1) / 2;
                expected.put(client, "transactions " + count + ", last " + (count - 1) + ", rows " + rows);
            }
        });
        return expected;
    }

    private static Map<Integer, String> found(Connection c) throws SQLException {
        Map<Integer, String> found = new TreeMap<>();
        for (String row :
                TestCluster.rows(c, "SELECT client, COUNT(DISTINCT n), MAX(n), COUNT(*) FROM entry GROUP BY client")) {
            String[] part = row.split("\\|");
            found.put(Integer.parseInt(part[0]), "transactions " + part[1] + ", last " + part[2] + ", rows " + part[3]);
        }
        return found;
    }

    @Override
    public void close() {
        threads.close();
    }
}
