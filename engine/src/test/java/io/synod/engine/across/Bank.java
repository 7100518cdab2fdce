package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.synod.engine.Sql;
import io.synod.engine.failover.ClientThreads;
import io.synod.engine.failover.TestCluster;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bank whose accounts are spread over three databases, and clients that move money between two of them while nodes fail. Each
 * transfer leaves a row with its id in both databases; the table has no key, so that what was committed twice is there twice. What
 * got 40001 is run again under the same id.
 */
final class Bank implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Bank.class);
    static final List<String> DATABASES = List.of("sales", "stock", "bank");

    /** Surely not done, before a commit: lost, or a lock not got in time. */
    private static final Set<String> NOT_DONE = Set.of("40001", "HYT00");

    private static final int ACCOUNTS = 10;
    private static final long BALANCE = 1000;
    private static final String SUM = "SELECT SUM(n) FROM ("
            + DATABASES.stream()
                    .map(d -> "SELECT n FROM " + d + ".public.account")
                    .collect(Collectors.joining(" UNION ALL "))
            + ")";
    private static final long TOTAL = DATABASES.size() * ACCOUNTS * BALANCE;

    private final TestCluster cluster;
    private final SplittableRandom random;
    private final List<Client> clients = new ArrayList<>();
    private final ClientThreads threads = new ClientThreads();
    private final AtomicInteger sums = new AtomicInteger();

    Bank(TestCluster cluster, long seed) {
        this.cluster = cluster;
        this.random = new SplittableRandom(seed);
    }

    /** Where a transfer has to be. */
    private record Transfer(String from, String to) {}

    void create() throws SQLException {
        for (String database : DATABASES) {
            try (Connection c = TestCluster.connect(cluster.urlOf(database))) {
                Sql.run(
                        c,
                        "CREATE TABLE account(id INT PRIMARY KEY, n BIGINT)",
                        "INSERT INTO account SELECT x, " + BALANCE + " FROM SYSTEM_RANGE(1, " + ACCOUNTS + ")",
                        "CREATE TABLE transfer(id VARCHAR(40), amount BIGINT)");
            }
        }
    }

    private String url(String database, String settings) {
        return cluster.urlOf(database) + ";LOCK_TIMEOUT=10000;FAILOVER_TIMEOUT=60000" + settings;
    }

    /** Reads the sum of all accounts of all databases in one statement, which never changes. */
    void startSums(String database, String settings) {
        threads.start(() -> {
            sum(url(database, settings));
            return null;
        });
    }

    private void sum(String url) throws SQLException {
        Connection c = null;
        try {
            while (!threads.areStopping()) {
                c = c == null || c.isClosed() ? TestCluster.connect(url) : c;
                try {
                    assertEquals(TOTAL, Sql.number(c, SUM), "a torn read at " + url);
                    sums.incrementAndGet();
                } catch (SQLException e) {
                    if (!NOT_DONE.contains(e.getSQLState())) {
                        throw e;
                    }
                    LOG.info("the sum once more: {}", e.getMessage());
                }
            }
        } finally {
            closeQuietly(c);
        }
    }

    int sums() {
        return sums.get();
    }

    /** @param settings of its URL */
    void start(String database, String settings) {
        Client client = new Client(clients.size(), url(database, settings));
        clients.add(client);
        threads.start(Executors.callable(client));
    }

    /** The node that commits for one of the clients, as far as that has told. */
    String coordinator(int client) {
        return clients.get(client).node;
    }

    int clients() {
        return clients.size();
    }

    /** Waits until each client had so many more acknowledged. */
    void awaitProgress(int each) throws Exception {
        threads.awaitProgress(
                each, clients.stream().map(c -> (LongSupplier) () -> c.count).toList());
    }

    /** Lets each client end its transfer. */
    void stop() throws Exception {
        threads.stop();
    }

    int acknowledged() {
        return clients.stream().mapToInt(c -> c.acknowledged.size()).sum();
    }

    int unknown() {
        return clients.stream().mapToInt(c -> c.unknown.size()).sum();
    }

    /** How often something was run again, by SQLState. */
    Map<String, Integer> retries() {
        Map<String, Integer> all = new TreeMap<>();
        clients.forEach(c -> c.retries.forEach((state, n) -> all.merge(state, n, Integer::sum)));
        return all;
    }

    /** On every node: each transfer is in both databases, once, or in none; what was acknowledged is there; nothing got lost. */
    void assertWholeOnEachNode() throws Exception {
        cluster.assertMembersEqual();
        for (String node : cluster.names()) {
            long total = 0;
            Map<String, List<String>> found = new TreeMap<>();
            for (String database : DATABASES) {
                try (Connection c = TestCluster.connect(cluster.urlOf(database, node))) {
                    long sum = Sql.number(c, "SELECT SUM(n) FROM account");
                    long moved = Sql.number(c, "SELECT COALESCE(SUM(amount), 0) FROM transfer");
                    assertEquals(ACCOUNTS * BALANCE + moved, sum, "accounts of " + database + " on node " + node);
                    total += sum;
                    for (String id : TestCluster.rows(c, "SELECT id FROM transfer")) {
                        found.computeIfAbsent(id, i -> new ArrayList<>()).add(database);
                    }
                }
            }
            assertEquals(TOTAL, total, "sum on node " + node);
            for (Client client : clients) {
                client.unknown.forEach((id, transfer) -> {
                    List<String> where = found.remove(id);
                    assertEquals(
                            places(transfer),
                            where == null ? places(transfer) : where,
                            "transfer " + id + " of unknown outcome on node " + node);
                });
                client.acknowledged.forEach((id, transfer) ->
                        assertEquals(places(transfer), found.remove(id), "transfer " + id + " on node " + node));
            }
            assertEquals(Map.of(), found, "never acknowledged, on node " + node);
        }
    }

    /** In the order in which databases are looked at. */
    private static List<String> places(Transfer transfer) {
        return DATABASES.stream()
                .filter(d -> d.equals(transfer.from()) || d.equals(transfer.to()))
                .toList();
    }

    @Override
    public void close() {
        threads.close();
    }

    private final class Client implements Runnable {
        private final int number;
        private final String url;
        private final SplittableRandom choices = random.split();
        // Read by others when this one has ended.
        private final Map<String, Transfer> acknowledged = new TreeMap<>();
        private final Map<String, Transfer> unknown = new TreeMap<>();
        private final Map<String, Integer> retries = new TreeMap<>();
        private volatile int count;
        private volatile String node;

        Client(int number, String url) {
            this.number = number;
            this.url = url;
        }

        @Override
        public void run() {
            Connection c = null;
            try {
                for (int n = 0; !threads.areStopping(); n++) {
                    String from = DATABASES.get(choices.nextInt(DATABASES.size()));
                    String to = DATABASES.get(
                            (DATABASES.indexOf(from) + 1 + choices.nextInt(DATABASES.size() - 1)) % DATABASES.size());
                    Transfer transfer = new Transfer(from, to);
                    int account = 1 + choices.nextInt(ACCOUNTS);
                    int amount = 1 + choices.nextInt(9);
                    do {
                        c = c == null || c.isClosed() ? TestCluster.connect(url) : c;
                    } while (!attempt(c, number + "-" + n, transfer, account, amount));
                    count++;
                }
            } catch (SQLException e) {
                throw new IllegalStateException(
                        "client " + number + " on node " + node + " got " + e.getSQLState() + ": " + e.getMessage(), e);
            } finally {
                closeQuietly(c);
            }
        }

        /** @return false for what has surely not happened */
        private boolean attempt(Connection c, String id, Transfer transfer, int account, int amount)
                throws SQLException {
            boolean committing = false;
            try {
                c.setAutoCommit(false);
                node = TestCluster.rows(c, "SELECT NODE FROM SYNOD.MEMBERS WHERE THIS_NODE")
                        .get(0);
                // In one order: two clients never wait for each other in a circle.
                for (String database : places(transfer)) {
                    move(c, database, id, account, database.equals(transfer.from()) ? -amount : amount);
                }
                committing = true;
                c.commit();
                acknowledged.put(id, transfer);
                return true;
            } catch (SQLException e) {
                if (committing && "08007".equals(e.getSQLState())) {
                    unknown.put(id, transfer);
                    return true;
                }
                if (!NOT_DONE.contains(e.getSQLState()) || committing && !"40001".equals(e.getSQLState())) {
                    throw e;
                }
                retries.merge(e.getSQLState(), 1, Integer::sum);
                c.rollback();
                return false;
            }
        }

        private void move(Connection c, String database, String id, int account, int amount) throws SQLException {
            try (PreparedStatement update =
                            c.prepareStatement("UPDATE " + database + ".public.account SET n = n + ? WHERE id = ?");
                    PreparedStatement note =
                            c.prepareStatement("INSERT INTO " + database + ".public.transfer VALUES (?, ?)")) {
                update.setInt(1, amount);
                update.setInt(2, account);
                assertEquals(1, update.executeUpdate());
                note.setString(1, id);
                note.setInt(2, amount);
                note.executeUpdate();
            }
        }
    }

    private static void closeQuietly(Connection c) {
        try {
            if (c != null) {
                c.close();
            }
        } catch (SQLException e) {
            // Its node may be gone.
            LOG.debug("closing", e);
        }
    }
}
