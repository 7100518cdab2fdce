package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import org.h2.engine.Constants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Above READ COMMITTED H2 fixes what a transaction sees at its first statement of any kind: that must be one of the application's transaction. */
class OldSnapshotsTest {
    /** What the driver's setReadOnly says. */
    private static final String READ_ONLY = "SET READ ONLY TRUE";

    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();

    private static void create(Connection c) throws SQLException {
        run(c, "CREATE TABLE t(v INT)", "INSERT INTO t VALUES (0)");
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                Connection.TRANSACTION_REPEATABLE_READ,
                Constants.TRANSACTION_SNAPSHOT,
                Connection.TRANSACTION_SERIALIZABLE
            })
    void what_a_failed_read_saw_is_not_shown_to_the_next_one(int level) throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection reader = a.connect();
                Connection writer = a.connect()) {
            create(writer);
            reader.setTransactionIsolation(level);
            assertThrows(SQLException.class, () -> number(reader, "SELECT 1 / v FROM t"));
            run(writer, "UPDATE t SET v = 1");
            assertEquals(1, number(reader, "SELECT v FROM t"));
        }
    }

    /** A setting is a statement for H2, too; the driver makes some of its own accord. */
    @Test
    void what_a_setting_saw_is_not_shown_to_a_transaction_behind_it() throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection reader = a.connect();
                Connection writer = a.connect();
                Statement s = reader.createStatement()) {
            create(writer);
            reader.setAutoCommit(false);
            reader.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            s.setQueryTimeout(100);
            run(writer, "UPDATE t SET v = 1");
            run(reader, READ_ONLY);
            assertEquals(1, number(reader, "SELECT v FROM t"));
        }
    }

    @Test
    void a_session_sees_its_own_commit_on_a_node_that_has_become_the_leader() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection c = a.connect()) {
                create(c);
            }
            try (Connection c = b.connect();
                    Statement s = c.createStatement()) {
                c.setAutoCommit(false);
                c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
                s.setQueryTimeout(100);
                run(c, "UPDATE t SET v = 1");
                c.commit();
                b.lead();
                assertEquals(1, number(c, "SELECT v FROM t"));
            }
        }
    }

    /**
     * The leader has slept: another one has led and committed meanwhile, and it finds that out when it asks whether it may read.
     */
    @ParameterizedTest
    @CsvSource({
        "4, SELECT v FROM t",
        "6, SELECT v FROM t",
        "8, SELECT v FROM t",
        "4, SELECT v FROM t WHERE EXISTS(SELECT * FROM u)"
    })
    void a_read_only_transaction_begins_with_what_was_committed_before_its_first_read(int level, String sql)
            throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection reader = a.connect();
                    Connection writer = b.connect()) {
                create(writer);
                run(writer, "CREATE TABLE u(i INT)", "INSERT INTO u VALUES (1)");
                reader.setTransactionIsolation(level);
                run(reader, READ_ONLY);
                reader.setAutoCommit(false);
                for (int v = 1; v <= 3; v++) {
                    String next = "UPDATE t SET v = " + v;
                    group.withoutLease(true);
                    group.beforeNextConfirmation(() -> {
                        group.withoutLease(false);
                        b.lead();
                        assertDoesNotThrow(() -> run(writer, next));
                    });
                    assertEquals(v, number(reader, sql));
                    run(writer, "UPDATE t SET v = 100");
                    assertEquals(v, number(reader, sql), "it has one snapshot");
                    reader.commit();
                    a.lead();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_SERIALIZABLE})
    void what_a_read_saw_that_could_not_be_confirmed_is_not_shown_to_the_next_one(int level) throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection reader = a.connect();
                Connection writer = a.connect()) {
            create(writer);
            reader.setTransactionIsolation(level);
            run(reader, READ_ONLY);
            reader.setAutoCommit(false);
            group.withoutLease(true);
            group.withoutMajority(true);
            SQLException e = assertThrows(SQLException.class, () -> number(reader, "SELECT v FROM t"));
            assertEquals("HYT00", e.getSQLState(), e.toString());
            group.withoutLease(false);
            group.withoutMajority(false);
            run(writer, "UPDATE t SET v = 1");
            assertEquals(1, number(reader, "SELECT v FROM t"));
        }
    }

    /** Under REPEATABLE READ a table is as it was when the transaction read it first, which may be late. */
    @Test
    void a_table_that_is_read_later_is_as_it_is_then() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection reader = a.connect();
                    Connection writer = b.connect()) {
                create(writer);
                run(writer, "CREATE TABLE u(i INT)", "INSERT INTO u VALUES (0)");
                reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                run(reader, READ_ONLY);
                reader.setAutoCommit(false);
                assertEquals(0, number(reader, "SELECT v FROM t"));
                group.withoutLease(true);
                group.beforeNextConfirmation(() -> {
                    group.withoutLease(false);
                    b.lead();
                    assertDoesNotThrow(() -> run(writer, "UPDATE t SET v = 1", "UPDATE u SET i = 1"));
                });
                assertEquals(1, number(reader, "SELECT i FROM u"));
                assertEquals(0, number(reader, "SELECT v FROM t"));
            }
        }
    }
}
