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
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
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
        return node.database().storage().snapshots(new Members(List.of()), false, () -> {});
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
            execute(c, "SET QUIRKS_MODE TRUE");
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
    void a_session_goes_on_with_the_statements_that_it_has_named() throws Exception {
        try (Connection c = b.connect();
                Connection leader = a.connect()) {
            execute(leader, "CREATE TABLE U(ID INT)");
            execute(c, "PREPARE HOW_MANY AS SELECT COUNT(*) FROM T WHERE X <> ?1");
            execute(c, "PREPARE ADDS (VARCHAR) AS INSERT INTO T(X) VALUES(?1)");
            execute(c, "PREPARE GONE AS SELECT COUNT(*) FROM U");
            execute(c, "PREPARE OVER AS SELECT 1");
            execute(c, "DEALLOCATE OVER");
            execute(leader, "DROP TABLE U");
            execute(leader, "INSERT INTO T(X) VALUES('after')");
            install();
            assertEquals("2", value(c, "EXECUTE HOW_MANY('none')"));
            execute(c, "EXECUTE ADDS('named')");
            assertEquals("3", value(c, "EXECUTE HOW_MANY('none')"));
            assertThrows(SQLException.class, () -> value(c, "EXECUTE GONE"));
            assertThrows(SQLException.class, () -> value(c, "EXECUTE OVER"));
            execute(c, "DEALLOCATE HOW_MANY");
            assertThrows(SQLException.class, () -> value(c, "EXECUTE HOW_MANY('none')"));
        }
    }

    /** Nobody calls rollback() in auto-commit mode. */
    @Test
    void a_list_that_was_interrupted_under_auto_commit_fails_and_the_session_goes_on() throws Exception {
        b.lead();
        try (Connection c = b.connect()) {
            group.afterEntries(1, () -> {
                a.lead();
                try {
                    install();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                b.lead();
            });
            SQLException e = assertThrows(
                    SQLException.class,
                    () -> execute(
                            c, "INSERT INTO T(X) VALUES(NEXT VALUE FOR S); INSERT INTO T(X) VALUES('second half')"));
            assertEquals("40001", e.getSQLState(), e.toString());
            assertTrue(c.getAutoCommit());
            execute(c, "INSERT INTO T(X) VALUES('another')");
            assertEquals("2", value(c, "SELECT COUNT(*) FROM T"));
        }
    }

    /** The leader has it open still: whoever is told 40001 runs it again, and would have its first half twice. */
    @Test
    void a_transaction_on_the_leader_of_which_40001_is_told_is_over() throws Exception {
        try (Connection c = b.connect();
                Statement statement = c.createStatement()) {
            c.setAutoCommit(false);
            for (int i = 0; i < 20; i++) {
                execute(c, "INSERT INTO T(X) VALUES('first half')");
            }
            statement.setFetchSize(2);
            ResultSet rows = statement.executeQuery("SELECT * FROM T");
            assertTrue(rows.next());
            AtomicBoolean installed = new AtomicBoolean();
            a.onPortion(sent -> {
                if (installed.compareAndSet(false, true)) {
                    try (Connection leader = a.connect()) {
                        execute(leader, "CREATE TABLE U(ID INT)");
                        install();
                    } catch (SQLException | IOException e) {
                        throw new IllegalStateException(e);
                    }
                }
                return null;
            });
            SQLException e = assertThrows(
                    SQLException.class,
                    () -> execute(c, "INSERT INTO T(ID, X) OVERRIDING SYSTEM VALUE VALUES(1, 'there')"));
            assertTrue(installed.get());
            assertEquals("40001", e.getSQLState(), e.toString());
            e = assertThrows(SQLException.class, () -> execute(c, "INSERT INTO T(X) VALUES('first half')"));
            assertEquals("40001", e.getSQLState(), e.toString());
            c.rollback();
            assertEquals("1", value(c, "SELECT COUNT(*) FROM T"));
        }
    }

    @Test
    void metadata_that_are_kept_are_those_of_the_new_copy() throws Exception {
        try (Connection c = b.connect();
                Connection leader = a.connect()) {
            DatabaseMetaData kept = c.getMetaData();
            String version = kept.getDatabaseProductVersion();
            execute(leader, "CREATE TABLE LATER(ID INT)");
            install();
            try (ResultSet tables = kept.getTables(null, null, "LATER", null)) {
                assertTrue(tables.next());
            }
            assertEquals(version, kept.getDatabaseProductVersion());
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
    void a_transaction_that_was_lost_with_the_copy_can_be_rolled_back_like_any_and_is_told_to_everything_else()
            throws Exception {
        try (Connection rolledBack = b.connect();
                Connection committed = b.connect()) {
            for (Connection c : new Connection[] {rolledBack, committed}) {
                c.setAutoCommit(false);
                execute(c, "SET READ ONLY TRUE");
                c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                assertEquals("1", value(c, "SELECT COUNT(*) FROM T"));
            }
            try (Connection leader = a.connect()) {
                execute(leader, "INSERT INTO T(X) VALUES('other')");
            }
            install();
            rolledBack.rollback();
            assertEquals("2", value(rolledBack, "SELECT COUNT(*) FROM T"));
            SQLException e = assertThrows(SQLException.class, committed::commit);
            assertEquals("40001", e.getSQLState());
            assertEquals("2", value(committed, "SELECT COUNT(*) FROM T"));
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
        long index = b.database().administration().startDigest();
        assertFalse(b.database().administration().digest(index).isEmpty());
        assertEquals(
                a.database().administration().digest(index),
                b.database().administration().digest(index));
    }

    @Test
    void an_outcome_that_nobody_knows_stays_unknown_under_an_installed_snapshot() throws Exception {
        try (Connection c = b.connect()) {
            execute(c, "INSERT INTO T(X) VALUES('through b')");
            a.loseNextAnswer(() -> {
                installed();
                a.log().close();
            });
            SQLException e = assertThrows(SQLException.class, () -> execute(c, "INSERT INTO T(X) VALUES('unknown')"));
            assertEquals("08007", e.getSQLState(), e.getMessage());
        }
    }

    @Test
    void a_session_whose_schema_is_gone_goes_on_and_leaves_no_other_one_behind() throws Exception {
        try (Connection leader = a.connect()) {
            execute(leader, "CREATE SCHEMA X");
            try (Connection c = b.connect()) {
                execute(c, "SET SCHEMA X");
                execute(leader, "DROP SCHEMA X");
                install();
                SQLException gone = assertThrows(SQLException.class, () -> value(c, "SELECT COUNT(*) FROM T"));
                assertEquals("90079", gone.getSQLState(), "not another schema's table: " + gone.getMessage());
                int sessions = b.database().h2().getSessionCount();
                assertThrows(SQLException.class, () -> value(c, "SELECT COUNT(*) FROM T"));
                assertEquals(sessions, b.database().h2().getSessionCount());
                assertEquals("1", value(c, "SELECT COUNT(*) FROM PUBLIC.T"));
                execute(c, "SET SCHEMA PUBLIC");
                execute(c, "INSERT INTO T(X) VALUES('through b')");
                assertEquals("2", value(c, "SELECT COUNT(*) FROM T"));
            }
        }
    }

    @Test
    void a_copy_that_is_replaced_when_a_transaction_begins_on_it_keeps_no_place_of_a_writer() throws Exception {
        try (Connection c = b.connect()) {
            c.setAutoCommit(false);
            try (Connection leader = a.connect()) {
                execute(leader, "INSERT INTO T(X) VALUES('newer')");
            }
            group.beforeNextLeaderIsNamed(() -> {
                installed();
                b.lead();
            });
            SQLException e = assertThrows(SQLException.class, () -> execute(c, "INSERT INTO T(X) VALUES('on b')"));
            assertEquals("40001", e.getSQLState(), e.getMessage());
            c.rollback();
            assertEquals(0, b.database().openWriters());
            execute(c, "INSERT INTO T(X) VALUES('on b')");
            c.commit();
            assertEquals("3", value(c, "SELECT COUNT(*) FROM T"));
        }
    }

    @Test
    void an_installation_that_fails_late_leaves_nothing_open() throws Exception {
        b.database().storage().eachCopy(h2 -> {
            if (h2 != b.database().h2()) {
                throw new IllegalStateException("no");
            }
        });
        try (Connection leader = a.connect()) {
            execute(leader, "INSERT INTO T(X) VALUES('newer')");
        }
        assertEquals(
                "no", assertThrows(IllegalStateException.class, this::install).getMessage());
        b.kill();
        b = new TestNode(group, "b", directory, new HashMap<>());
        try (Connection c = b.connect(Map.of("READ", "LOCAL"))) {
            assertEquals("2", value(c, "SELECT COUNT(*) FROM T"));
        }
    }

    private void installed() {
        try {
            install();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
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
