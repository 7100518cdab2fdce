package io.synod.engine.session;

import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.h2.engine.Constants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** H2 keeps the last result of a statement, and gives it again while it believes that nothing has changed since. */
class KeptResultsTest {
    private static final String SELECT = "SELECT v FROM t WHERE k = ?";

    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();

    /** When it does not any more, {@link org.h2.engine.SynodEngineBridge#rollback} is not needed. */
    @Test
    void stock_h2_shows_what_a_transaction_has_read_that_was_rolled_back() throws Exception {
        String url = "jdbc:h2:mem:kept";
        try (Connection reader = DriverManager.getConnection(url);
                Connection writer = DriverManager.getConnection(url)) {
            create(writer);
            readOld(reader, writer, Connection.TRANSACTION_SERIALIZABLE);
            try (PreparedStatement kept = reader.prepareStatement(SELECT)) {
                assertEquals(0, read(kept, 1));
                reader.rollback();
                assertEquals(0, read(kept, 1), "it does not any more");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                Connection.TRANSACTION_REPEATABLE_READ,
                Constants.TRANSACTION_SNAPSHOT,
                Connection.TRANSACTION_SERIALIZABLE
            })
    void on_the_leader_it_is_read_anew(int level) throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection reader = a.connect();
                Connection writer = a.connect()) {
            create(writer);
            isReadAnew(reader, writer, level);
        }
    }

    /** There statements are kept over there even for an application that prepares them anew each time. */
    @ParameterizedTest
    @ValueSource(
            ints = {
                Connection.TRANSACTION_REPEATABLE_READ,
                Constants.TRANSACTION_SNAPSHOT,
                Connection.TRANSACTION_SERIALIZABLE
            })
    void through_a_follower_it_is_read_anew(int level) throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection reader = b.connect();
                    Connection writer = a.connect()) {
                create(writer);
                readOld(reader, writer, level);
                assertEquals(0, read(reader, 1));
                SQLException changed =
                        assertThrows(SQLException.class, () -> run(reader, "UPDATE t SET v = v + 10 WHERE k = 1"));
                assertEquals("40001", changed.getSQLState());
                reader.rollback();
                assertEquals(1, read(reader, 1));
            }
        }
    }

    private static void isReadAnew(Connection reader, Connection writer, int level) throws SQLException {
        readOld(reader, writer, level);
        try (PreparedStatement kept = reader.prepareStatement(SELECT)) {
            assertEquals(0, read(kept, 1));
            reader.rollback();
            assertEquals(1, read(kept, 1));
        }
    }

    private static void create(Connection c) throws SQLException {
        run(c, "CREATE TABLE t(k INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 0), (2, 0)");
    }

    /** Leaves a transaction open in which row 1 is as it was before its last change. */
    private static void readOld(Connection reader, Connection writer, int level) throws SQLException {
        reader.setAutoCommit(false);
        reader.setTransactionIsolation(level);
        assertEquals(0, read(reader, 2));
        run(writer, "UPDATE t SET v = 1 WHERE k = 1");
    }

    private static int read(Connection c, int key) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(SELECT)) {
            return read(s, key);
        }
    }

    private static int read(PreparedStatement s, int key) throws SQLException {
        s.setInt(1, key);
        try (ResultSet rows = s.executeQuery()) {
            rows.next();
            return rows.getInt(1);
        }
    }
}
