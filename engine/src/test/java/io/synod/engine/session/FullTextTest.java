package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Members;
import io.synod.replica.Snapshots;
import io.synod.replica.Snapshots.Incoming;
import io.synod.replica.Snapshots.Outgoing;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** H2's native full-text search on three members in one process, beside the same on stock H2. */
class FullTextTest {
    private static final String INIT =
            "CREATE ALIAS IF NOT EXISTS FT_INIT FOR 'org.h2.fulltext.FullText.init'; CALL FT_INIT()";

    private static final String DOC = "CREATE TABLE DOC(ID INT PRIMARY KEY, TITLE VARCHAR, BODY CLOB)";
    private static final String INDEX = "CALL FT_CREATE_INDEX('PUBLIC', 'DOC', NULL)";

    @TempDir
    Path directory;

    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();
    private TestNode a;
    private TestNode b;
    private TestNode c;
    private Connection stock;

    @BeforeEach
    void start() throws Exception {
        a = new TestNode(group, "a", directory, peers);
        b = new TestNode(group, "b", directory, peers);
        c = new TestNode(group, "c", directory, peers);
        a.lead();
        stock = DriverManager.getConnection("jdbc:h2:mem:" + UUID.randomUUID());
    }

    @AfterEach
    void stop() throws SQLException {
        List.copyOf(peers.values()).forEach(TestNode::close);
        stock.close();
    }

    private List<TestNode> nodes() {
        return List.of(a, b, c);
    }

    /** On stock H2 and on Synod. */
    private void both(TestNode at, String... statements) throws SQLException {
        run(stock, statements);
        at(at, statements);
    }

    private static void at(TestNode node, String... statements) throws SQLException {
        try (Connection connection = node.connect()) {
            run(connection, statements);
        }
    }

    private static Set<String> found(Connection connection, String sql) throws SQLException {
        Set<String> rows = new TreeSet<>();
        try (Statement s = connection.createStatement();
                ResultSet found = s.executeQuery(sql)) {
            while (found.next()) {
                StringBuilder row = new StringBuilder();
                for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
                    row.append(found.getMetaData().getColumnLabel(i))
                            .append('=')
                            .append(found.getString(i))
                            .append(' ');
                }
                assertTrue(rows.add(row.toString()), row + " twice: " + sql);
            }
        }
        return rows;
    }

    /** Every node finds what stock H2 finds, at each level. */
    private void assertFound(String text) throws SQLException {
        for (String function : List.of("FT_SEARCH", "FT_SEARCH_DATA")) {
            for (String form : List.of("CALL ", "SELECT * FROM ")) {
                String sql = form + function + "('" + text + "', 0, 0)";
                Set<String> expected = found(stock, sql);
                for (TestNode node : nodes()) {
                    try (Connection connection = node.connect()) {
                        assertEquals(expected, found(connection, sql), sql);
                        run(connection, "SET READ LOCAL");
                        assertEquals(expected, found(connection, sql), sql);
                    }
                }
            }
        }
    }

    private static long count(TestNode node, String word) throws SQLException {
        try (Connection connection = node.connect()) {
            return count(connection, word);
        }
    }

    private static long count(Connection connection, String word) throws SQLException {
        return number(connection, "SELECT COUNT(*) FROM FT_SEARCH('" + word + "', 0, 0)");
    }

    private void assertEqualMembers() throws SQLException {
        TestNode leader = nodes().stream()
                .filter(n -> n.log().servingEpoch() != 0)
                .findFirst()
                .orElseThrow();
        long index = leader.database().administration().startDigest();
        nodes().forEach(n -> n.log().drain());
        assertFalse(leader.database().administration().digest(index).isEmpty());
        for (TestNode node : nodes()) {
            assertEquals(
                    leader.database().administration().digest(index),
                    node.database().administration().digest(index));
        }
    }

    private void indexed() throws SQLException {
        both(a, INIT, DOC, "INSERT INTO DOC VALUES(1, 'Hello World', 'first'), (2, 'Hello moon', NULL)", INDEX);
    }

    @Test
    void every_node_finds_what_stock_h2_finds_whoever_has_written_it() throws Exception {
        indexed();
        assertFound("hello");
        both(a, "INSERT INTO DOC VALUES(3, 'new words: sun, stars', 'and hello there')");
        both(b, "INSERT INTO DOC VALUES(4, 'more-stars', 'O''Brien hello')");
        both(c, "UPDATE DOC SET TITLE = 'goodbye sun' WHERE ID = 2", "DELETE FROM DOC WHERE ID = 1");
        both(b, "UPDATE DOC SET ID = 40 WHERE ID = 4");
        for (String text :
                List.of("hello", "HELLO stars", "world", "moon", "sun", "brien", "null", "nothing", "", " , ")) {
            assertFound(text);
        }
        try (Connection connection = b.connect()) {
            assertEquals(1, number(connection, "SELECT COUNT(*) FROM FT_SEARCH('hello', 1, 0)"));
            assertEquals(1, number(connection, "SELECT COUNT(*) FROM FT_SEARCH('hello', 10, 1)"));
            assertEquals(
                    Set.of("ID=3 "),
                    found(
                            connection,
                            "SELECT T.ID FROM FT_SEARCH_DATA('there', 0, 0) FT, DOC T"
                                    + " WHERE FT.\"TABLE\" = 'DOC' AND T.ID = CAST(FT.\"KEYS\"[1] AS INT)"));
        }
        assertEqualMembers();
    }

    @Test
    void a_call_through_a_follower_or_with_parameters_does_the_same() throws Exception {
        both(b, INIT, DOC, "INSERT INTO DOC VALUES(1, 'Hello', 'x')");
        callWithParameters(stock);
        try (Connection connection = b.connect()) {
            callWithParameters(connection);
        }
        both(c, "INSERT INTO DOC VALUES(2, 'hello again', 'not indexed')");
        assertFound("hello");
        assertFound("again");
        assertFound("indexed");
        assertFound("2");
        assertEqualMembers();
    }

    private static void callWithParameters(Connection connection) throws SQLException {
        try (PreparedStatement call = connection.prepareStatement("CALL FT_CREATE_INDEX(?, ?, ?)")) {
            call.setString(1, "PUBLIC");
            call.setString(2, "DOC");
            call.setString(3, "TITLE,ID");
            try (ResultSet row = call.executeQuery()) {
                assertTrue(row.next());
                assertNull(row.getObject(1));
                assertFalse(row.next());
            }
        }
        try (Statement s = connection.createStatement()) {
            assertEquals(0, s.executeUpdate("CALL FT_INIT()"));
        }
    }

    @Test
    void words_of_a_transaction_that_was_rolled_back_are_found_when_another_commits_them() throws Exception {
        indexed();
        for (TestNode node : nodes()) {
            try (Connection first = node.connect();
                    Connection second = node.connect()) {
                first.setAutoCommit(false);
                run(first, "INSERT INTO DOC VALUES(10, 'phoenix', 'ashes')");
                assertEquals(1, count(first, "phoenix"), "a transaction finds what it has written");
                assertEquals(0, count(second, "phoenix"));
                first.rollback();
                assertEquals(0, count(first, "phoenix"));
                run(second, "INSERT INTO DOC VALUES(11, 'phoenix', 'again')");
            }
            for (TestNode each : nodes()) {
                assertEquals(1, count(each, "phoenix"));
                assertEquals(0, count(each, "ashes"));
            }
            at(node, "DELETE FROM DOC WHERE ID = 11", "DELETE FROM FT.WORDS WHERE NAME IN ('PHOENIX', 'AGAIN')");
        }
        assertEqualMembers();
    }

    @Test
    void two_transactions_with_the_same_new_word_wait_for_each_other_and_are_both_found() throws Exception {
        indexed();
        try (Connection first = a.connect();
                Connection second = b.connect()) {
            first.setAutoCommit(false);
            run(first, "INSERT INTO DOC VALUES(10, 'shared', NULL)");
            run(second, "SET LOCK_TIMEOUT 60000");
            CompletableFuture<Void> waiting = CompletableFuture.runAsync(() -> {
                try {
                    run(second, "INSERT INTO DOC VALUES(11, 'shared', NULL)");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            first.rollback();
            waiting.get();
            run(first, "INSERT INTO DOC VALUES(12, 'shared', NULL)");
            first.commit();
        }
        for (TestNode node : nodes()) {
            assertEquals(2, count(node, "shared"));
        }
        assertEqualMembers();
    }

    @Test
    void it_goes_on_after_changes_of_leader_and_restarts() throws Exception {
        indexed();
        b.lead();
        both(c, "INSERT INTO DOC VALUES(3, 'hello from b', NULL)");
        b.kill();
        c.lead();
        b = new TestNode(group, "b", directory, peers);
        b.log().drain();
        both(b, "INSERT INTO DOC VALUES(4, 'hello from c', NULL)", "DELETE FROM DOC WHERE ID = 1");
        nodes().forEach(TestNode::close);
        a = new TestNode(group, "a", directory, peers);
        b = new TestNode(group, "b", directory, peers);
        c = new TestNode(group, "c", directory, peers);
        nodes().forEach(n -> n.log().drain());
        b.lead();
        both(a, "UPDATE DOC SET TITLE = 'hello after all' WHERE ID = 2");
        for (String text : List.of("hello", "moon", "all", "from", "world")) {
            assertFound(text);
        }
        assertEqualMembers();
    }

    @Test
    void it_is_in_a_snapshot() throws Exception {
        indexed();
        Snapshots ofA = a.database().storage().snapshots(new Members(List.of()), false, () -> {});
        Snapshots ofB = b.database().storage().snapshots(new Members(List.of()), false, () -> {});
        try (Outgoing from = ofA.take(a.database().appliedIndex());
                Incoming to = ofB.receive(from.header())) {
            byte[] all = new byte[(int) from.header().length()];
            to.write(Arrays.copyOf(all, from.read(0, all)));
            to.install();
        }
        assertFound("hello");
        b.lead();
        both(c, "INSERT INTO DOC VALUES(3, 'hello again', NULL)");
        assertFound("hello");
        assertFound("again");
        assertEqualMembers();
    }

    @Test
    void ignored_words_and_whitespace_are_the_same_everywhere() throws Exception {
        both(
                a,
                INIT,
                "CREATE ALIAS FT_SET_IGNORE_LIST FOR 'org.h2.fulltext.FullText.setIgnoreList'",
                "CREATE ALIAS FT_SET_WHITESPACE_CHARS FOR 'org.h2.fulltext.FullText.setWhitespaceChars'",
                DOC,
                "INSERT INTO DOC VALUES(1, 'the cat-fish', 'of a x_y'), (2, 'to be', NULL)",
                INDEX);
        both(b, "CALL FT_SET_IGNORE_LIST('the,of,To')");
        both(c, "CALL FT_SET_WHITESPACE_CHARS(' _')");
        both(b, "INSERT INTO DOC VALUES(3, 'the dog-fish', 'x_y')", "CALL FT_REINDEX()");
        both(a, "INSERT INTO DOC VALUES(4, 'the dog-fish of', 'y')");
        for (String text :
                List.of("the", "to", "cat", "fish", "cat-fish", "dog-fish", "the dog-fish", "x", "x_y", "be")) {
            assertFound(text);
        }
        a.lead();
        c.kill();
        c = new TestNode(group, "c", directory, peers);
        c.log().drain();
        c.lead();
        both(c, "INSERT INTO DOC VALUES(5, 'of dog-fish', 'y')");
        assertFound("dog-fish");
        assertFound("of");
        assertEqualMembers();
    }

    @Test
    void an_index_is_dropped_with_all_that_it_knew_and_may_be_made_again() throws Exception {
        indexed();
        both(a, "CREATE TABLE NOTE(A VARCHAR(10), B INT, TEXT VARCHAR, PRIMARY KEY(B, A))");
        both(b, "INSERT INTO NOTE VALUES('x', 1, 'hello note')", "CALL FT_CREATE_INDEX('PUBLIC', 'NOTE', 'TEXT')");
        assertFound("hello");
        both(c, "CALL FT_DROP_INDEX('PUBLIC', 'DOC')", "CALL FT_DROP_INDEX('PUBLIC', 'NONE')");
        both(a, "INSERT INTO DOC VALUES(3, 'hello unseen', NULL)");
        assertFound("hello");
        assertFound("unseen");
        both(b, INDEX);
        assertFound("unseen");
        both(c, "CALL FT_DROP_ALL()");
        both(a, "INSERT INTO DOC VALUES(4, 'after', NULL)", "INSERT INTO NOTE VALUES('y', 1, 'after')");
        try (Connection connection = b.connect()) {
            assertEquals(0, number(connection, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.TRIGGERS"));
            assertEquals(
                    0, number(connection, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = 'FT'"));
        }
        both(b, "CALL FT_INIT()", INDEX);
        assertFound("hello");
        assertFound("after");
        assertEqualMembers();
    }

    @Test
    void truncate_and_drop_table_leave_the_index_as_they_do_in_stock_h2() throws Exception {
        indexed();
        both(b, "TRUNCATE TABLE DOC");
        assertFound("hello");
        both(b, "CALL FT_REINDEX()", "INSERT INTO DOC VALUES(1, 'hello again', NULL)");
        assertFound("hello");
        both(c, "DROP TABLE DOC");
        // Stock H2 ends with a NullPointerException.
        assertThrows(SQLException.class, () -> found(stock, "CALL FT_SEARCH('hello', 0, 0)"));
        for (TestNode node : nodes()) {
            assertEquals(0, count(node, "hello"));
        }
        both(a, "CALL FT_DROP_INDEX('PUBLIC', 'DOC')", DOC, "INSERT INTO DOC VALUES(7, 'hello new', NULL)", INDEX);
        assertFound("hello");
        assertEqualMembers();
    }

    @Test
    void an_altered_table_stays_indexed_and_a_renamed_one_is_indexed_anew() throws Exception {
        indexed();
        at(b, "ALTER TABLE DOC ADD COLUMN EXTRA VARCHAR", "INSERT INTO DOC VALUES(3, 'hello', NULL, 'extra')");
        at(c, "UPDATE DOC SET EXTRA = 'much' WHERE ID = 1");
        for (TestNode node : nodes()) {
            assertEquals(3, count(node, "hello"));
            assertEquals(1, count(node, "extra"));
            assertEquals(1, count(node, "much"));
        }
        at(a, "ALTER TABLE DOC RENAME TO PAPER", "INSERT INTO PAPER VALUES(4, 'hello', NULL, NULL)");
        b.lead();
        at(b, "INSERT INTO PAPER VALUES(5, 'hello', NULL, NULL)", "CALL FT_DROP_INDEX('PUBLIC', 'DOC')");
        at(c, "CALL FT_CREATE_INDEX('PUBLIC', 'PAPER', NULL)", "INSERT INTO PAPER VALUES(6, 'hello', NULL, NULL)");
        for (TestNode node : nodes()) {
            assertEquals(6, count(node, "hello"));
        }
        assertEqualMembers();
    }

    @Test
    void errors_are_those_of_h2_and_leave_nothing_behind() throws Exception {
        indexed();
        both(a, "CREATE TABLE KEYLESS(X VARCHAR)", "CREATE TABLE OTHER(ID INT PRIMARY KEY)");
        for (String sql : List.of(
                INDEX,
                "CALL FT_CREATE_INDEX('PUBLIC', 'KEYLESS', NULL)",
                "CALL FT_CREATE_INDEX('PUBLIC', 'NONE', NULL)",
                "CALL FT_CREATE_INDEX('NONE', 'DOC', NULL)",
                "CALL FT_CREATE_INDEX('PUBLIC', 'OTHER', 'NONE')")) {
            String expected =
                    assertThrows(SQLException.class, () -> run(stock, sql), sql).getSQLState();
            for (TestNode node : nodes()) {
                SQLException e = assertThrows(SQLException.class, () -> at(node, sql), sql);
                assertEquals(expected, e.getSQLState(), sql + ": " + e);
            }
        }
        at(b, "CALL FT_CREATE_INDEX('PUBLIC', 'OTHER', NULL)", "INSERT INTO OTHER VALUES(77)");
        assertEquals(1, count(c, "77"));
        for (String sql : List.of("SELECT FT_INIT()", "SELECT FT_DROP_ALL() FROM DOC", "VALUES FT_REINDEX()")) {
            for (TestNode node : nodes()) {
                SQLException e = assertThrows(SQLException.class, () -> at(node, sql), sql);
                assertEquals("0A000", e.getSQLState(), sql + ": " + e);
            }
        }
        assertEquals(2, count(c, "hello"));
        assertEqualMembers();
    }

    @Test
    void an_index_has_the_rows_of_those_who_write_while_it_is_made() throws Exception {
        at(a, INIT, DOC);
        try (Connection writing = b.connect();
                Connection making = c.connect()) {
            // Its last row waits until the index is made.
            run(writing, "SET LOCK_TIMEOUT 60000");
            writing.setAutoCommit(false);
            run(writing, "INSERT INTO DOC VALUES(1, 'early', NULL)");
            run(making, "SET LOCK_TIMEOUT 60000");
            CompletableFuture<Void> made = CompletableFuture.runAsync(() -> {
                try {
                    run(making, INDEX);
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            run(writing, "INSERT INTO DOC VALUES(2, 'early', NULL)");
            writing.commit();
            run(writing, "INSERT INTO DOC VALUES(3, 'early', NULL)");
            writing.commit();
            made.get();
        }
        for (TestNode node : nodes()) {
            assertEquals(3, count(node, "early"));
        }
        assertEqualMembers();
    }

    @Test
    void random_changes_keep_all_members_equal() throws Exception {
        long seed = System.nanoTime();
        System.out.println("FullTextTest seed " + seed);
        Random random = new Random(seed);
        both(
                a,
                INIT,
                DOC,
                "INSERT INTO DOC SELECT X, 'word' || MOD(X, 97) || ' w' || X, NULL FROM SYSTEM_RANGE(1, 300)");
        both(b, INDEX);
        for (int i = 0; i < 90; i++) {
            TestNode node = nodes().get(random.nextInt(3));
            int id = random.nextInt(330);
            String words = "word" + random.nextInt(120) + " v" + random.nextInt(50);
            both(
                    node,
                    switch (random.nextInt(4)) {
                        case 0 -> "DELETE FROM DOC WHERE ID = " + id;
                        case 1 -> "MERGE INTO DOC VALUES(" + id + ", '" + words + "', 'body')";
                        default -> "UPDATE DOC SET TITLE = '" + words + "' WHERE ID BETWEEN " + id + " AND " + (id + 3);
                    });
            if (i % 30 == 15) {
                nodes().get(random.nextInt(3)).lead();
            }
        }
        for (int i = 0; i < 10; i++) {
            assertFound("word" + random.nextInt(120));
            assertFound("v" + random.nextInt(50));
        }
        assertFound("body");
        assertEqualMembers();
    }

    @Test
    void an_index_that_is_larger_than_an_entry_of_the_log_goes_in_parts() throws Exception {
        int docs = 2_500;
        at(a, INIT, DOC, "INSERT INTO DOC SELECT X, 'all w' || X, NULL FROM SYSTEM_RANGE(1, " + docs + ")");
        at(b, INDEX);
        for (TestNode node : nodes()) {
            assertEquals(docs, count(node, "all"));
            assertEquals(1, count(node, "w" + docs));
        }
        at(b, "CALL FT_REINDEX()");
        b.lead();
        assertEquals(docs, count(c, "all"));
        at(c, "CALL FT_DROP_INDEX('PUBLIC', 'DOC')");
        for (String table : List.of("ROWS", "MAP")) {
            try (Connection connection = a.connect()) {
                assertEquals(0, number(connection, "SELECT COUNT(*) FROM FT." + table));
            }
        }
        assertEqualMembers();
    }

    @Test
    void an_isolated_transaction_may_make_an_index_and_commits() throws Exception {
        at(a, INIT, DOC);
        for (TestNode node : List.of(a, b)) {
            try (Connection connection = node.connect()) {
                connection.setAutoCommit(false);
                connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                run(connection, "INSERT INTO DOC VALUES(" + (node == a ? 1 : 2) + ", 'isolated', NULL)");
                run(connection, INDEX);
                connection.rollback();
                assertEquals(node == a ? 1 : 2, count(connection, "isolated"));
                run(connection, "CALL FT_DROP_INDEX('PUBLIC', 'DOC')");
                connection.rollback();
                assertEquals(0, count(connection, "isolated"));
            }
        }
        assertEqualMembers();
    }

    @Test
    void a_call_whose_answer_was_lost_is_looked_up_and_one_that_was_not_executed_is_tried_again() throws Exception {
        at(a, INIT, DOC, "INSERT INTO DOC VALUES(1, 'hello', NULL)");
        try (Connection connection = c.connect()) {
            a.loseNextAnswer(b::lead);
            try (Statement s = connection.createStatement();
                    ResultSet row = s.executeQuery(INDEX)) {
                assertTrue(row.next());
                assertNull(row.getObject(1));
            }
            assertEquals(1, count(connection, "hello"));
            b.breakBeforeNext(a::lead);
            String drop = "CALL FT_DROP_INDEX('PUBLIC', 'DOC')";
            SQLException lost = assertThrows(SQLException.class, () -> run(connection, drop));
            assertEquals("40001", lost.getSQLState(), lost.toString());
            assertEquals(1, count(connection, "hello"));
            run(connection, drop);
            assertEquals(0, count(connection, "hello"));
        }
        assertEqualMembers();
    }

    @Test
    void a_call_in_whose_middle_the_leader_changes_is_done_or_may_be_repeated() throws Exception {
        at(a, INIT, DOC, "INSERT INTO DOC VALUES(1, 'hello', NULL)");
        int repeated = 0;
        for (TestNode node : List.of(a, c)) {
            for (int entries = 1; entries <= 6; entries++) {
                repeated += interrupted(node, entries, INDEX);
                at(b, "MERGE INTO DOC VALUES(2, 'hello', NULL)");
                assertEquals(2, count(node, "hello"));
                repeated += interrupted(node, entries, "CALL FT_REINDEX()");
                assertEquals(2, count(node, "hello"));
                repeated += interrupted(node, entries, "CALL FT_DROP_INDEX('PUBLIC', 'DOC')");
                assertEquals(0, count(node, "hello"));
                repeated += interrupted(node, entries, "CALL FT_DROP_ALL()");
                repeated += interrupted(node, entries, "CALL FT_INIT()");
                at(b, "DELETE FROM DOC WHERE ID = 2");
            }
        }
        assertTrue(repeated > 0, "no call was interrupted");
        assertEqualMembers();
    }

    /** @return how often it had to be repeated */
    private int interrupted(TestNode node, int entries, String sql) throws SQLException {
        a.lead();
        group.afterEntries(entries, b::lead);
        try {
            at(node, sql);
            return 0;
        } catch (SQLException e) {
            assertEquals("40001", e.getSQLState(), sql + ": " + e);
            at(node, sql);
            return 1;
        } finally {
            group.afterEntries(Integer.MAX_VALUE / 2, () -> {});
        }
    }

    @Test
    void members_in_memory_do_not_share_what_they_know() throws Exception {
        MemoryGroup inMemory = new MemoryGroup();
        Map<String, TestNode> members = new HashMap<>();
        try (TestNode first = new TestNode(inMemory, "a", null, members);
                TestNode second = new TestNode(inMemory, "b", null, members)) {
            first.lead();
            at(second, INIT, DOC, INDEX, "INSERT INTO DOC VALUES(1, 'hello', NULL)");
            second.lead();
            at(first, "INSERT INTO DOC VALUES(2, 'hello', NULL)");
            assertEquals(2, count(first, "hello"));
            assertEquals(2, count(second, "hello"));
        }
    }

    @Test
    void a_user_who_may_not_read_the_index_is_told_so_as_in_h2() throws Exception {
        indexed();
        both(a, "CREATE USER READER PASSWORD 'r'", "GRANT SELECT, INSERT ON DOC TO READER");
        try (Connection plain = DriverManager.getConnection(stock.getMetaData().getURL(), "READER", "r")) {
            for (TestNode node : nodes()) {
                try (Connection connection = node.connect("READER", "r", Map.of())) {
                    for (String sql : List.of(
                            "CALL FT_SEARCH('hello', 0, 0)",
                            "SELECT * FROM FT_SEARCH('hello', 0, 0)",
                            "INSERT INTO DOC VALUES(9, 'x', NULL)")) {
                        SQLException expected = assertThrows(SQLException.class, () -> run(plain, sql), sql);
                        SQLException e = assertThrows(SQLException.class, () -> run(connection, sql), sql);
                        assertEquals(expected.getSQLState(), e.getSQLState(), sql + ": " + e);
                    }
                }
            }
        }
        both(b, "GRANT ALL ON SCHEMA FT TO READER");
        try (Connection connection = c.connect("READER", "r", Map.of())) {
            run(connection, "INSERT INTO DOC VALUES(9, 'hello reader', NULL)");
            assertEquals(1, count(connection, "reader"));
            assertThrows(SQLException.class, () -> run(connection, "CALL FT_DROP_INDEX('PUBLIC', 'DOC')"));
        }
        assertEquals(1, count(a, "reader"));
        assertEqualMembers();
    }
}
