package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.fuzz.Fuzz;
import io.synod.jdbc.SynodUrl;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node's directory with one damage, wherever it is: the node opens with every row that was committed, or refuses and says what to
 * do. It never opens with other rows.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DamagedFilesFuzzTest {
    private static final int PAGE = 4096;

    /** By way of the table and of each index. */
    private static final List<String> QUESTIONS = List.of(
            "SELECT COUNT(*), SUM(ID), SUM(ORA_HASH(NAME)), SUM(ORA_HASH(TEXT)), SUM(ORA_HASH(BITS)) FROM ITEM",
            "SELECT COUNT(NAME), MIN(NAME), MAX(NAME), LISTAGG(NAME) WITHIN GROUP (ORDER BY NAME) FROM ITEM WHERE NAME >= ''",
            "SELECT COUNT(*), SUM(GROUP_NO) FROM ITEM WHERE GROUP_NO BETWEEN 0 AND 100",
            "SELECT * FROM NOTE ORDER BY ID");

    @TempDir
    private static Path directory;

    private static List<String> expected;

    private static String url(Path node) {
        return "jdbc:synod:file:" + node.resolve("shop");
    }

    /** A directory as a kill leaves it, with entries behind the last checkpoint, and as a stop does. */
    @BeforeAll
    static void write() throws Exception {
        Path node = directory.resolve("stopped");
        try (Connection c = DriverManager.getConnection(url(node), "sa", "secret");
                Statement s = c.createStatement()) {
            s.execute("CREATE TABLE ITEM(ID INT PRIMARY KEY, NAME VARCHAR, GROUP_NO INT, TEXT CLOB, BITS VARBINARY)");
            s.execute("CREATE INDEX ITEM_NAME ON ITEM(NAME)");
            s.execute("CREATE INDEX ITEM_GROUP ON ITEM(GROUP_NO)");
            s.execute("CREATE TABLE NOTE(ID IDENTITY PRIMARY KEY, T VARCHAR)");
            s.execute("INSERT INTO ITEM SELECT X, 'item ' || X, MOD(X, 7), REPEAT('text ' || X, 300),"
                    + " CAST(REPEAT(CHAR(X), 200) AS VARBINARY) FROM SYSTEM_RANGE(1, 200)");
            s.execute("CALL SYNOD.RECLAIM()");
            s.execute("UPDATE ITEM SET NAME = NAME || '!' WHERE GROUP_NO = 3");
            s.execute("INSERT INTO NOTE(T) VALUES('a'), ('b')");
            copy(node, directory.resolve("killed"));
            expected = answers(c);
        }
        EmbeddedEngine.stop(SynodUrl.parse(url(node), null));
    }

    private static List<String> answers(Connection c) throws SQLException {
        String[] answers = new String[QUESTIONS.size()];
        for (int i = 0; i < answers.length; i++) {
            StringBuilder text = new StringBuilder();
            try (Statement s = c.createStatement();
                    ResultSet rows = s.executeQuery(QUESTIONS.get(i))) {
                while (rows.next()) {
                    for (int k = 1; k <= rows.getMetaData().getColumnCount(); k++) {
                        text.append(rows.getString(k)).append(' ');
                    }
                }
            }
            answers[i] = text.toString();
        }
        return List.of(answers);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (Path each : files.toList()) {
                Files.copy(each, to.resolve(from.relativize(each).toString()));
            }
        }
    }

    private static void delete(Path node) throws IOException {
        try (var files = Files.walk(node)) {
            List<Path> all = files.toList();
            for (int i = all.size() - 1; i >= 0; i--) {
                Files.delete(all.get(i));
            }
        }
    }

    @Test
    void a_damaged_directory_opens_with_all_rows_or_is_refused() {
        Fuzz.run("damaged directories", random -> {
            Path node = directory.resolve("node");
            copy(directory.resolve(random.nextBoolean() ? "stopped" : "killed"), node);
            try {
                String file = damage(node, random);
                return file.replaceAll("[0-9]+W", "N") + " " + opened(node);
            } finally {
                EmbeddedEngine.stop(SynodUrl.parse(url(node), null));
                delete(node);
            }
        });
    }

    /** Each file is as likely, and the database's own more so. */
    private static String damage(Path node, Random random) throws IOException {
        List<Path> files;
        try (var found = Files.walk(node)) {
            files = found.filter(f -> Files.isRegularFile(f) && f.toFile().length() > 0)
                    .sorted()
                    .toList();
        }
        Path file = random.nextBoolean() ? node.resolve("shop.mv.db") : files.get(random.nextInt(files.size()));
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            long length = bytes.length();
            long at = (long) (random.nextDouble() * length);
            long page = at / PAGE * PAGE;
            int size = (int) Math.min(PAGE, length - page);
            switch (random.nextInt(6)) {
                case 0, 1 -> {
                    byte[] one = read(bytes, at, 1);
                    one[0] ^= (byte) (1 << random.nextInt(8));
                    write(bytes, at, one);
                }
                case 2 -> write(bytes, at, Fuzz.noise(random, (int) Math.min(64, length - at)));
                case 3 -> write(bytes, page, new byte[size]);
                case 4 -> bytes.setLength(at);
                default -> {
                    long other = (long) (random.nextDouble() * (length / PAGE)) * PAGE;
                    byte[] here = read(bytes, page, size);
                    byte[] there = read(bytes, other, (int) Math.min(PAGE, length - other));
                    int both = Math.min(size, there.length);
                    write(bytes, page, Arrays.copyOf(there, both));
                    write(bytes, other, Arrays.copyOf(here, both));
                }
            }
        }
        return node.relativize(file).toString();
    }

    private static byte[] read(RandomAccessFile file, long at, int length) throws IOException {
        byte[] bytes = new byte[length];
        file.seek(at);
        file.readFully(bytes);
        return bytes;
    }

    private static void write(RandomAccessFile file, long at, byte[] bytes) throws IOException {
        file.seek(at);
        file.write(bytes);
    }

    private static String opened(Path node) throws SQLException {
        Connection c;
        try {
            c = DriverManager.getConnection(url(node), "sa", "secret");
        } catch (SQLException e) {
            assertTrue(e.getSQLState() != null && e.getMessage().length() > 20, e.toString());
            return "refused with " + e.getSQLState();
        }
        try (c) {
            assertEquals(expected, answers(c));
            Sql.run(c, "INSERT INTO NOTE(T) VALUES('c')");
            assertEquals(3, Sql.number(c, "SELECT COUNT(*) FROM NOTE"));
        }
        try (Connection again = DriverManager.getConnection(url(node), "sa", "secret")) {
            assertEquals(expected.subList(0, 3), answers(again).subList(0, 3));
            assertEquals(3, Sql.number(again, "SELECT COUNT(*) FROM NOTE"));
        }
        return "whole";
    }
}
