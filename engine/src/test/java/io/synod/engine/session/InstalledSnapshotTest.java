package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Members;
import io.synod.replica.Snapshots;
import io.synod.replica.Snapshots.Incoming;
import io.synod.replica.Snapshots.Outgoing;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A member with open sessions whose copy is replaced by a snapshot of the leader's. */
class InstalledSnapshotTest {
    @TempDir
    Path directory;

    private final MemoryGroup group = new MemoryGroup();
    private TestNode a;
    private TestNode b;

    @BeforeEach
    void start() throws SQLException, IOException {
        Map<String, TestNode> peers = new HashMap<>();
        a = new TestNode(group, "a", directory, peers);
        b = new TestNode(group, "b", directory, peers);
        try (Connection c = a.connectLeading()) {
            execute(c, "CREATE TABLE T(ID INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, X VARCHAR)");
            execute(c, "CREATE SEQUENCE S");
            execute(c, "INSERT INTO T(X) VALUES('before')");
        }
    }

    @AfterEach
    void stop() {
        a.close();
        b.close();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String value(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private static Snapshots of(TestNode node) {
        return node.database().snapshots(new Members(List.of()), false, () -> {});
    }

    private void install() throws IOException {
        try (Outgoing from = of(a).take(a.database().appliedIndex());
                Incoming to = of(b).receive(from.header())) {
            byte[] all = new byte[(int) from.header().length()];
            to.write(Arrays.copyOf(all, from.read(0, all)));
            to.install();
            assertEquals(from.header().index(), b.database().appliedIndex());
            assertEquals(from.header(), of(b).installed());
        }
    }

    @Test
    void a_session_goes_on_with_its_state_and_its_prepared_statements() throws Exception {
        try (Connection c = b.connect();
                Connection leader = a.connect()) {
            execute(c, "SET @V = 17");
            execute(c, "SET SCHEMA INFORMATION_SCHEMA");
            try (PreparedStatement count = c.prepareStatement("SELECT COUNT(*) FROM PUBLIC.T WHERE X <> ?")) {
                count.setString(1, "none");
                try (ResultSet rows = count.executeQuery()) {
                    assertTrue(rows.next());
                    assertEquals(1, rows.getInt(1));
                }
                execute(leader, "INSERT INTO T(X) VALUES('after')");
                execute(leader, "CREATE TABLE U(ID INT)");
                install();
                try (ResultSet rows = count.executeQuery()) {
                    assertTrue(rows.next());
                    assertEquals(2, rows.getInt(1));
                }
            }
            assertEquals("17", value(c, "SELECT @V"));
            assertEquals("INFORMATION_SCHEMA", value(c, "SELECT CURRENT_SCHEMA"));
            assertEquals("0", value(c, "SELECT COUNT(*) FROM PUBLIC.U"));
            execute(c, "INSERT INTO PUBLIC.T(X) VALUES('through b')");
            assertEquals("3", value(c, "SELECT COUNT(*) FROM PUBLIC.T"));
        }
    }

    @Test
    void a_transaction_on_the_leader_does_not_notice_and_one_that_read_here_gets_40001() throws Exception {
        try (Connection writing = b.connect();
                Connection reading = b.connect()) {
            writing.setAutoCommit(false);
            execute(writing, "INSERT INTO T(X) VALUES('open')");
            reading.setAutoCommit(false);
            execute(reading, "SET READ ONLY TRUE");
            reading.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            assertEquals("1", value(reading, "SELECT COUNT(*) FROM T"));
            try (Connection leader = a.connect()) {
                execute(leader, "INSERT INTO T(X) VALUES('other')");
            }
            install();
            SQLException e = assertThrows(SQLException.class, () -> value(reading, "SELECT COUNT(*) FROM T"));
            assertEquals("40001", e.getSQLState());
            reading.rollback();
            assertEquals("2", value(reading, "SELECT COUNT(*) FROM T"));
            execute(writing, "INSERT INTO T(X) VALUES('open too')");
            writing.commit();
        }
        try (Connection c = b.connect()) {
            assertEquals("4", value(c, "SELECT COUNT(*) FROM T"));
        }
    }

    @Test
    void the_member_can_lead_then_with_sequences_registry_and_commit_ids_of_the_snapshot() throws Exception {
        try (Connection leader = a.connect()) {
            for (int i = 0; i < 50; i++) {
                execute(leader, "INSERT INTO T(X) VALUES(NEXT VALUE FOR S)");
            }
        }
        long last;
        try (Connection c = a.connect()) {
            last = Long.parseLong(value(c, "SELECT NEXT VALUE FOR S"));
        }
        install();
        b.lead();
        try (Connection c = b.connect()) {
            assertTrue(Long.parseLong(value(c, "SELECT NEXT VALUE FOR S")) > last);
            execute(c, "INSERT INTO T(X) VALUES('b leads')");
            execute(c, "ALTER TABLE T ADD COLUMN Y INT DEFAULT 3");
            execute(c, "UPDATE T SET Y = ID");
        }
        try (Connection c = a.connect()) {
            assertEquals("52", value(c, "SELECT COUNT(*) FROM T WHERE Y = ID"));
        }
        long index = b.database().startDigest();
        assertFalse(b.database().digest(index).isEmpty());
        assertEquals(a.database().digest(index), b.database().digest(index));
    }

    @Test
    void an_older_snapshot_is_refused() throws Exception {
        try (Outgoing from = of(a).take(a.database().appliedIndex())) {
            try (Connection c = b.connect()) {
                execute(c, "INSERT INTO T(X) VALUES('newer')");
                assertEquals("2", value(c, "SELECT COUNT(*) FROM T"));
            }
            try (Incoming to = of(b).receive(from.header())) {
                byte[] all = new byte[(int) from.header().length()];
                to.write(Arrays.copyOf(all, from.read(0, all)));
                IOException e = assertThrows(IOException.class, to::install);
                assertTrue(e.getMessage().contains("older"), e.getMessage());
            }
            try (Connection c = b.connect()) {
                assertEquals("2", value(c, "SELECT COUNT(*) FROM T"));
            }
        }
    }
}
