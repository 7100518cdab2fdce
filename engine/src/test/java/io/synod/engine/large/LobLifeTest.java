package io.synod.engine.large;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** LOBs that outlive a leader, and LOBs that nobody needs any more: three nodes in this process. */
@Tag("long")
@Timeout(600)
class LobLifeTest {
    private static final int BYTES = 8 << 20;
    private static final int SOME = 300_000;
    private static final List<String> NAMES = List.of("a", "b", "c");

    @TempDir
    Path directory;

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    private static void store(Connection c, int id) throws SQLException {
        try (PreparedStatement merge = c.prepareStatement("MERGE INTO l VALUES (?, ?)")) {
            merge.setInt(1, id);
            again(() -> {
                merge.setBinaryStream(2, new PatternStream(BYTES));
                merge.executeUpdate();
            });
        }
    }

    private static void run(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement()) {
            again(() -> s.execute(sql));
        }
    }

    /** What is tried. */
    private interface Attempt {
        void run() throws SQLException;
    }

    /** On a busy machine the leader may lose its office. */
    private static void again(Attempt attempt) throws SQLException {
        for (int left = 20; ; left--) {
            try {
                attempt.run();
                return;
            } catch (SQLException e) {
                if (!"40001".equals(e.getSQLState()) || left == 0) {
                    throw e;
                }
            }
        }
    }

    private Path file(String name) {
        return directory.resolve(name).resolve("lobs.mv.db");
    }

    private static long checksum() throws IOException {
        return PatternStream.crc(new PatternStream(BYTES));
    }

    private static long checksum(Connection c) throws SQLException, IOException {
        try (Statement s = c.createStatement();
                ResultSet row = s.executeQuery("SELECT b FROM l WHERE id = 1")) {
            assertTrue(row.next());
            try (InputStream in = row.getBinaryStream(1)) {
                return PatternStream.crc(in);
            }
        }
    }

    /** A reader at this URL has begun when the leader ends. */
    private static byte[] begin(InputStream in) throws IOException {
        byte[] head = in.readNBytes(SOME);
        assertEquals(SOME, head.length);
        return head;
    }

    @Test
    void a_remote_read_that_began_on_the_old_leader_says_so_and_can_be_repeated() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            cluster.leaderOf("lobs");
            String nodes = NAMES.stream()
                    .map(n -> cluster.remoteUrl(n, "lobs"))
                    .map(u -> u.substring("jdbc:synod://".length(), u.lastIndexOf('/')))
                    .collect(Collectors.joining(","));
            for (String name : NAMES) {
                connect(cluster.url(name, "lobs")).close();
            }
            try (Connection c = connect("jdbc:synod://" + nodes + "/lobs;FAILOVER_TIMEOUT=60000")) {
                run(c, "CREATE TABLE l(id INT PRIMARY KEY, b BLOB)");
                store(c, 1);
                try (Statement s = c.createStatement();
                        ResultSet row = s.executeQuery("SELECT b FROM l WHERE id = 1")) {
                    assertTrue(row.next());
                    try (InputStream in = row.getBinaryStream(1)) {
                        begin(in);
                        // It may have moved on to another leader.
                        cluster.end(nodeOf(c));
                        IOException broken = assertThrows(IOException.class, () -> PatternStream.crc(in));
                        SQLException cause = cause(broken);
                        assertNotNull(cause, broken.toString());
                        assertEquals("40001", cause.getSQLState(), cause.toString());
                    }
                }
                assertEquals(checksum(), checksum(c), "the same connection, again");
            }
        }
    }

    /** Which node answers on this connection. */
    private static String nodeOf(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet row = s.executeQuery("SELECT NODE FROM SYNOD.MEMBERS WHERE THIS_NODE")) {
            assertTrue(row.next());
            return row.getString(1);
        }
    }

    private static SQLException cause(Throwable e) {
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (t instanceof SQLException sql) {
                return sql;
            }
        }
        return null;
    }

    @Test
    void an_embedded_read_on_a_follower_goes_on_when_the_leader_ends() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            String leader = cluster.leaderOf("lobs");
            String follower = leader.equals("a") ? "b" : "a";
            try (Connection c = connect(cluster.url(follower, "lobs"))) {
                run(c, "CREATE TABLE l(id INT PRIMARY KEY, b BLOB)");
                store(c, 1);
                try (Statement s = c.createStatement();
                        ResultSet row = s.executeQuery("SELECT b FROM l WHERE id = 1")) {
                    assertTrue(row.next());
                    try (InputStream in = row.getBinaryStream(1);
                            InputStream expected = new PatternStream(BYTES)) {
                        begin(in);
                        expected.skipNBytes(SOME);
                        cluster.end(leader);
                        assertEquals(PatternStream.crc(expected), PatternStream.crc(in), "the rest of it");
                    }
                }
                assertEquals(checksum(), checksum(c), "once more");
            }
        }
    }

    @Test
    void the_space_of_lobs_that_were_deleted_or_replaced_is_freed_on_every_member() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            String leader = cluster.leaderOf("lobs");
            try (Connection c = connect(cluster.url(leader, "lobs"))) {
                run(c, "CREATE TABLE l(id INT PRIMARY KEY, b BLOB)");
                for (int id = 1; id <= 4; id++) {
                    store(c, id);
                }
                store(c, 1);
                for (String name : NAMES) {
                    Path file = file(name);
                    Await.until("four LOBs in " + file, () -> Files.size(file) > 4L * BYTES);
                }
                run(c, "DELETE FROM l WHERE id > 2");
                run(c, "UPDATE l SET b = NULL WHERE id = 2");
            }
            for (String name : Stream.concat(NAMES.stream().filter(n -> !n.equals(leader)), Stream.of(leader))
                    .toList()) {
                Path file = file(name);
                try (Connection c = connect(cluster.url(name, "lobs") + ";READ=LOCAL")) {
                    Await.until("one LOB left in the file of " + name, () -> {
                        run(c, "CALL SYNOD.RECLAIM()");
                        return Files.size(file) < 2 * BYTES;
                    });
                }
            }
            for (String name : NAMES) {
                try (Connection c = connect(cluster.url(name, "lobs"))) {
                    assertEquals(checksum(), checksum(c), name);
                }
            }
        }
    }

    @Test
    void the_space_of_a_prepared_transactions_lobs_is_freed_on_every_member_when_it_rolls_back() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            String leader = cluster.leaderOf("lobs");
            try (Connection c = connect(cluster.url(leader, "lobs"));
                    Statement s = c.createStatement()) {
                run(c, "CREATE TABLE l(id INT PRIMARY KEY, b BLOB)");
                c.setAutoCommit(false);
                PreparedStatement insert = c.prepareStatement("INSERT INTO l VALUES (?, ?)");
                again(() -> {
                    // Of one that was lost nothing goes on before this.
                    c.rollback();
                    for (int id = 1; id <= 4; id++) {
                        insert.setInt(1, id);
                        insert.setBinaryStream(2, new PatternStream(BYTES));
                        insert.executeUpdate();
                    }
                    s.execute("PREPARE COMMIT lobs");
                });
                for (String name : NAMES) {
                    Path file = file(name);
                    Await.until("four LOBs in " + file, () -> Files.size(file) > 4L * BYTES);
                }
                run(c, "ROLLBACK TRANSACTION lobs");
            }
            for (String name : Stream.concat(NAMES.stream().filter(n -> !n.equals(leader)), Stream.of(leader))
                    .toList()) {
                Path file = file(name);
                try (Connection c = connect(cluster.url(name, "lobs") + ";READ=LOCAL")) {
                    Await.until("no LOB left in the file of " + name, () -> {
                        run(c, "CALL SYNOD.RECLAIM()");
                        return Files.size(file) < BYTES;
                    });
                }
            }
        }
    }
}
