package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.database.DigestLine;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.failover.Await;
import io.synod.engine.operations.FreePorts;
import io.synod.jdbc.SynodUrl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.h2.message.DbException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three nodes of which one needs more than the log has: by absence, by damage, or because the group began with a file. */
@Tag("long")
@Timeout(600)
class SnapshotClusterTest {
    private static final List<String> NAMES = List.of("a", "b", "c");
    private static final long WAIT_NANOS = Await.LIMIT.toNanos();

    @TempDir
    Path directory;

    private final Map<String, Integer> ports = new TreeMap<>();
    private final Map<String, Node> nodes = new TreeMap<>();
    private String settings = ";LOG_LIMIT=1";

    @BeforeEach
    void ports() throws IOException {
        List<Integer> free = FreePorts.take(NAMES.size());
        for (String name : NAMES) {
            ports.put(name, free.get(ports.size()));
        }
    }

    @AfterEach
    void stopAll() {
        nodes.values().forEach(Node::close);
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
                + ";ELECTION_TIMEOUT=1000" + settings;
    }

    private void start(String... names) throws SQLException {
        for (String name : names) {
            nodes.put(name, EmbeddedEngine.start(SynodUrl.parse(url(name), null)));
        }
    }

    private void stop(String name) {
        nodes.remove(name).close();
    }

    private HostedDatabase copy(String name) throws SQLException {
        return nodes.get(name).host("shop", Map.of());
    }

    private Path file(String name, String suffix) {
        return directory.resolve(name).resolve("shop" + suffix);
    }

    private Connection connect(String name) throws SQLException {
        return DriverManager.getConnection(url(name), "sa", "secret");
    }

    /** Writes so much that the log's oldest segments are over the bound: big rows, always the same few. */
    private static void fill(Connection connection, int rows) throws SQLException {
        try (PreparedStatement merge =
                connection.prepareStatement("MERGE INTO BIG VALUES(?, ? || REPEAT('0123456789', 20000))")) {
            for (int i = 0; i < rows; i++) {
                merge.setInt(1, i % 20);
                merge.setString(2, "row " + i);
                again(merge::executeUpdate);
            }
        }
    }

    private interface Statements {
        void run() throws SQLException;
    }

    /** A machine that stands still for a moment costs the leader its leadership: what is rolled back is run again. */
    private static void again(Statements statements) throws SQLException {
        while (true) {
            try {
                statements.run();
                return;
            } catch (SQLTransactionRollbackException e) {
                assertEquals("40001", e.getSQLState());
            }
        }
    }

    private void assertEqualCopies() throws SQLException {
        long end = System.nanoTime() + WAIT_NANOS;
        List<List<DigestLine>> digests = digests();
        while (digests == null && System.nanoTime() < end) {
            digests = digests();
        }
        assertNotNull(digests, "no place in the log where all members made a digest");
        assertFalse(digests.get(0).isEmpty());
        for (List<DigestLine> digest : digests) {
            assertEquals(digests.get(0), digest);
        }
    }

    /** @return one for each node; {@code null} when none leads, or a snapshot took a member past the place of the digest */
    private List<List<DigestLine>> digests() throws SQLException {
        long index = 0;
        for (String name : nodes.keySet()) {
            index = index == 0 ? copy(name).administration().startDigest() : index;
        }
        if (index == 0) {
            return null;
        }
        List<List<DigestLine>> digests = new ArrayList<>();
        for (String name : nodes.keySet()) {
            assertTrue(copy(name).log().awaitApplied(index, WAIT_NANOS), name + " does not apply " + index);
            try {
                digests.add(copy(name).administration().digest(index));
            } catch (DbException e) {
                assertTrue(e.getMessage().contains("SYNOD.DIGEST_START()"), e.getMessage());
                return null;
            }
        }
        return digests;
    }

    @Test
    void a_member_comes_back_by_snapshot_under_load_and_one_whose_file_is_gone_is_rebuilt() throws Exception {
        start("a", "b", "c");
        try (Connection c = connect("a")) {
            run(c, "CREATE TABLE BIG(ID INT PRIMARY KEY, X VARCHAR)", "CREATE TABLE T(ID INT PRIMARY KEY)");
            stop("c");
            fill(c, 300);
            AtomicBoolean over = new AtomicBoolean();
            CompletableFuture<Integer> load = CompletableFuture.supplyAsync(() -> {
                int id = 0;
                try (Connection writer = connect("a")) {
                    while (!over.get()) {
                        int next = id++;
                        again(() -> run(writer, "INSERT INTO T VALUES(" + next + ")"));
                    }
                    return id;
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            start("c");
            long end = System.nanoTime() + WAIT_NANOS;
            while (copy("c").store().origin() == null && System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            assertNotNull(copy("c").store().origin(), "c got entries that should have been dropped");
            try (Connection there = connect("c")) {
                again(() -> assertEquals(20, number(there, "SELECT COUNT(*) FROM BIG")));
                Await.until("rows of the load", () -> number(there, "SELECT COUNT(*) FROM T") > 0);
            }
            over.set(true);
            int written = load.get();
            again(() -> assertEquals(written, number(c, "SELECT COUNT(*) FROM T")));
            assertEqualCopies();
        }

        stop("b");
        Files.delete(file("b", ".mv.db"));
        start("b");
        assertTrue(copy("b").rebuilt().contains("another node"), copy("b").rebuilt());
        assertEqualCopies();

        stop("b");
        try (FileChannel damaged = FileChannel.open(file("b", ".mv.db"), StandardOpenOption.WRITE)) {
            long size = damaged.size();
            for (long at = 0; at < size; at += 4096) {
                damaged.write(ByteBuffer.wrap(new byte[64]), at);
            }
        }
        start("b");
        assertTrue(
                copy("b").rebuilt().contains("does not hold what was written"),
                copy("b").rebuilt());
        assertTrue(Files.exists(file("b", ".damaged.mv.db")));
        assertEqualCopies();
        reclaimEverywhere();
    }

    /** Followers where they are, the leader after it has handed over. */
    private void reclaimEverywhere() throws Exception {
        String leader = copy("a").log().awaitLeader(WAIT_NANOS);
        for (String name : List.copyOf(nodes.keySet())) {
            long led = copy(name).log().servingEpoch();
            try (Connection c = connect(name)) {
                // Not while a snapshot is read, perhaps once more by whoever has not heard that it arrived.
                Await.until(name + " reclaims", () -> hasReclaimed(c, name));
                if (led != 0) {
                    assertNotEquals(led, copy(name).log().servingEpoch(), "it leads while it reclaims");
                }
                again(() -> run(c, "MERGE INTO T VALUES(-1)"));
            }
        }
        assertNotNull(leader);
        assertEqualCopies();
    }

    private static boolean hasReclaimed(Connection c, String name) throws SQLException {
        try (Statement statement = c.createStatement();
                ResultSet rows = statement.executeQuery("CALL SYNOD.RECLAIM()")) {
            assertTrue(rows.next());
            assertEquals(name, rows.getString("NODE"));
            return rows.getLong("BYTES_AFTER") > 0;
        }
    }

    @Test
    void a_group_begins_with_the_file_of_its_base_and_never_without() throws Exception {
        Files.createDirectories(directory.resolve("a"));
        try (Connection stock = DriverManager.getConnection("jdbc:h2:file:" + file("a", ""), "sa", "secret")) {
            run(
                    stock,
                    "CREATE TABLE T(ID INT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, X CLOB)",
                    "INSERT INTO T(X) SELECT REPEAT('text ' || X, 1000) FROM SYSTEM_RANGE(1, 100)",
                    "CREATE USER BOB PASSWORD 'builder'");
        }
        SQLException refused = assertThrows(SQLException.class, () -> start("a"));
        assertEquals("90048", refused.getSQLState());
        assertTrue(refused.getMessage().contains("BASE=a"), refused.getMessage());
        EmbeddedEngine.stop(SynodUrl.parse(url("a"), null));

        settings = ";BASE=a";
        start("b", "c");
        assertNull(copy("b").log().awaitLeader(TimeUnit.SECONDS.toNanos(2)), "nobody may lead without the base");
        start("a");
        try (Connection c = connect("b")) {
            again(() -> assertEquals(100, number(c, "SELECT COUNT(*) FROM T WHERE LENGTH(X) > 5000")));
            run(c, "INSERT INTO T(X) VALUES('new')");
            again(() -> assertEquals(101, number(c, "SELECT MAX(ID) FROM T")));
        }
        try (Connection bob = DriverManager.getConnection(url("c"), "bob", "builder")) {
            assertTrue(bob.isValid(10));
        }
        assertEqualCopies();
        assertEquals(1, copy("a").store().origin().index());
        stop("a");
        try (Connection c = connect("b")) {
            run(c, "INSERT INTO T(X) VALUES('without the base node')");
        }
        start("a");
        assertEqualCopies();
    }
}
