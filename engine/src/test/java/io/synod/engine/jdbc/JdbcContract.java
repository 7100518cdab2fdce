package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.jdbc.recorded.Differences;
import io.synod.engine.jdbc.recorded.Program;
import java.io.ByteArrayInputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.BatchUpdateException;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTimeoutException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.h2.jdbc.JdbcConnection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What an application may expect of a connection, whatever its URL. A subclass per kind of URL. */
@Timeout(240)
abstract class JdbcContract {
    private static final int TRIES = 3;
    private static final AtomicInteger TWINS = new AtomicInteger();

    private Connection c;

    /** The URL of an empty database, for each test another one; two connections with the same see the same. */
    abstract String url();

    /** Called before each test. */
    void prepare() throws Exception {}

    /** Called after each test. */
    abstract void cleanUp() throws Exception;

    @BeforeEach
    void open() throws Exception {
        prepare();
        c = connect();
    }

    @AfterEach
    void close() throws Exception {
        c.close();
        cleanUp();
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(url(), "sa", "secret");
    }

    private void run(String... statements) throws SQLException {
        run(c, statements);
    }

    private static void run(Connection on, String... statements) throws SQLException {
        try (Statement s = on.createStatement()) {
            for (String sql : statements) {
                s.execute(sql);
            }
        }
    }

    private long number(String sql) throws SQLException {
        return number(c, sql);
    }

    private static long number(Connection on, String sql) throws SQLException {
        try (Statement s = on.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            assertTrue(rows.next(), sql);
            return rows.getLong(1);
        }
    }

    private static String state(Executable what) {
        return assertThrows(SQLException.class, what).getSQLState();
    }

    // ---- every call -----------------------------------------------------------------------------------------------

    /** The URL of an empty database of stock H2: in this process, wherever ours is. */
    String stockUrl() throws Exception {
        return "jdbc:h2:mem:twin" + TWINS.incrementAndGet();
    }

    static List<Program> programs() {
        return Program.all();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("programs")
    void every_call_does_what_it_does_on_stock_h2(Program program) throws Exception {
        List<String> stock = program.on(stockUrl()).lines();
        for (int attempt = 1; ; attempt++) {
            String epoch = epoch();
            List<String> ours = program.on(url()).lines();
            if (attempt == TRIES || epoch.equals(epoch())) {
                Differences.check(stock, ours);
                return;
            }
            System.err.println(program + " once more: leadership moved in the middle");
            onOurs("DROP ALL OBJECTS");
        }
    }

    /** On a busy machine leadership may move; a transaction that is lost with it, a gap in a sequence are no differences. */
    private String epoch() throws Exception {
        return onOurs("SELECT LISTAGG(EPOCH) WITHIN GROUP (ORDER BY NODE) FROM SYNOD.MEMBERS WHERE ROLE = 'LEADER'");
    }

    /** Runs it again, from the start, when it failed and leadership moved in its middle: locks are lost with their leader. */
    private void underOneLeader(Callable<Void> program) throws Exception {
        for (int attempt = 1; ; attempt++) {
            String epoch = epoch();
            try {
                program.call();
                return;
            } catch (Exception | AssertionError e) {
                if (attempt == TRIES || epoch.equals(epoch())) {
                    throw e;
                }
            }
            System.err.println("once more: leadership moved in the middle");
            c.close();
            onOurs("DROP ALL OBJECTS");
            c = connect();
        }
    }

    /** @return the first value of a query, "" for anything else */
    private String onOurs(String sql) throws Exception {
        try (Connection own = DriverManager.getConnection(url(), "sa", "secret");
                Statement statement = own.createStatement()) {
            if (!statement.execute(sql)) {
                return "";
            }
            ResultSet result = statement.getResultSet();
            result.next();
            return String.valueOf(result.getString(1));
        }
    }

    // ---- connections ----------------------------------------------------------------------------------------------

    @Test
    void a_wrong_password_is_refused_with_28000() {
        assertEquals(
                "28000",
                state(() -> DriverManager.getConnection(url(), "sa", "wrong").close()));
    }

    @Test
    void an_unknown_user_is_refused_with_28000() {
        assertEquals(
                "28000",
                state(() ->
                        DriverManager.getConnection(url(), "nobody", "secret").close()));
    }

    @Test
    void metadata_names_h2_and_our_url() throws Exception {
        DatabaseMetaData meta = c.getMetaData();
        assertEquals("H2", meta.getDatabaseProductName());
        assertTrue(meta.getURL().startsWith("jdbc:synod:"), meta.getURL());
        assertEquals(meta.getURL(), c.unwrap(JdbcConnection.class).getMetaData().getURL());
        assertEquals("SA", meta.getUserName());
    }

    /** Who finds one takes the database for another, perhaps for one that nobody needs. */
    @Test
    void no_error_nor_name_tells_a_url_of_h2_below() throws Exception {
        List<String> told =
                new ArrayList<>(List.of(c.toString(), c.getMetaData().toString()));
        List<SQLException> errors = List.of(
                assertThrows(
                        SQLException.class,
                        () -> DriverManager.getConnection(url(), "sa", "wrong").close()),
                assertThrows(SQLException.class, () -> c.createStatement().execute("SELECT * FROM NOWHERE")),
                assertThrows(SQLException.class, () -> c.createStatement().execute("SELECT 1 / 0")));
        for (SQLException error : errors) {
            for (Throwable e = error; e != null; e = e.getCause()) {
                told.add(e.toString());
            }
        }
        // A stock client has its own URL.
        assertEquals(
                List.of(),
                told.stream()
                        .filter(text -> text.replace(url(), "").contains("jdbc:h2:"))
                        .toList());
    }

    @Test
    void the_catalog_is_named_by_the_url() throws Exception {
        String target = url().split(";")[0];
        String name = target.substring(Math.max(target.lastIndexOf('/'), target.lastIndexOf(':')) + 1);
        assertEquals(name.toUpperCase(java.util.Locale.ROOT), c.getCatalog());
    }

    @Test
    void metadata_lists_tables_columns_and_keys() throws Exception {
        run(
                "CREATE TABLE parent(id INT PRIMARY KEY)",
                "CREATE TABLE child(id INT PRIMARY KEY, parent_id INT NOT NULL REFERENCES parent, note VARCHAR(20))");
        try (ResultSet rows = c.getMetaData().getColumns(null, "PUBLIC", "CHILD", "%")) {
            int columns = 0;
            while (rows.next()) {
                columns++;
            }
            assertEquals(3, columns);
        }
        try (ResultSet rows = c.getMetaData().getImportedKeys(null, "PUBLIC", "CHILD")) {
            assertTrue(rows.next());
            assertEquals("PARENT", rows.getString("PKTABLE_NAME"));
        }
    }

    @Test
    void a_closed_connection_says_so_and_may_be_closed_again() throws Exception {
        Connection other = connect();
        assertTrue(other.isValid(60));
        other.close();
        other.close();
        assertTrue(other.isClosed());
        assertFalse(other.isValid(1));
        assertThrows(SQLException.class, other::createStatement);
    }

    @Test
    void the_schema_of_a_connection_can_be_changed() throws Exception {
        run("CREATE SCHEMA s", "CREATE TABLE s.t(id INT)");
        c.setSchema("S");
        assertEquals("S", c.getSchema());
        run("INSERT INTO t VALUES (1)");
        assertEquals(1, number("SELECT COUNT(*) FROM s.t"));
    }

    // ---- rows -----------------------------------------------------------------------------------------------------

    @Test
    void rows_are_inserted_updated_merged_and_deleted() throws Exception {
        run("CREATE TABLE t(id INT PRIMARY KEY, x INT)");
        try (Statement s = c.createStatement()) {
            assertEquals(3, s.executeUpdate("INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)"));
            assertEquals(2, s.executeUpdate("UPDATE t SET x = x + 1 WHERE id > 1"));
            assertEquals(1, s.executeUpdate("MERGE INTO t VALUES (3, 33)"));
            assertEquals(1, s.executeUpdate("DELETE FROM t WHERE id = 1"));
        }
        assertEquals(54, number("SELECT SUM(x) FROM t"));
    }

    @Test
    void a_table_without_a_primary_key_keeps_equal_rows() throws Exception {
        run("CREATE TABLE t(x INT)", "INSERT INTO t VALUES (1), (1), (1)", "DELETE FROM t WHERE _ROWID_ = 2");
        assertEquals(2, number("SELECT COUNT(*) FROM t"));
    }

    @Test
    void final_table_returns_what_was_written_and_commits_it() throws Exception {
        run("CREATE TABLE t(id INT PRIMARY KEY, x INT DEFAULT 7)");
        assertEquals(7, number("SELECT x FROM FINAL TABLE (INSERT INTO t(id) VALUES (1))"));
        try (Connection other = connect()) {
            assertEquals(7, number(other, "SELECT x FROM t"));
        }
    }

    @Test
    void all_kinds_of_values_come_back_as_they_were_set() throws Exception {
        run(
                "CREATE TABLE t(id INT PRIMARY KEY, b BOOLEAN, l BIGINT, d DECIMAL(20, 4), f DOUBLE PRECISION, s VARCHAR(50),"
                        + " dt DATE, tz TIMESTAMP WITH TIME ZONE, u UUID, bin VARBINARY(20), a INT ARRAY, j JSON,"
                        + " e ENUM('one', 'two'))");
        UUID uuid = new UUID(1, 2);
        OffsetDateTime time = OffsetDateTime.of(2026, 2, 3, 4, 5, 6, 7_000, ZoneOffset.ofHours(2));
        try (PreparedStatement s =
                c.prepareStatement("INSERT INTO t VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, JSON '{\"k\":1}', ?)")) {
            s.setBoolean(1, true);
            s.setLong(2, Long.MIN_VALUE);
            s.setBigDecimal(3, new BigDecimal("12345.6789"));
            s.setDouble(4, 0.1);
            s.setString(5, "ü€😀");
            s.setObject(6, LocalDate.of(2024, 2, 29));
            s.setObject(7, time);
            s.setObject(8, uuid);
            s.setBytes(9, new byte[] {0, -1});
            s.setObject(10, new Object[] {1, 2, 3});
            s.setString(11, "two");
            assertEquals(1, s.executeUpdate());
        }
        try (Statement s = c.createStatement();
                ResultSet r = s.executeQuery("SELECT * FROM t")) {
            assertTrue(r.next());
            assertTrue(r.getBoolean("b"));
            assertEquals(Long.MIN_VALUE, r.getLong("l"));
            assertEquals(new BigDecimal("12345.6789"), r.getBigDecimal("d"));
            assertEquals(0.1, r.getDouble("f"));
            assertEquals("ü€😀", r.getString("s"));
            assertEquals(LocalDate.of(2024, 2, 29), r.getObject("dt", LocalDate.class));
            assertEquals(time, r.getObject("tz", OffsetDateTime.class));
            assertEquals(uuid, r.getObject("u"));
            assertArrayEquals(new byte[] {0, -1}, r.getBytes("bin"));
            assertArrayEquals(new Object[] {1, 2, 3}, (Object[]) r.getArray("a").getArray());
            assertEquals("{\"k\":1}", r.getString("j"));
            assertEquals("two", r.getString("e"));
        }
    }

    @Test
    void null_stays_null() throws Exception {
        run("CREATE TABLE t(id INT PRIMARY KEY, x INT)");
        try (PreparedStatement s = c.prepareStatement("INSERT INTO t VALUES (1, ?)")) {
            s.setNull(1, Types.INTEGER);
            s.executeUpdate();
        }
        try (Statement s = c.createStatement();
                ResultSet r = s.executeQuery("SELECT x FROM t")) {
            assertTrue(r.next());
            assertNull(r.getObject(1));
        }
    }

    @Test
    void large_objects_come_back_whole() throws Exception {
        run("CREATE TABLE t(id INT PRIMARY KEY, b BLOB, s CLOB)");
        byte[] bytes = new byte[300_000];
        Arrays.fill(bytes, (byte) 7);
        bytes[299_999] = 1;
        String text = "ä".repeat(100_000) + "z";
        try (PreparedStatement s = c.prepareStatement("INSERT INTO t VALUES (1, ?, ?)")) {
            s.setBinaryStream(1, new ByteArrayInputStream(bytes));
            s.setCharacterStream(2, new java.io.StringReader(text));
            s.executeUpdate();
        }
        run("UPDATE t SET id = 2");
        try (Statement s = c.createStatement();
                ResultSet r = s.executeQuery("SELECT b, s FROM t")) {
            assertTrue(r.next());
            Blob blob = r.getBlob(1);
            assertEquals(bytes.length, blob.length());
            assertArrayEquals(bytes, blob.getBytes(1, bytes.length));
            assertEquals(text, r.getString(2));
        }
    }

    @Test
    void a_blob_made_by_the_connection_can_be_stored() throws Exception {
        run("CREATE TABLE t(b BLOB)");
        byte[] bytes = "hello".repeat(1000).getBytes(StandardCharsets.UTF_8);
        Blob blob = c.createBlob();
        blob.setBytes(1, bytes);
        try (PreparedStatement s = c.prepareStatement("INSERT INTO t VALUES (?)")) {
            s.setBlob(1, blob);
            s.executeUpdate();
        }
        assertEquals(bytes.length, number("SELECT OCTET_LENGTH(b) FROM t"));
    }

    @Test
    void result_sets_scroll_and_say_what_they_hold() throws Exception {
        try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
                ResultSet r = s.executeQuery("SELECT x AS num, CAST(x AS VARCHAR) AS txt FROM SYSTEM_RANGE(1, 10)")) {
            ResultSetMetaData meta = r.getMetaData();
            assertEquals(2, meta.getColumnCount());
            assertEquals("NUM", meta.getColumnLabel(1));
            assertTrue(r.last());
            assertEquals(10, r.getRow());
            assertTrue(r.absolute(3));
            assertEquals(3, r.getInt(1));
        }
    }

    @Test
    void an_updatable_result_set_writes_through() throws Exception {
        run("CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 10)");
        try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
                ResultSet r = s.executeQuery("SELECT id, x FROM t")) {
            assertTrue(r.next());
            r.updateInt(2, 11);
            r.updateRow();
        }
        assertEquals(11, number("SELECT x FROM t"));
    }

    @Test
    void max_rows_and_fetch_size_are_kept() throws Exception {
        try (Statement s = c.createStatement()) {
            s.setMaxRows(3);
            s.setFetchSize(2);
            try (ResultSet r = s.executeQuery("SELECT * FROM SYSTEM_RANGE(1, 100)")) {
                int rows = 0;
                while (r.next()) {
                    rows++;
                }
                assertEquals(3, rows);
            }
        }
    }

    @Test
    void generated_keys_are_returned() throws Exception {
        run("CREATE TABLE t(id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x INT)");
        try (PreparedStatement s = c.prepareStatement("INSERT INTO t(x) VALUES (?)", Statement.RETURN_GENERATED_KEYS)) {
            s.setInt(1, 5);
            s.executeUpdate();
            try (ResultSet keys = s.getGeneratedKeys()) {
                assertTrue(keys.next());
                assertEquals(1, keys.getLong(1));
            }
        }
    }

    @Test
    void a_batch_returns_counts_and_keys_in_order() throws Exception {
        run("CREATE TABLE t(id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x INT UNIQUE)");
        try (PreparedStatement s = c.prepareStatement("INSERT INTO t(x) VALUES (?)", new String[] {"ID"})) {
            for (int i = 0; i < 5; i++) {
                s.setInt(1, i);
                s.addBatch();
            }
            assertArrayEquals(new int[] {1, 1, 1, 1, 1}, s.executeBatch());
            try (ResultSet keys = s.getGeneratedKeys()) {
                for (int i = 1; i <= 5; i++) {
                    assertTrue(keys.next());
                    assertEquals(i, keys.getLong(1));
                }
            }
        }
    }

    @Test
    void a_batch_with_a_bad_row_reports_it_and_keeps_the_others() throws Exception {
        run("CREATE TABLE t(x INT PRIMARY KEY)");
        try (PreparedStatement s = c.prepareStatement("INSERT INTO t VALUES (?)")) {
            for (int x : new int[] {1, 1, 2}) {
                s.setInt(1, x);
                s.addBatch();
            }
            BatchUpdateException e = assertThrows(BatchUpdateException.class, s::executeBatch);
            assertEquals(Statement.EXECUTE_FAILED, e.getUpdateCounts()[1]);
        }
        assertEquals(2, number("SELECT COUNT(*) FROM t"));
    }

    @Test
    void a_batch_of_statements_may_mix_ddl_and_rows() throws Exception {
        try (Statement s = c.createStatement()) {
            s.addBatch("CREATE TABLE t(x INT)");
            s.addBatch("INSERT INTO t VALUES (1), (2)");
            s.addBatch("UPDATE t SET x = 3");
            assertArrayEquals(new int[] {0, 2, 2}, s.executeBatch());
        }
    }

    @Test
    void a_prepared_statement_survives_a_change_of_its_table() throws Exception {
        run("CREATE TABLE t(id INT PRIMARY KEY, x INT)");
        try (PreparedStatement insert = c.prepareStatement("INSERT INTO t(id, x) VALUES (?, 1)");
                PreparedStatement select = c.prepareStatement("SELECT COUNT(*) FROM t")) {
            insert.setInt(1, 1);
            insert.executeUpdate();
            run("ALTER TABLE t ADD COLUMN y INT DEFAULT 5");
            insert.setInt(1, 2);
            insert.executeUpdate();
            try (ResultSet r = select.executeQuery()) {
                assertTrue(r.next());
                assertEquals(2, r.getInt(1));
            }
        }
        assertEquals(10, number("SELECT SUM(y) FROM t"));
    }

    @Test
    void a_function_is_called_with_parameters() throws Exception {
        run("CREATE ALIAS larger FOR 'java.lang.Math.max(int, int)'");
        try (CallableStatement s = c.prepareCall("{? = CALL larger(?, 42)}")) {
            s.registerOutParameter(1, Types.INTEGER);
            s.setInt(2, 21);
            s.execute();
            assertEquals(42, s.getInt(1));
        }
    }

    // ---- transactions ---------------------------------------------------------------------------------------------

    @Test
    void a_commit_is_seen_by_others_and_nothing_before_it() throws Exception {
        run("CREATE TABLE t(x INT)");
        try (Connection other = connect()) {
            c.setAutoCommit(false);
            run("INSERT INTO t VALUES (1)");
            assertEquals(1, number("SELECT COUNT(*) FROM t"));
            assertEquals(0, number(other, "SELECT COUNT(*) FROM t"));
            c.commit();
            assertEquals(1, number(other, "SELECT COUNT(*) FROM t"));
        }
    }

    @Test
    void a_rollback_leaves_nothing() throws Exception {
        run("CREATE TABLE t(x INT PRIMARY KEY)");
        c.setAutoCommit(false);
        run("INSERT INTO t VALUES (1)");
        c.rollback();
        run("INSERT INTO t VALUES (1)");
        c.commit();
        assertEquals(1, number("SELECT COUNT(*) FROM t"));
    }

    @Test
    void closing_a_connection_rolls_back() throws Exception {
        run("CREATE TABLE t(x INT PRIMARY KEY)");
        try (Connection other = connect()) {
            other.setAutoCommit(false);
            run(other, "INSERT INTO t VALUES (1)");
        }
        run("INSERT INTO t VALUES (1)");
        assertEquals(1, number("SELECT COUNT(*) FROM t"));
    }

    @Test
    void turning_auto_commit_on_commits() throws Exception {
        run("CREATE TABLE t(x INT)");
        c.setAutoCommit(false);
        run("INSERT INTO t VALUES (1)");
        c.setAutoCommit(true);
        try (Connection other = connect()) {
            assertEquals(1, number(other, "SELECT COUNT(*) FROM t"));
        }
    }

    @Test
    void savepoints_undo_a_part() throws Exception {
        run("CREATE TABLE t(x INT)");
        c.setAutoCommit(false);
        run("INSERT INTO t VALUES (1)");
        Savepoint one = c.setSavepoint("one");
        run("INSERT INTO t VALUES (2)");
        Savepoint two = c.setSavepoint();
        run("INSERT INTO t VALUES (3)");
        c.rollback(two);
        assertEquals(2, number("SELECT COUNT(*) FROM t"));
        c.rollback(one);
        c.commit();
        assertEquals(1, number("SELECT SUM(x) FROM t"));
    }

    @Test
    void a_failed_statement_undoes_itself_only() throws Exception {
        run("CREATE TABLE t(x INT PRIMARY KEY)");
        c.setAutoCommit(false);
        run("INSERT INTO t VALUES (1)");
        assertEquals("23505", state(() -> run("INSERT INTO t VALUES (2), (1)")));
        run("INSERT INTO t VALUES (3)");
        c.commit();
        assertEquals(4, number("SELECT SUM(x) FROM t"));
    }

    /** H2 itself leaves the row in the table, and not in its unique index. */
    @Test
    void a_failed_query_that_writes_undoes_itself_only() throws Exception {
        run("CREATE TABLE t(id INT PRIMARY KEY, u INT UNIQUE)", "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)");
        c.setAutoCommit(false);
        run("UPDATE t SET u = 30 WHERE id = 3");
        for (String failing : List.of(
                "SELECT * FROM OLD TABLE (UPDATE t SET u = 9)",
                "SELECT * FROM FINAL TABLE (INSERT INTO t VALUES (4, 4), (1, 5))")) {
            assertEquals(
                    "23505",
                    assertThrows(SQLException.class, () -> run(failing)).getSQLState());
        }
        c.commit();
        c.setAutoCommit(true);
        assertEquals(3, number("SELECT COUNT(*) FROM t"));
        assertEquals(33, number("SELECT SUM(u) FROM t"));
        run("INSERT INTO t VALUES (9, 9), (4, 4)");
        assertEquals(46, number("SELECT SUM(u) FROM t"));
    }

    @Test
    void ddl_commits_the_open_transaction() throws Exception {
        run("CREATE TABLE t(x INT)");
        c.setAutoCommit(false);
        run("INSERT INTO t VALUES (1)", "CREATE TABLE u(y INT)");
        c.rollback();
        assertEquals(1, number("SELECT COUNT(*) FROM t"));
    }

    @Test
    void ddl_that_is_refused_commits_the_open_transaction_as_any_ddl() throws Exception {
        run("CREATE TABLE t(x INT)");
        c.setAutoCommit(false);
        for (String sql : List.of("CREATE MATERIALIZED VIEW v AS SELECT * FROM t", "SET EXCLUSIVE 1")) {
            run("INSERT INTO t VALUES (1)");
            assertEquals(
                    "0A000", assertThrows(SQLException.class, () -> run(sql)).getSQLState());
            c.rollback();
        }
        assertEquals(2, number("SELECT COUNT(*) FROM t"));
    }

    @Test
    void begin_opens_a_transaction_until_its_commit() throws Exception {
        run("CREATE TABLE t(x INT)", "BEGIN", "INSERT INTO t VALUES (1)", "ROLLBACK", "INSERT INTO t VALUES (2)");
        assertEquals(2, number("SELECT SUM(x) FROM t"));
        assertTrue(c.getAutoCommit());
    }

    @Test
    void several_statements_in_one_text_run_in_order() throws Exception {
        run("CREATE TABLE t(x INT); INSERT INTO t VALUES (1); UPDATE t SET x = 5");
        assertEquals(5, number("SELECT x FROM t"));
    }

    @Test
    void isolation_levels_are_kept() throws Exception {
        run("CREATE TABLE t(x INT)", "INSERT INTO t VALUES (1)");
        c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        assertEquals(Connection.TRANSACTION_REPEATABLE_READ, c.getTransactionIsolation());
        c.setAutoCommit(false);
        assertEquals(1, number("SELECT COUNT(*) FROM t"));
        try (Connection other = connect()) {
            run(other, "INSERT INTO t VALUES (2)");
        }
        assertEquals(1, number("SELECT COUNT(*) FROM t"));
        c.commit();
        assertEquals(2, number("SELECT COUNT(*) FROM t"));
    }

    @Test
    void a_locked_row_gives_hyt00_after_the_lock_timeout() throws Exception {
        underOneLeader(() -> {
            run("CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 0)");
            c.setAutoCommit(false);
            run("UPDATE t SET x = 1");
            try (Connection other = connect()) {
                run(other, "SET LOCK_TIMEOUT 200");
                assertEquals("HYT00", state(() -> run(other, "UPDATE t SET x = 2")));
                c.commit();
                run(other, "UPDATE t SET x = x + 10");
            }
            assertEquals(11, number("SELECT x FROM t"));
            return null;
        });
    }

    @Test
    void for_update_locks_until_the_commit() throws Exception {
        underOneLeader(() -> {
            run("CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 0)");
            c.setAutoCommit(false);
            assertEquals(0, number("SELECT x FROM t WHERE id = 1 FOR UPDATE"));
            try (Connection other = connect()) {
                run(other, "SET LOCK_TIMEOUT 200");
                assertEquals("HYT00", state(() -> run(other, "UPDATE t SET x = 2")));
                c.commit();
                run(other, "UPDATE t SET x = 2");
            }
            return null;
        });
    }

    @Test
    void a_deadlock_ends_one_of_the_two_with_40001() throws Exception {
        underOneLeader(() -> {
            run("CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 0), (2, 0)");
            c.setAutoCommit(false);
            try (Connection other = connect()) {
                other.setAutoCommit(false);
                // So long that neither of the two ends by it.
                run("SET LOCK_TIMEOUT 60000");
                run(other, "SET LOCK_TIMEOUT 60000");
                run("UPDATE t SET x = 1 WHERE id = 1");
                run(other, "UPDATE t SET x = 2 WHERE id = 2");
                CompletableFuture<SQLException> first = CompletableFuture.supplyAsync(() -> {
                    try {
                        run("UPDATE t SET x = 1 WHERE id = 2");
                        return null;
                    } catch (SQLException e) {
                        return e;
                    }
                });
                SQLException second = null;
                try {
                    run(other, "UPDATE t SET x = 2 WHERE id = 1");
                } catch (SQLException e) {
                    second = e;
                    other.rollback();
                }
                SQLException one = first.get(60, TimeUnit.SECONDS);
                assertTrue((one == null) != (second == null), one + " and " + second);
                assertEquals("40001", (one == null ? second : one).getSQLState());
                (one == null ? c : other).commit();
            }
            c.rollback();
            assertEquals(1, number("SELECT COUNT(DISTINCT x) FROM t"));
            return null;
        });
    }

    @Test
    void a_batch_that_loses_a_deadlock_leaves_nothing_behind() throws Exception {
        underOneLeader(() -> {
            run("CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)");
            try (Connection other = connect();
                    Connection third = connect();
                    PreparedStatement update = c.prepareStatement("UPDATE t SET x = x + 1 WHERE id = ?")) {
                other.setAutoCommit(false);
                run("SET LOCK_TIMEOUT 60000");
                run(other, "SET LOCK_TIMEOUT 60000", "UPDATE t SET x = 10 WHERE id = 2");
                for (int id = 1; id <= 3; id++) {
                    update.setInt(1, id);
                    update.addBatch();
                }
                CompletableFuture<SQLException> batch = CompletableFuture.supplyAsync(() -> {
                    try {
                        update.executeBatch();
                        return null;
                    } catch (SQLException e) {
                        return e;
                    }
                });
                run(third, "SET LOCK_TIMEOUT 1");
                while (!isLocked(third, "UPDATE t SET x = x WHERE id = 1")) {
                    assertFalse(batch.isDone(), "the batch did not wait for row 2");
                }
                SQLException victim = null;
                try {
                    run(other, "UPDATE t SET x = 10 WHERE id = 1");
                    other.commit();
                } catch (SQLException e) {
                    victim = e;
                    other.rollback();
                }
                SQLException one = batch.get(60, TimeUnit.SECONDS);
                assertTrue((one == null) != (victim == null), one + " and " + victim);
                assertEquals("40001", (one == null ? victim : one).getSQLState());
                assertEquals(
                        one == null ? 1 : 0, number("SELECT x FROM t WHERE id = 3"), "part of the batch was committed");
            }
            return null;
        });
    }

    private static boolean isLocked(Connection connection, String update) throws SQLException {
        try {
            run(connection, update);
            return false;
        } catch (SQLException e) {
            assertEquals("HYT00", e.getSQLState(), e.getMessage());
            return true;
        }
    }

    // ---- limits ---------------------------------------------------------------------------------------------------

    @Test
    void a_statement_is_cancelled_from_another_thread() throws Exception {
        try (Statement s = c.createStatement()) {
            CompletableFuture<SQLException> running = CompletableFuture.supplyAsync(() -> {
                try {
                    s.executeQuery("SELECT COUNT(*) FROM SYSTEM_RANGE(1, 100000) a, SYSTEM_RANGE(1, 1000000) b")
                            .close();
                    return null;
                } catch (SQLException e) {
                    return e;
                }
            });
            // H2's statement forgets what it runs at every cancel, also at one that came a moment too early.
            try (Connection other = connect()) {
                String runs = "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SESSIONS"
                        + " WHERE EXECUTING_STATEMENT LIKE '%SYSTEM_RANGE(1, 1000000) b'";
                while (number(other, runs) == 0 && !running.isDone()) {
                    Thread.onSpinWait();
                }
            }
            s.cancel();
            SQLException e = running.get(60, TimeUnit.SECONDS);
            assertTrue(e != null && e.getSQLState().equals("57014"), String.valueOf(e));
        }
    }

    @Test
    void a_query_timeout_ends_a_statement() throws Exception {
        try (Statement s = c.createStatement()) {
            s.setQueryTimeout(1);
            assertThrows(
                    SQLTimeoutException.class,
                    () -> s.executeQuery("SELECT COUNT(*) FROM SYSTEM_RANGE(1, 100000) a, SYSTEM_RANGE(1, 1000000) b"));
        }
    }

    // ---- catalogue ------------------------------------------------------------------------------------------------

    @Test
    void a_table_made_from_a_query_holds_its_rows() throws Exception {
        run("CREATE TABLE a(x INT)", "INSERT INTO a VALUES (1), (2)", "CREATE TABLE b AS SELECT x, x * 2 AS y FROM a");
        assertEquals(6, number("SELECT SUM(y) FROM b"));
        run("CREATE TABLE IF NOT EXISTS b AS SELECT x FROM a");
        assertEquals(2, number("SELECT COUNT(*) FROM b"));
    }

    @Test
    void a_column_with_a_random_default_is_filled() throws Exception {
        run("CREATE TABLE t(x INT)", "INSERT INTO t VALUES (1), (2)");
        run("ALTER TABLE t ADD COLUMN u UUID DEFAULT RANDOM_UUID() NOT NULL", "INSERT INTO t(x) VALUES (3)");
        assertEquals(3, number("SELECT COUNT(DISTINCT u) FROM t"));
    }

    @Test
    void users_log_in_with_the_password_they_were_given() throws Exception {
        run("CREATE USER anna PASSWORD 'one'", "CREATE TABLE t(x INT)", "GRANT SELECT ON t TO anna");
        try (Connection anna = DriverManager.getConnection(url(), "anna", "one")) {
            assertEquals(0, number(anna, "SELECT COUNT(*) FROM t"));
            assertThrows(SQLException.class, () -> run(anna, "INSERT INTO t VALUES (1)"));
            run(anna, "SET PASSWORD 'two'");
        }
        assertEquals(
                "28000",
                state(() -> DriverManager.getConnection(url(), "anna", "one").close()));
        DriverManager.getConnection(url(), "anna", "two").close();
    }

    @Test
    void an_error_in_ddl_is_reported_and_the_connection_goes_on() throws Exception {
        run("CREATE TABLE t(x INT)");
        assertEquals("42S01", state(() -> run("CREATE TABLE t(x INT)")));
        assertEquals("42S02", state(() -> run("DROP TABLE nothing")));
        run("INSERT INTO t VALUES (1)");
        assertEquals(1, number("SELECT COUNT(*) FROM t"));
    }

    @Test
    void truncate_and_drop_take_effect() throws Exception {
        run("CREATE TABLE t(x INT)", "INSERT INTO t VALUES (1)", "TRUNCATE TABLE t");
        assertEquals(0, number("SELECT COUNT(*) FROM t"));
        run("CREATE TABLE u(x INT)", "INSERT INTO t VALUES (2)", "DROP TABLE t");
        assertEquals("42S02", state(() -> number("SELECT COUNT(*) FROM t")));
    }

    @Test
    void sequences_give_each_value_once() throws Exception {
        run("CREATE SEQUENCE s START WITH 10");
        assertEquals(10, number("SELECT NEXT VALUE FOR s"));
        try (Connection other = connect()) {
            assertEquals(11, number(other, "CALL NEXT VALUE FOR s"));
        }
        run("ALTER SEQUENCE s RESTART WITH 100");
        assertEquals(100, number("SELECT NEXT VALUE FOR s"));
    }

    @Test
    void a_local_temporary_table_is_seen_by_its_connection_only() throws Exception {
        run("CREATE TABLE u(x INT)", "CREATE LOCAL TEMPORARY TABLE tmp(x INT)", "INSERT INTO tmp VALUES (1), (2)");
        assertEquals(2, number("SELECT COUNT(*) FROM tmp"));
        try (Connection other = connect()) {
            assertEquals("42S02", state(() -> number(other, "SELECT COUNT(*) FROM tmp")));
        }
        run("DROP TABLE tmp");
        assertEquals("42S02", state(() -> number("SELECT COUNT(*) FROM tmp")));
    }

    @Test
    void what_cannot_be_replicated_is_refused_by_name() {
        for (String sql : new String[] {
            "SET LOCK_MODE 0",
            "SET EXCLUSIVE TRUE",
            "CREATE MATERIALIZED VIEW v AS SELECT 1",
            "CREATE CONSTANT k VALUE RAND()"
        }) {
            SQLException e = assertThrows(SQLException.class, () -> run(sql), sql);
            assertTrue(e.getMessage().contains("not possible in a replicated database"), e.getMessage());
            assertTrue(e.getMessage().contains("Instead, "), e.getMessage());
            assertEquals("0A000", e.getSQLState());
            assertInstanceOf(SQLFeatureNotSupportedException.class, e);
        }
    }

    @Test
    void read_only_is_reported_and_is_a_hint_as_in_h2() throws Exception {
        run("CREATE TABLE t(id INT PRIMARY KEY)");
        assertFalse(c.isReadOnly());
        c.setReadOnly(true);
        assertTrue(c.isReadOnly());
        run("INSERT INTO t VALUES (1)");
        assertEquals(1, number("SELECT COUNT(*) FROM t"));
        c.setReadOnly(false);
        assertFalse(c.isReadOnly());
        c.close();
        assertThrows(SQLException.class, () -> c.setReadOnly(true));
        c = connect();
    }
}
