package io.synod.engine.jdbc;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.node.EmbeddedEngine;
import io.synod.engine.node.Node;
import io.synod.jdbc.SynodUrl;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.zip.ZipInputStream;
import org.h2.api.AggregateFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Statements about the database as a whole, on one node: embedded and remote. */
@Timeout(240)
public class DatabaseStatementsTest {
    @TempDir
    private Path directory;

    private String file() {
        return "jdbc:synod:file:" + directory.resolve("shop");
    }

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    @Test
    void backup_writes_a_file_that_h2_opens_beside_open_transactions() throws Exception {
        Path zip = directory.resolve("backup.zip");
        try (Connection c = connect(file());
                Connection other = connect(file())) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t SELECT * FROM SYSTEM_RANGE(1, 1000)");
            other.setAutoCommit(false);
            run(other, "INSERT INTO t VALUES (5000)");
            run(c, "BACKUP TO '" + zip + "'");
            other.commit();
        }
        Path copy = directory.resolve("copy.mv.db");
        try (InputStream in = Files.newInputStream(zip);
                ZipInputStream entries = new ZipInputStream(in)) {
            assertEquals("shop.mv.db", entries.getNextEntry().getName());
            Files.copy(entries, copy);
        }
        try (Connection h2 = connect("jdbc:h2:" + directory.resolve("copy"))) {
            assertEquals(1000, number(h2, "SELECT COUNT(*) FROM t"));
        }
        try (Connection c = connect("jdbc:synod:mem:backup")) {
            SQLException e = assertThrows(SQLException.class, () -> run(c, "BACKUP TO '" + zip + "'"));
            assertEquals(90126, e.getErrorCode(), "as H2 says of a database in memory");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"SHUTDOWN", "SHUTDOWN COMPACT", "SHUTDOWN DEFRAG", "SHUTDOWN IMMEDIATELY"})
    void shutdown_closes_an_embedded_database_and_the_next_connection_opens_it(String shutdown) throws Exception {
        try (Connection c = connect(file());
                Connection other = connect(file())) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)");
            run(c, shutdown);
            assertFalse(c.isValid(1));
            assertThrows(SQLException.class, () -> run(other, "INSERT INTO t VALUES (2)"));
            try (Connection next = connect(file())) {
                assertEquals(1, number(next, "SELECT COUNT(*) FROM t"));
                run(next, "INSERT INTO t VALUES (2)");
            }
        }
        try (Connection c = connect(file())) {
            assertEquals(2, number(c, "SELECT COUNT(*) FROM t"));
        }
    }

    @Test
    void shutdown_empties_a_database_in_memory() throws Exception {
        try (Connection c = connect("jdbc:synod:mem:gone;DB_CLOSE_DELAY=-1")) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)", "SHUTDOWN");
        }
        try (Connection c = connect("jdbc:synod:mem:gone")) {
            assertEquals(0, number(c, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'T'"));
        }
    }

    @Test
    void shutdown_of_one_database_leaves_the_others_of_its_node_alone() throws Exception {
        try (Node node = EmbeddedEngine.start(SynodUrl.parse(file() + ";SQL=127.0.0.1:0", null))) {
            EmbeddedEngine.start(SynodUrl.parse("jdbc:synod:file:" + directory.resolve("stock"), null));
            String remote = "jdbc:synod://127.0.0.1:" + node.sqlPort() + "/";
            try (Connection stock = connect(remote + "stock")) {
                run(stock, "CREATE TABLE t(id INT PRIMARY KEY)");
                try (Connection shop = connect(remote + "shop;FAILOVER_TIMEOUT=2000")) {
                    run(shop, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)", "SHUTDOWN");
                }
                run(stock, "INSERT INTO t VALUES (1)");
                try (Connection shop = connect(remote + "shop")) {
                    assertEquals(1, number(shop, "SELECT COUNT(*) FROM t"), "opened again");
                }
                assertEquals(1, number(stock, "SELECT COUNT(*) FROM t"));
            }
        }
    }

    @Test
    void shutdown_leaves_nothing_in_the_log_of_the_node_that_a_checkpoint_holds() throws Exception {
        try (Node node = EmbeddedEngine.start(SynodUrl.parse(file() + ";SQL=127.0.0.1:0", null))) {
            String remote = "jdbc:synod://127.0.0.1:" + node.sqlPort() + "/";
            try (Connection shop = connect(remote + "shop")) {
                run(shop, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)", "SHUTDOWN");
            }
            try (Connection shop = connect(remote + "shop")) {
                assertEquals(1, number(shop, "SELECT COUNT(*) FROM t"), "opened again");
            }
            long first = node.host("shop", Map.of()).log().status().get(0).firstIndex();
            assertTrue(first > 2, "the log begins with " + first);
        }
    }

    @Test
    void what_h2_forgets_when_a_database_is_closed_is_forgotten() throws Exception {
        try (Connection c = connect(file())) {
            run(
                    c,
                    "CREATE GLOBAL TEMPORARY TABLE g(id INT)",
                    "INSERT INTO g VALUES (1)",
                    "CREATE MEMORY TABLE n(id INT) NOT PERSISTENT",
                    "INSERT INTO n VALUES (1)",
                    "CREATE TABLE kept(id INT)",
                    "INSERT INTO kept VALUES (1)",
                    "SET MODE MySQL",
                    "SET REFERENTIAL_INTEGRITY FALSE");
        }
        try (Connection c = connect(file())) {
            assertEquals(
                    "42S02",
                    assertThrows(SQLException.class, () -> number(c, "SELECT COUNT(*) FROM g"))
                            .getSQLState());
            assertEquals(0, number(c, "SELECT COUNT(*) FROM n"));
            assertEquals(1, number(c, "SELECT COUNT(*) FROM kept"));
            assertEquals(
                    1,
                    number(
                            c,
                            "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SETTINGS WHERE SETTING_NAME = 'MODE'"
                                    + " AND SETTING_VALUE = 'REGULAR'"));
        }
    }

    /** For CREATE AGGREGATE. */
    public static final class Longest implements AggregateFunction {
        private int length;

        @Override
        public int getType(int[] inputTypes) {
            return java.sql.Types.INTEGER;
        }

        @Override
        public void add(Object value) {
            length = Math.max(length, String.valueOf(value).length());
        }

        @Override
        public Object getResult() {
            return length;
        }
    }

    @Test
    void objects_of_every_kind_work_and_are_there_after_a_restart() throws Exception {
        try (Connection c = connect(file())) {
            run(
                    c,
                    "CREATE SCHEMA s1",
                    "ALTER SCHEMA s1 RENAME TO s2",
                    "CREATE DOMAIN s2.amount AS DECIMAL(10, 2) DEFAULT 1 CHECK (VALUE >= 0)",
                    "CREATE CONSTANT s2.k VALUE 42",
                    "CREATE TABLE s2.places(id INT PRIMARY KEY, p GEOMETRY, a s2.amount)",
                    "CREATE SPATIAL INDEX s2.sp ON s2.places(p)",
                    "INSERT INTO s2.places(id, p) VALUES (1, 'POINT(1 2)'), (2, 'POINT(5 6)')",
                    "CREATE VIEW s2.v AS SELECT id, a * s2.k AS x FROM s2.places",
                    "CREATE SYNONYM s2.syn FOR s2.places",
                    "CREATE AGGREGATE longest FOR '" + Longest.class.getName() + "'",
                    "CREATE ALIAS inc DETERMINISTIC AS 'int inc(int x) { return x + 1; }'",
                    "COMMENT ON TABLE s2.places IS 'places'",
                    "CREATE ROLE clerk",
                    "GRANT SELECT ON s2.places TO clerk",
                    "CREATE USER someone PASSWORD 'x'",
                    "GRANT clerk TO someone");
        }
        try (Connection c = connect(file())) {
            assertEquals(84, number(c, "SELECT SUM(x) FROM s2.v"));
            assertEquals(1, number(c, "SELECT COUNT(*) FROM s2.syn WHERE p && 'POLYGON((0 0, 0 3, 3 3, 3 0, 0 0))'"));
            assertEquals(11, number(c, "SELECT longest(p) FROM s2.places"));
            assertEquals(43, number(c, "SELECT inc(s2.k)"));
        }
        try (Connection c = DriverManager.getConnection(file(), "someone", "x")) {
            assertEquals(2, number(c, "SELECT COUNT(*) FROM s2.places"));
            assertThrows(SQLException.class, () -> run(c, "DELETE FROM s2.places"));
        }
    }
}
