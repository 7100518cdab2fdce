package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.lang.ref.Reference;
import java.net.SocketTimeoutException;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;
import org.h2.value.Transfer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two ways to one database, cut at chosen moments. */
@Tag("long")
@Timeout(240)
class FailoverSessionTest {
    /** Requests after RESOLVE and before the statement is executed again. */
    private static final int CLOSE_AND_PREPARE = 1;

    private StockNode node;

    @BeforeEach
    void start() throws Exception {
        node = new StockNode();
    }

    @AfterEach
    void stop() throws Exception {
        node.close();
    }

    @Test
    void between_transactions_the_loss_of_the_node_is_not_seen() throws SQLException {
        try (Connection c = node.connect();
                PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (?, ?)")) {
            for (int i = 1; i <= 3; i++) {
                insert.setInt(1, i);
                insert.setString(2, "n" + i);
                assertEquals(1, insert.executeUpdate());
                (i % 2 == 0 ? node.b : node.a).down();
                (i % 2 == 0 ? node.a : node.b).up();
            }
            assertTrue(c.isValid(60));
            assertFalse(c.isClosed());
        }
        assertEquals(3, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_statement_that_comes_after_the_end_of_its_session_connects_to_nobody() throws SQLException {
        // What abort() does between the connection's own look at its state and the statement's start.
        SynodConnection c = node.connect().unwrap(SynodConnection.class);
        try (CommandInterface command = c.getSession().prepareCommand("SELECT 1")) {
            c.getSession().close();
            DbException e = assertThrows(DbException.class, () -> command.executeQuery(0, 0, false));
            assertEquals(ErrorCode.OBJECT_CLOSED, e.getErrorCode());
        }
        assertEquals(1, node.count("SELECT COUNT(*) FROM INFORMATION_SCHEMA.SESSIONS"));
    }

    @Test
    void a_query_whose_answer_is_lost_is_run_again_without_asking_for_a_commit() throws SQLException {
        try (Connection c = node.connect();
                PreparedStatement query = c.prepareStatement("SELECT ?")) {
            query.setInt(1, 42);
            node.a.cutAnswer(0);
            try (ResultSet rows = query.executeQuery()) {
                rows.next();
                assertEquals(42, rows.getInt(1));
            }
            assertEquals(1, node.a.cuts());
            assertEquals(0, node.asked().size());
        }
    }

    @Test
    void a_transaction_in_flight_fails_with_40001_and_the_connection_goes_on() throws SQLException {
        try (Connection c = node.connect();
                PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (?, 'x')")) {
            c.setAutoCommit(false);
            insert.setInt(1, 1);
            insert.executeUpdate();
            node.a.down();
            insert.setInt(1, 2);
            SQLException e = assertThrows(SQLException.class, insert::executeUpdate);
            assertEquals("40001", e.getSQLState());
            assertFalse(c.getAutoCommit());
            c.rollback();
            insert.executeUpdate();
            c.commit();
        }
        assertEquals(1, node.count("SELECT COUNT(*) FROM ITEM"));
        assertEquals(2, node.count("SELECT MIN(ID) FROM ITEM"));
    }

    /** Has written one row and is lost, and the application knows of it. */
    private void lose(Connection c) throws SQLException {
        c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
        node.a.down();
        node.b.up();
        assertRetry(() -> c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (2, 'x')"));
    }

    private static SQLException assertRetry(Executable what) {
        SQLException e = assertThrows(SQLException.class, what);
        assertEquals("40001", e.getSQLState(), e.toString());
        return e;
    }

    @Test
    void the_second_half_of_a_lost_transaction_is_not_executed() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            lose(c);
            for (String sql : new String[] {
                "INSERT INTO ITEM VALUES (3, 'x')",
                "SELECT 1",
                "CREATE TABLE FURTHER(ID INT)",
                "SET LOCK_TIMEOUT 5",
                "ROLLBACK TO SAVEPOINT EARLY"
            }) {
                assertTrue(assertRetry(() -> s.execute(sql)).getMessage().contains("rollback()"));
            }
            assertTrue(c.isValid(60));
            assertTrue(c.unwrap(SynodConnection.class).hasOpenTransaction());
            s.execute("ROLLBACK WORK");
            assertFalse(c.unwrap(SynodConnection.class).hasOpenTransaction());
            assertEquals(1, query(c, "SELECT 1"));
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_commit_of_a_lost_transaction_fails_and_ends_it() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            lose(c);
            assertRetry(c::commit);
            s.executeUpdate("INSERT INTO ITEM VALUES (4, 'x')");
            c.commit();
        }
        assertEquals(4, node.count("SELECT SUM(ID) FROM ITEM"));
    }

    @Test
    void a_lost_transaction_is_not_committed_by_auto_commit_switched_on() throws SQLException {
        try (Connection c = node.connect()) {
            c.setAutoCommit(false);
            lose(c);
            assertRetry(() -> c.setAutoCommit(true));
            c.setAutoCommit(true);
            assertTrue(c.getAutoCommit());
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_transaction_lost_before_ddl_is_not_gone_on_with() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            node.a.down();
            node.b.up();
            assertRetry(() -> s.execute("CREATE TABLE FURTHER(ID INT)"));
            assertRetry(() -> s.executeUpdate("INSERT INTO ITEM VALUES (2, 'x')"));
            c.rollback();
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void what_follows_a_begin_that_was_lost_does_not_commit_by_itself() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            s.execute("BEGIN");
            lose(c);
            assertRetry(() -> s.execute("INSERT INTO ITEM VALUES (3, 'x')"));
            assertFalse(c.getAutoCommit());
            s.execute("ROLLBACK");
            assertTrue(c.getAutoCommit());
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_decision_on_another_transaction_does_not_hide_that_the_open_one_is_lost() throws SQLException {
        node.resolveBy((session, number) -> true);
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            node.a.cutRequest(1);
            s.execute("COMMIT TRANSACTION ANOTHER");
            assertRetry(() -> s.executeUpdate("INSERT INTO ITEM VALUES (2, 'x')"));
            c.rollback();
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_list_that_ends_a_transaction_and_begins_another_has_one_to_lose() throws SQLException {
        for (String end : new String[] {"COMMIT", "ROLLBACK"}) {
            try (Connection c = node.connect();
                    Statement s = c.createStatement()) {
                c.setAutoCommit(false);
                s.execute(end + "; INSERT INTO ITEM VALUES (1, 'first half')");
                node.a.down();
                node.b.down();
                node.a.up();
                assertRetry(() -> s.executeUpdate("INSERT INTO ITEM VALUES (2, 'second half')"));
                c.rollback();
            }
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_list_is_no_way_around_a_lost_transaction() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            lose(c);
            assertRetry(() -> s.execute("SET AUTOCOMMIT FALSE; INSERT INTO ITEM VALUES (3, 'second half')"));
            assertRetry(c::commit);
            c.commit();
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    /** It is the first of its connection, and is to be prepared where that is found out. */
    @Test
    void a_commit_that_finds_its_transaction_lost_ends_it() throws SQLException {
        try (Connection c = node.connect()) {
            c.setAutoCommit(false);
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            node.a.down();
            node.b.up();
            assertRetry(c::commit);
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (2, 'x')");
            c.commit();
        }
        assertEquals(2, node.count("SELECT SUM(ID) FROM ITEM"));
    }

    @Test
    void auto_commit_that_is_switched_off_in_a_lost_transaction_stays_off() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            s.execute("BEGIN");
            lose(c);
            c.setAutoCommit(false);
            assertRetry(() -> s.execute("INSERT INTO ITEM VALUES (3, 'x')"));
            c.rollback();
            assertFalse(c.getAutoCommit());
            s.execute("INSERT INTO ITEM VALUES (4, 'x')");
            c.rollback();
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    /** A list begins with it: only the setting is repeated. */
    @Test
    void what_stands_behind_a_setting_is_executed_once() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            s.execute("SET LOCK_TIMEOUT 4321; INSERT INTO NOTE(TEXT) VALUES ('once;')");
            node.a.down();
            node.b.up();
            assertEquals(1, query(c, "SELECT COUNT(*) FROM NOTE"));
            assertEquals(4321, query(c, "SELECT LOCK_TIMEOUT()"));
            c.setAutoCommit(false);
            s.execute("SET LOCK_TIMEOUT 1234; INSERT INTO NOTE(TEXT) VALUES ('lost')");
            node.b.down();
            node.a.up();
            assertRetry(() -> s.execute("INSERT INTO NOTE(TEXT) VALUES ('second half')"));
            c.rollback();
            assertEquals(1234, query(c, "SELECT LOCK_TIMEOUT()"));
            assertEquals(1, query(c, "SELECT COUNT(*) FROM NOTE"));
        }
    }

    /** A transaction manager would commit a branch that counts none. */
    @Test
    void a_transaction_found_lost_by_preparing_a_statement_counts() throws SQLException {
        try (Connection c = node.connect()) {
            SynodConnection synod = c.unwrap(SynodConnection.class);
            c.setAutoCommit(false);
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            long before = synod.lostTransactions();
            node.a.down();
            node.b.up();
            assertRetry(() -> c.prepareStatement("INSERT INTO ITEM VALUES (2, 'x')"));
            assertEquals(before + 1, synod.lostTransactions());
            c.rollback();
        }
    }

    /** Nobody can tell how far it got: what is committed by its DDL has no number. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_list_that_may_have_committed_in_its_middle_is_not_executed_again(boolean autoCommit) throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(autoCommit);
            node.a.cutAnswer(1);
            SQLException e = assertThrows(
                    SQLException.class,
                    () -> s.execute("INSERT INTO ITEM VALUES (1, 'x'); CREATE TABLE IF NOT EXISTS U(ID INT)"));
            assertEquals("SY002", e.getSQLState(), e.toString());
            c.createStatement().executeQuery("SELECT 1").close();
            c.createStatement().execute("DROP TABLE IF EXISTS U");
        }
        assertEquals(1, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_commit_that_the_cluster_has_leaves_nothing_to_be_rolled_back() throws SQLException {
        node.resolveBy((session, number) -> true);
        try (Connection c = node.connect()) {
            c.setAutoCommit(false);
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            node.a.cutAnswer(1);
            c.commit();
            assertEquals(1, query(c, "SELECT COUNT(*) FROM ITEM"));
            c.commit();
        }
    }

    @Test
    void after_a_statement_that_commits_there_is_no_transaction_that_could_be_lost() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute("INSERT INTO ITEM VALUES (1, 'x')");
            s.execute("CREATE TABLE FURTHER(ID INT)");
            node.a.down();
            s.execute("INSERT INTO ITEM VALUES (2, 'y')");
            c.commit();
        }
        assertEquals(2, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_commit_whose_answer_was_lost_returns_normally_when_the_cluster_has_it() throws SQLException {
        node.resolveBy((session, number) -> true);
        try (Connection c = node.connect()) {
            c.setAutoCommit(false);
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            c.commit();
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (2, 'x')");
            node.a.cutAnswer(0);
            c.commit();
            assertEquals(1, node.asked().size());
        }
        assertEquals(2, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_statement_that_commits_first_does_so_in_a_request_of_its_own() throws SQLException {
        try (Connection c = node.connect()) {
            c.setAutoCommit(false);
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            // Answers: both prepared, the commit, and then the statement: it is run again.
            node.a.cutAnswer(3);
            c.createStatement().execute("CREATE TABLE IF NOT EXISTS U(ID INT)");
            c.createStatement().executeUpdate("INSERT INTO U VALUES (1)");
            c.rollback();
            assertEquals(1, node.asked().size());
            assertEquals(0, node.count("SELECT COUNT(*) FROM U"));
            c.createStatement().execute("DROP TABLE U");
        }
        assertEquals(1, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_commit_that_did_not_arrive_fails_with_40001() throws SQLException {
        try (Connection c = node.connect()) {
            c.setAutoCommit(false);
            c.commit();
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            node.a.cutRequest(0);
            SQLException e = assertThrows(SQLException.class, c::commit);
            assertEquals("40001", e.getSQLState());
            assertEquals(1, node.asked().size());
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void an_auto_commit_update_is_done_once_whether_its_request_or_its_answer_was_lost() throws SQLException {
        node.resolveBy((session, number) -> unchecked(() -> node.count("SELECT COUNT(*) FROM ITEM")) > 0);
        try (Connection c = node.connect();
                PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (1, 'x')")) {
            node.a.cutRequest(0);
            assertEquals(1, insert.executeUpdate());
            assertEquals(1, node.count("SELECT COUNT(*) FROM ITEM"));
            PreparedStatement second = c.prepareStatement("INSERT INTO ITEM VALUES (2, 'x')");
            node.b.cutAnswer(0);
            assertEquals(Statement.SUCCESS_NO_INFO, second.executeUpdate());
        }
        assertEquals(2, node.count("SELECT COUNT(*) FROM ITEM"));
        assertEquals(2, node.asked().size());
    }

    @Test
    void generated_keys_that_were_lost_are_an_error_that_says_that_the_row_is_there() throws SQLException {
        node.resolveBy((session, number) -> true);
        try (Connection c = node.connect();
                PreparedStatement insert =
                        c.prepareStatement("INSERT INTO NOTE(TEXT) VALUES ('x')", Statement.RETURN_GENERATED_KEYS)) {
            node.a.cutAnswer(0);
            SQLException e = assertThrows(SQLException.class, insert::executeUpdate);
            assertEquals("SY001", e.getSQLState());
            insert.executeUpdate();
            try (ResultSet keys = insert.getGeneratedKeys()) {
                keys.next();
                assertEquals(2, keys.getLong(1));
            }
        }
        assertEquals(2, node.count("SELECT COUNT(*) FROM NOTE"));
    }

    @Test
    void without_an_answer_in_time_the_outcome_is_08007() throws SQLException {
        try (Connection c = impatient()) {
            c.setAutoCommit(false);
            c.commit();
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            node.b.down();
            node.a.down();
            SQLException e = assertThrows(SQLException.class, c::commit);
            assertEquals("08007", e.getSQLState());
            assertEquals(1, c.unwrap(SynodConnection.class).lostTransactions());
        }
    }

    @Test
    void without_a_node_a_read_is_08001_and_works_again_when_one_is_back() throws SQLException {
        try (Connection c = impatient()) {
            node.b.down();
            node.a.down();
            SQLException e = assertThrows(SQLException.class, () -> query(c, "SELECT 1"));
            assertEquals("08001", e.getSQLState());
            node.b.up();
            assertEquals(1, sooner(c, "SELECT 1"));
        }
    }

    /** On a busy machine, connecting alone may take longer than this session waits. */
    private static long sooner(Connection c, String sql) throws SQLException {
        while (true) {
            try {
                return query(c, sql);
            } catch (SQLException e) {
                assertEquals("08001", e.getSQLState(), e.toString());
            }
        }
    }

    @Test
    void a_rollback_never_fails_for_the_loss_of_its_node() throws SQLException {
        try (Connection c = node.connect()) {
            c.setAutoCommit(false);
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            node.a.down();
            c.rollback();
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (2, 'x')");
            node.a.up();
            node.b.down();
            c.rollback();
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    private Connection impatient() throws SQLException {
        return node.connect(";FAILOVER_TIMEOUT=300");
    }

    @Test
    void the_state_of_the_session_is_taken_along() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            s.execute("CREATE SCHEMA OTHER");
            c.setSchema("OTHER");
            s.execute("SET LOCK_TIMEOUT 1234");
            s.execute("SET @V = 7");
            s.execute("SET TIME ZONE 'Asia/Tokyo'");
            c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            c.setAutoCommit(false);
            node.a.down();
            assertEquals(7, query(c, "SELECT @V"));
            assertEquals("OTHER", c.getSchema());
            assertEquals(1234, query(c, "CALL LOCK_TIMEOUT()"));
            assertEquals(Connection.TRANSACTION_REPEATABLE_READ, c.getTransactionIsolation());
            assertEquals(1, query(c, "SELECT CASE WHEN CURRENT_TIMESTAMP(0)::VARCHAR LIKE '%+09' THEN 1 ELSE 0 END"));
            assertFalse(c.getAutoCommit());
            s.executeUpdate("INSERT INTO PUBLIC.ITEM VALUES (1, 'x')");
            c.rollback();
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_result_that_was_half_read_fails_with_40001() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            s.setFetchSize(10);
            ResultSet rows = s.executeQuery("SELECT X FROM SYSTEM_RANGE(1, 1000)");
            rows.next();
            node.a.down();
            SQLException e = assertThrows(SQLException.class, () -> {
                while (rows.next()) {
                    rows.getInt(1);
                }
            });
            assertEquals("40001", e.getSQLState());
            assertEquals(1, query(c, "SELECT 1"));
        }
    }

    @Test
    void a_node_that_went_silent_is_left() throws SQLException {
        try (Connection c = node.connect();
                PreparedStatement query = c.prepareStatement("SELECT 42")) {
            node.a.silent();
            try (ResultSet rows = query.executeQuery()) {
                rows.next();
                assertEquals(42, rows.getInt(1));
            }
        }
    }

    @Test
    void a_connection_on_which_an_answer_did_not_come_in_time_ends_at_its_node() throws SQLException {
        String sessions = "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SESSIONS";
        long before = node.count(sessions);
        SynodUrl url = SynodUrl.parse(node.url(";USER=sa;PASSWORD=secret"), null);
        Connector connector = new Connector(url, UUID.randomUUID(), "secret".toCharArray());
        SessionRemote remote =
                connector.connect(url.endpoints().get(0), Hello.FIRST, 5_000).remote();
        assertEquals(before + 1, node.count(sessions));
        // What H2 does then.
        List<Transfer> transfers = RemoteInternals.transfers(remote);
        assertThrows(DbException.class, () -> remote.removeServer(new SocketTimeoutException(), 0, 1));
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (node.count(sessions) > before) {
            assertTrue(System.nanoTime() < deadline, "still there");
        }
        // Until here: were it garbage, its end would prove nothing.
        assertTrue(remote.isClosed());
        Reference.reachabilityFence(transfers);
    }

    private static byte[] large(Object value) throws SQLException {
        if (value instanceof Array array) {
            return large(((Object[]) array.getArray())[0]);
        }
        if (value instanceof ResultSet row) {
            row.next();
            return large(row.getObject(1));
        }
        Blob blob = (Blob) value;
        return blob.getBytes(1, (int) blob.length());
    }

    @ParameterizedTest
    @ValueSource(strings = {"B", "ARRAY[B]", "ROW(B, 1)"})
    void a_node_that_went_silent_is_left_by_who_reads_a_large_object(String column) throws SQLException {
        String query = "SELECT " + column + ", C FROM LARGE";
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            s.execute("SET MAX_LENGTH_INPLACE_LOB 128");
            s.execute("CREATE TABLE LARGE(B BLOB, C CLOB)");
            try (PreparedStatement insert = c.prepareStatement("INSERT INTO LARGE VALUES (?, ?)")) {
                insert.setBinaryStream(1, new ByteArrayInputStream(new byte[40_000]));
                insert.setCharacterStream(2, new StringReader("x".repeat(40_000)));
                insert.executeUpdate();
            }
            c.setAutoCommit(false);
            s.execute("INSERT INTO ITEM VALUES (1, 'x')");
            try (ResultSet rows = s.executeQuery(query)) {
                assertTrue(rows.next());
                assertEquals(40_000, rows.getString(2).length());
                Object large = rows.getObject(1);
                node.a.silent();
                assertThrows(SQLException.class, () -> large(large));
            }
            SQLException e = assertThrows(SQLException.class, () -> s.execute("INSERT INTO ITEM VALUES (2, 'x')"));
            assertEquals("40001", e.getSQLState(), e.toString());
            c.rollback();
            try (ResultSet rows = s.executeQuery(query)) {
                assertTrue(rows.next());
                assertEquals(40_000, large(rows.getObject(1)).length);
            }
            c.rollback();
            s.execute("DROP TABLE LARGE");
        }
    }

    @Test
    void a_node_that_goes_silent_while_a_statement_is_prepared_again_is_left() throws SQLException {
        try (Connection c = node.connect();
                PreparedStatement query = c.prepareStatement("SELECT 4242")) {
            node.a.down();
            node.a.up();
            node.b.silentAt("SELECT 4242");
            try (ResultSet rows = query.executeQuery()) {
                rows.next();
                assertEquals(4242, rows.getInt(1));
            }
        }
    }

    @Test
    void a_statement_is_not_blamed_for_nodes_that_go_silent() throws SQLException {
        AtomicInteger silences = new AtomicInteger();
        try (Connection c = node.connect();
                PreparedStatement query = c.prepareStatement("SELECT 4242")) {
            node.a.down();
            node.a.up();
            silentInTurn(silences, 4, node.a, node.b);
            silentInTurn(silences, 4, node.b, node.a);
            try (ResultSet rows = query.executeQuery()) {
                rows.next();
                assertEquals(4242, rows.getInt(1));
            }
        }
        assertEquals(4, silences.get());
    }

    /** The other one has answered again by the time that this one's silence is noticed. */
    private static void silentInTurn(AtomicInteger silences, int limit, CutProxy one, CutProxy other) {
        one.silentAt("SELECT 4242", () -> {
            other.awake();
            if (silences.incrementAndGet() == limit) {
                one.silentAt("no such text");
                other.silentAt("no such text");
            }
        });
    }

    @Test
    void a_slow_statement_on_a_node_that_answers_is_left_alone() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            s.execute("CREATE ALIAS NAP FOR '" + StockNode.class.getName() + ".nap'");
            assertEquals(2500, query(c, "CALL NAP(2500)"));
            assertEquals(0, node.a.cuts());
            assertEquals(0, node.asked().size());
        }
    }

    @Test
    void metadata_objects_survive() throws SQLException {
        try (Connection c = node.connect()) {
            DatabaseMetaData meta = c.getMetaData();
            node.a.down();
            try (ResultSet tables = meta.getTables(null, "PUBLIC", null, null)) {
                assertTrue(tables.next());
            }
            assertTrue(meta.getURL().startsWith("jdbc:synod:h2://"), meta.getURL());
            assertEquals("H2", meta.getDatabaseProductName());
        }
    }

    @Test
    void what_only_a_nodes_release_decides_is_asked_for_once_on_each_node() throws SQLException {
        try (Connection c = node.connect()) {
            DatabaseMetaData meta = c.getMetaData();
            String version = meta.getDatabaseProductVersion();
            String functions = meta.getNumericFunctions();
            int major = meta.getDatabaseMajorVersion();
            // Nothing is asked, or the request would be lost.
            node.a.cutRequest(0);
            assertEquals(version, c.getMetaData().getDatabaseProductVersion());
            assertEquals(functions, c.getMetaData().getNumericFunctions());
            assertEquals(major, c.getMetaData().getDatabaseMajorVersion());
            assertEquals(0, node.a.cuts());
            assertTrue(meta.getSQLKeywords().contains("GROUPS"));
            assertEquals(1, node.a.cuts());
            // On the other node it is asked for again.
            node.b.cutRequest(0);
            assertEquals(version, meta.getDatabaseProductVersion());
            assertEquals(1, node.b.cuts());
        }
    }

    @Test
    void a_statement_that_always_loses_the_connection_is_given_up() throws SQLException {
        try (Connection c = node.connect();
                PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (1, 'x')")) {
            // RESOLVE's answer is under way when the next cut is ordered: after it comes the prepare, then the execute.
            node.resolveBy((session, number) -> {
                (node.asked().size() % 2 == 1 ? node.b : node.a).cutRequest(CLOSE_AND_PREPARE);
                return false;
            });
            node.a.cutRequest(0);
            SQLException e = assertThrows(SQLException.class, insert::executeUpdate);
            assertEquals("40001", e.getSQLState());
            assertEquals(3, node.a.cuts() + node.b.cuts());
            assertEquals(3, node.asked().size());
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    private static long query(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private interface SqlSupplier {
        long get() throws SQLException;
    }

    private static long unchecked(SqlSupplier call) {
        try {
            return call.get();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
