package io.synod.engine.large;

import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.Installation;
import io.synod.engine.operations.NodeProcess;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A client with a small heap that asks three nodes with a small heap for large things, one after the other, and prints how long
 * each took and how much heap each process used meanwhile. Arguments: a directory, the nodes' heap in
 * MiB, rows of the large transactions, bytes of the BLOB, and optionally the steps to take.
 */
final class LargeThings implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int WIDE = 2_000;
    private static final int STATEMENTS = 500;
    private static final int RETRIES = 100;
    /** The nodes' garbage collector: {@code Serial} stands still longest, {@code G1} is what a JVM of its own choice would take. */
    private static final String COLLECTOR = System.getProperty("large.collector", "Serial");

    private static final int MEBIBYTE = 1 << 20;

    /** What is asked for. */
    private interface Step {
        void run() throws Exception;
    }

    private final int heap;
    private final long rows;
    private final long lobBytes;
    private final Path directory;
    private final ClusterProcesses cluster;
    private final HeapPeaks peaks;
    private final List<String> names = List.of("a", "b", "c");

    private LargeThings(Path directory, int heap, long rows, long lobBytes) throws Exception {
        this.heap = heap;
        this.rows = rows;
        this.lobBytes = lobBytes;
        this.directory = directory;
        Files.createDirectories(directory);
        List<String> options = new ArrayList<>(List.of(
                "-Xmx" + heap + "m", "-XX:+ExitOnOutOfMemoryError", "-Xlog:gc:file=" + directory.resolve("gc-%p.log")));
        if (!COLLECTOR.equals("Serial")) {
            options.addAll(List.of("-XX:-UseSerialGC", "-XX:+Use" + COLLECTOR + "GC"));
        }
        cluster = new ClusterProcesses(
                Installation.running().with(options), directory, 3, "shop", Map.of("FAILOVER_TIMEOUT", "300000"));
        cluster.start(LIMIT);
        peaks = new HeapPeaks(directory, cluster.nodes());
    }

    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        List<String> only = args.length > 4 ? List.of(args[4].split(",")) : List.of();
        try (LargeThings things = new LargeThings(
                directory, Integer.parseInt(args[1]), Long.parseLong(args[2]), Long.parseLong(args[3]))) {
            things.step(only, "insert", things::insert);
            things.step(only, "update", things::update);
            things.step(only, "create-as", things::createAs);
            things.step(only, "delete", things::delete);
            things.step(only, "row", things::row);
            things.step(only, "columns", things::columns);
            things.step(only, "statements", things::statements);
            things.step(only, "blob", things::blob);
            things.step(only, "clob", things::clob);
            things.step(only, "copy", things::copy);
            things.step(only, "snapshot", things::snapshot);
            things.step(only, "equal", things::equal);
            things.step(only, "drop", things::drop);
        }
    }

    private void step(List<String> only, String name, Step step) throws Exception {
        if (!only.isEmpty() && !only.contains(name)) {
            return;
        }
        long start = System.nanoTime();
        step.run();
        long millis = (System.nanoTime() - start) / 1_000_000;
        System.out.println(
                name + ": " + millis + " ms; leader " + leader() + "; MiB of heap in use at most: " + peaks.next());
    }

    private String leader() throws SQLException {
        try (Connection c = connect();
                Statement s = c.createStatement();
                ResultSet found = s.executeQuery("SELECT NODE FROM SYNOD.MEMBERS WHERE ROLE = 'LEADER'")) {
            return found.next() ? found.getString(1) : "unknown";
        }
    }

    /** A copy that is applying a large transaction answers linearizable reads when it is done. */
    private Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(
                url + ";LOCK_TIMEOUT=60000;CONNECT_TIMEOUT=300000;FAILOVER_TIMEOUT=300000", "sa", "secret");
    }

    private Connection connect() throws SQLException {
        return connect(cluster.url());
    }

    /** Each again when it was rolled back: on a busy machine the leader may lose its office. */
    private static void run(Connection c, String... statements) throws Exception {
        try (Statement s = c.createStatement()) {
            for (String sql : statements) {
                retried(() -> s.execute(sql));
            }
        }
    }

    private static void retried(Step step) throws Exception {
        for (int left = RETRIES; ; left--) {
            try {
                step.run();
                return;
            } catch (SQLException e) {
                if (!e.getSQLState().startsWith("40") || left == 0) {
                    throw e;
                }
                System.out.println("once more: " + e.getMessage());
            }
        }
    }

    private static void same(long expected, long found, String what) {
        if (expected != found) {
            throw new AssertionError(what + ": expected " + expected + ", found " + found);
        }
    }

    /** On every node, linearizable there. */
    private void everywhere(long expected, String sql) throws SQLException {
        for (String name : names) {
            try (Connection c = connect(cluster.url(name));
                    Statement s = c.createStatement();
                    ResultSet found = s.executeQuery(sql)) {
                found.next();
                same(expected, found.getLong(1), sql + " on " + name);
            }
        }
    }

    private void insert() throws Exception {
        try (Connection c = connect()) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY, v INT UNIQUE, s VARCHAR(50))", "CREATE INDEX ts ON t(s)");
            run(c, "INSERT INTO t SELECT x, x, 'row ' || x FROM SYSTEM_RANGE(1, " + rows + ")");
        }
        everywhere(rows, "SELECT COUNT(*) FROM t WHERE v > 0");
    }

    private void update() throws Exception {
        try (Connection c = connect()) {
            run(c, "UPDATE t SET v = -v, s = 'changed ' || id");
        }
        everywhere(rows, "SELECT COUNT(*) FROM t WHERE v < 0 AND s LIKE 'changed%'");
    }

    private void createAs() throws Exception {
        try (Connection c = connect()) {
            run(c, "CREATE TABLE copy AS SELECT * FROM t");
        }
        everywhere(rows, "SELECT COUNT(*) FROM copy WHERE v < 0");
    }

    private void delete() throws Exception {
        try (Connection c = connect()) {
            run(c, "DELETE FROM t");
        }
        everywhere(0, "SELECT COUNT(*) FROM t");
    }

    private void row() throws Exception {
        int columns = Math.min(16, heap / 16);
        StringBuilder table = new StringBuilder("CREATE TABLE heavy(id INT PRIMARY KEY");
        StringBuilder insert = new StringBuilder("INSERT INTO heavy VALUES (1");
        for (int i = 0; i < columns; i++) {
            table.append(", b").append(i).append(" VARBINARY(").append(MEBIBYTE).append(")");
            insert.append(", ?");
        }
        try (Connection c = connect()) {
            run(c, table + ")");
            try (PreparedStatement s = c.prepareStatement(insert + ")")) {
                byte[] value = new PatternStream(MEBIBYTE).readAllBytes();
                for (int i = 1; i <= columns; i++) {
                    s.setBytes(i, value);
                }
                retried(s::executeUpdate);
            }
        }
        everywhere(MEBIBYTE, "SELECT LENGTH(b" + (columns - 1) + ") FROM heavy");
    }

    private void columns() throws Exception {
        StringBuilder table = new StringBuilder("CREATE TABLE wide(id INT PRIMARY KEY");
        StringBuilder insert = new StringBuilder("INSERT INTO wide VALUES (1");
        for (int i = 1; i < WIDE; i++) {
            table.append(", c").append(i).append(" VARCHAR(100)");
            insert.append(", ?");
        }
        try (Connection c = connect()) {
            run(c, table + ")");
            try (PreparedStatement s = c.prepareStatement(insert + ")")) {
                for (int i = 1; i < WIDE; i++) {
                    s.setString(i, "column " + i);
                }
                retried(s::executeUpdate);
            }
        }
        everywhere(1, "SELECT COUNT(*) FROM wide WHERE c1999 = 'column 1999'");
    }

    private void statements() throws Exception {
        List<PreparedStatement> all = new ArrayList<>();
        try (Connection c = connect(cluster.url("b"))) {
            run(c, "CREATE TABLE p(id INT PRIMARY KEY, n INT)");
            for (int i = 0; i < STATEMENTS; i++) {
                all.add(c.prepareStatement("INSERT INTO p VALUES (?, " + i + ")"));
            }
            for (int i = 0; i < STATEMENTS; i++) {
                all.get(i).setInt(1, i);
                retried(all.get(i)::executeUpdate);
            }
            for (PreparedStatement s : all) {
                s.close();
            }
        }
        everywhere(STATEMENTS, "SELECT COUNT(*) FROM p WHERE id = n");
    }

    /** Written through a node that may be a follower, read on each. */
    private void blob() throws Exception {
        try (Connection c = connect(cluster.url("c"))) {
            run(c, "CREATE TABLE l(id INT PRIMARY KEY, note INT, b BLOB, t CLOB)");
            try (PreparedStatement s = c.prepareStatement("INSERT INTO l(id, b) VALUES (1, ?)")) {
                retried(() -> {
                    s.setBinaryStream(1, new PatternStream(lobBytes));
                    s.executeUpdate();
                });
            }
        }
        readBlob(1);
    }

    private void readBlob(int id) throws Exception {
        long crc = PatternStream.crc(new PatternStream(lobBytes));
        for (String name : names) {
            try (Connection c = connect(cluster.url(name));
                    Statement s = c.createStatement();
                    ResultSet found = s.executeQuery("SELECT b FROM l WHERE id = " + id)) {
                found.next();
                try (InputStream in = found.getBinaryStream(1)) {
                    same(crc, PatternStream.crc(in), "checksum of BLOB " + id + " on " + name);
                }
            }
        }
    }

    private void clob() throws Exception {
        long characters = lobBytes / 4;
        try (Connection c = connect();
                PreparedStatement s = c.prepareStatement("INSERT INTO l(id, t) VALUES (3, ?)")) {
            retried(() -> {
                Reader text = new InputStreamReader(new PatternStream(characters), StandardCharsets.US_ASCII);
                s.setCharacterStream(1, text);
                s.executeUpdate();
            });
        }
        everywhere(characters, "SELECT CHAR_LENGTH(t) FROM l WHERE id = 3");
    }

    private void copy() throws Exception {
        try (Connection c = connect()) {
            run(c, "INSERT INTO l(id, b) SELECT 2, b FROM l WHERE id = 1", "UPDATE l SET note = 5 WHERE id = 2");
            run(c, "DELETE FROM l WHERE id = 1");
        }
        readBlob(2);
    }

    /** A copy that is gone comes from another node as a file that is larger than either's heap. */
    private void snapshot() throws Exception {
        NodeProcess receiver = cluster.node("c");
        try (Connection c = connect(cluster.url("c"))) {
            long start = System.nanoTime();
            while (number(c, "SELECT FIRST_INDEX FROM SYNOD.LOG") == 1) {
                if (System.nanoTime() - start > LIMIT.toNanos()) {
                    throw new AssertionError("the log of node c still begins with the first entry");
                }
                run(c, "MERGE INTO l(id, note) VALUES (4, 4)");
            }
        }
        receiver.kill();
        Path file = directory.resolve("c").resolve("shop.mv.db");
        Files.delete(file);
        // Killed while space is being reclaimed, the node would go on from this one, and need nobody.
        Files.deleteIfExists(file.resolveSibling("shop.fallback.mv.db"));
        receiver.start();
        receiver.awaitReady(LIMIT);
        readBlob(2);
        if (!receiver.errors().contains("is rebuilt from another node")) {
            throw new AssertionError("no snapshot was needed: " + receiver.errors());
        }
        long size = Files.size(file);
        if (size <= (long) heap * MEBIBYTE) {
            throw new AssertionError("a snapshot of " + size + " bytes fits into a heap of " + heap + " MiB");
        }
    }

    private static long number(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet found = s.executeQuery(sql)) {
            found.next();
            return found.getLong(1);
        }
    }

    private void equal() throws Exception {
        long index;
        try (Connection c = connect();
                Statement s = c.createStatement();
                ResultSet found = s.executeQuery("CALL SYNOD.DIGEST_START()")) {
            found.next();
            index = found.getLong(1);
        }
        String first = null;
        for (String name : names) {
            try (Connection c = connect(cluster.url(name));
                    Statement s = c.createStatement();
                    ResultSet found = s.executeQuery("CALL SYNOD.DIGEST(" + index + ")")) {
                StringBuilder digest = new StringBuilder();
                while (found.next()) {
                    digest.append(found.getString(1))
                            .append(' ')
                            .append(found.getString(2))
                            .append('\n');
                }
                if (first != null && !first.contentEquals(digest)) {
                    throw new AssertionError(
                            "members differ at " + index + ":\n" + first + "and on " + name + "\n" + digest);
                }
                first = digest.toString();
            }
        }
    }

    private void drop() throws Exception {
        try (Connection c = connect()) {
            run(c, "DROP ALL OBJECTS");
        }
    }

    @Override
    public void close() {
        cluster.close();
    }
}
