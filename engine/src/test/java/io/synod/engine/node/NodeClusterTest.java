package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.engine.operations.FreePorts;
import io.synod.jdbc.SynodUrl;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three nodes in this JVM with real logs and real sockets, used through JDBC URLs. */
@Timeout(240)
class NodeClusterTest {
    private static final List<String> NAMES = List.of("a", "b", "c");

    @TempDir
    private Path directory;

    private final Map<String, Integer> ports = new TreeMap<>();
    private final Map<String, Node> nodes = new TreeMap<>();

    @BeforeEach
    void start() throws Exception {
        List<Integer> free = FreePorts.take(NAMES.size());
        for (String name : NAMES) {
            ports.put(name, free.get(ports.size()));
        }
        for (String name : NAMES) {
            start(name);
        }
    }

    private void start(String name) throws SQLException {
        nodes.put(name, EmbeddedEngine.start(SynodUrl.parse(url(name), null)));
    }

    private String url(String name) {
        List<String> peers = new ArrayList<>();
        for (String other : NAMES) {
            if (!other.equals(name)) {
                peers.add(other + "@127.0.0.1:" + ports.get(other));
            }
        }
        return "jdbc:synod:file:" + directory.resolve(name).resolve("shop") + ";NODE=" + name + ";LISTEN=127.0.0.1:"
                + ports.get(name) + ";PEERS=" + String.join(",", peers)
                + ";ELECTION_TIMEOUT=1000;FAILOVER_TIMEOUT=20000";
    }

    @AfterEach
    void stop() {
        nodes.values().forEach(Node::close);
    }

    private Connection connect(String name) throws SQLException {
        return DriverManager.getConnection(url(name), "sa", "secret");
    }

    private static List<String> rows(Connection c, String sql) throws SQLException {
        List<String> all = new ArrayList<>();
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            while (rows.next()) {
                StringBuilder row = new StringBuilder();
                for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                    row.append(rows.getString(i)).append('|');
                }
                all.add(row.toString());
            }
        }
        return all;
    }

    private String leader() throws SQLException {
        String name =
                nodes.values().iterator().next().host("shop", Map.of()).log().awaitLeader(Await.LIMIT.toNanos());
        assertTrue(name != null, "a leader");
        return name;
    }

    private String follower(String leader) {
        return nodes.keySet().stream()
                .filter(n -> !n.equals(leader))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void every_node_takes_writes_and_all_read_the_same() throws Exception {
        try (Connection a = connect("a");
                Connection b = connect("b");
                Connection c = connect("c")) {
            run(a, "CREATE TABLE t(id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, node VARCHAR(1), x BLOB)");
            for (Connection each : List.of(a, b, c)) {
                run(each, "INSERT INTO t(node, x) VALUES ('n', X'" + "ab".repeat(1000) + "')");
                assertEquals(0, number(each, "SELECT COUNT(*) FROM t WHERE OCTET_LENGTH(x) <> 1000"));
            }
            for (Connection each : List.of(a, b, c)) {
                assertEquals(3, number(each, "SELECT COUNT(*) FROM t"));
            }
            long[] place = {0};
            Await.until("a place for digests", () -> {
                place[0] = number(c, "CALL SYNOD.DIGEST_START()");
                return place[0] != 0;
            });
            long index = place[0];
            List<String> digest = rows(a, "CALL SYNOD.DIGEST(" + index + ")");
            assertTrue(digest.size() > 2, digest.toString());
            assertEquals(digest, rows(b, "CALL SYNOD.DIGEST(" + index + ")"));
            assertEquals(digest, rows(c, "CALL SYNOD.DIGEST(" + index + ")"));
        }
    }

    @Test
    void a_connection_on_a_follower_survives_the_end_of_the_leader() throws Exception {
        String leader = leader();
        String follower = follower(leader);
        try (Connection c = connect(follower)) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 0)");
            c.setAutoCommit(false);
            run(c, "UPDATE t SET x = 1");
            c.commit();
            nodes.remove(leader).close();
            run(c, "UPDATE t SET x = x + 1");
            c.commit();
            assertEquals(2, number(c, "SELECT x FROM t"));
            c.setAutoCommit(true);
            start(leader);
            try (Connection back = connect(leader)) {
                assertEquals(2, number(back, "SELECT x FROM t"));
                run(back, "UPDATE t SET x = x + 1");
            }
            assertEquals(3, number(c, "SELECT x FROM t"));
        }
    }

    @Test
    void all_three_come_back_after_a_full_stop() throws Exception {
        try (Connection c = connect("a")) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (2), (3)");
        }
        nodes.values().forEach(Node::close);
        for (String name : NAMES) {
            start(name);
        }
        try (Connection c = connect("b")) {
            assertEquals(3, number(c, "SELECT COUNT(*) FROM t"));
            run(c, "INSERT INTO t VALUES (4)");
            assertEquals(4, number(c, "SELECT COUNT(*) FROM t"));
        }
    }

    @Test
    void acknowledged_rows_are_there_exactly_once_while_leadership_moves() throws Exception {
        try (Connection c = connect("a")) {
            run(c, "CREATE TABLE t(id BIGINT PRIMARY KEY, x INT)", "CREATE INDEX tx ON t(x)");
        }
        AtomicLong ids = new AtomicLong();
        Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
        AtomicBoolean stop = new AtomicBoolean();
        List<CompletableFuture<Void>> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            String name = NAMES.get(i % 3);
            clients.add(CompletableFuture.runAsync(() -> insert(name, ids, acknowledged, stop)));
        }
        for (int round = 0; round < 5; round++) {
            long before = acknowledged.size();
            while (acknowledged.size() < before + 20) {
                clients.stream().filter(CompletableFuture::isDone).forEach(CompletableFuture::join);
                Thread.onSpinWait();
            }
            nodes.get(leader()).host("shop", Map.of()).administration().transfer(null);
        }
        stop.set(true);
        clients.forEach(CompletableFuture::join);
        for (String name : NAMES) {
            try (Connection c = connect(name)) {
                Set<Long> found = new HashSet<>();
                rows(c, "SELECT id FROM t").forEach(row -> found.add(Long.valueOf(row.replace("|", ""))));
                assertEquals(acknowledged, found);
                assertEquals(acknowledged.size(), number(c, "SELECT COUNT(*) FROM t WHERE x = 7"));
            }
        }
    }

    @Test
    void leadership_is_handed_to_the_named_node_from_whichever_node_is_asked() throws Exception {
        try (Connection first = connect("a")) {
            run(first, "CREATE TABLE t(id INT PRIMARY KEY)");
        }
        int id = 0;
        for (String to : List.of("b", "c", "a", "c")) {
            for (String asked : List.of("a", "b")) {
                try (Connection c = connect(asked)) {
                    // What is not done in time is called off.
                    Await.until(
                            to + " leads",
                            () -> "TRUE|"
                                    .equalsIgnoreCase(rows(c, "CALL SYNOD.TRANSFER('" + to + "')")
                                            .get(0)));
                    // The leader of before knows it then; a third node hears of it when it does.
                    Await.until("node a hears that " + to + " leads", () -> to.equals(leader()));
                    run(c, "INSERT INTO t VALUES (" + ++id + ")");
                }
            }
        }
        for (String asked : NAMES) {
            try (Connection c = connect(asked)) {
                SQLException e = assertThrows(SQLException.class, () -> rows(c, "CALL SYNOD.TRANSFER('nobody')"));
                assertEquals("22023", e.getSQLState());
                assertTrue(e.getMessage().contains("nobody") && e.getMessage().contains("a, b, c"), e.getMessage());
                assertEquals(id, number(c, "SELECT COUNT(*) FROM t"));
            }
        }
    }

    /** Whoever gets 40001 tries the same key again: had the first try committed, it would be a duplicate. */
    private void insert(String name, AtomicLong ids, Set<Long> acknowledged, AtomicBoolean stop) {
        try (Connection c = connect(name)) {
            while (!stop.get()) {
                long id = ids.incrementAndGet();
                while (true) {
                    try {
                        run(c, "INSERT INTO t VALUES (" + id + ", 7)");
                        acknowledged.add(id);
                        break;
                    } catch (SQLException e) {
                        if (!"40001".equals(e.getSQLState())) {
                            throw e;
                        }
                    }
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException("client of node " + name, e);
        }
    }

    @Test
    void a_second_connection_with_other_settings_is_told_so() throws IOException, SQLException {
        SQLException e = org.junit.jupiter.api.Assertions.assertThrows(
                SQLException.class,
                () -> DriverManager.getConnection(url("a").replace("NODE=a", "NODE=z"), "sa", "secret"));
        assertTrue(e.getMessage().contains("NODE=z"), e.getMessage());
    }
}
