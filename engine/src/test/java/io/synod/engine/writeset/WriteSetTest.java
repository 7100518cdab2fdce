package io.synod.engine.writeset;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Arrays;
import org.h2.api.Trigger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is captured on one member and applied on another makes them equal, to the row key. */
class WriteSetTest {
    @TempDir
    Path directory;

    private final Member leader = Member.inMemory();
    private final Member follower = Member.inMemory();
    private final Connection client = leader.connect();

    WriteSetTest() throws SQLException {}

    @AfterEach
    void close() {
        leader.close();
        follower.close();
    }

    private void ddl(String sql, String... touched) throws SQLException {
        leader.ddl(sql, touched);
        follower.ddl(sql, touched);
    }

    private void run(String... statements) throws SQLException {
        for (String sql : statements) {
            Member.execute(client, sql);
        }
        commit();
    }

    private byte[] commit() {
        byte[] writeSet = leader.commit(client);
        follower.apply(writeSet);
        return writeSet;
    }

    private void assertTwins() throws SQLException {
        assertEquals(leader.dump(), follower.dump());
        IndexCheck.check(leader.store.database(), leader.system);
        IndexCheck.check(follower.store.database(), follower.system);
        assertEquals(leader.state.appliedIndex(), follower.state.appliedIndex());
    }

    @Test
    void rows_of_tables_with_any_kind_of_key_are_the_same_on_both() throws SQLException {
        ddl("CREATE TABLE A(ID BIGINT PRIMARY KEY, V INT)");
        ddl("CREATE TABLE B(ID VARCHAR(20) PRIMARY KEY, V INT)");
        ddl("CREATE TABLE C(X INT, Y VARCHAR(5), V INT, PRIMARY KEY(Y, X))");
        ddl("CREATE TABLE D(V INT)");
        for (String t : new String[] {"A", "B", "C", "D"}) {
            String rows = t.equals("C") ? "X, 'y', X" : t.equals("D") ? "X" : "X, X";
            run("INSERT INTO " + t + " SELECT " + rows + " FROM SYSTEM_RANGE(1, 20)");
            run("UPDATE " + t + " SET V = V + 100 WHERE V > 10", "DELETE FROM " + t + " WHERE V < 5");
        }
        run(
                "UPDATE A SET ID = ID + 1000 WHERE ID < 8",
                "UPDATE B SET ID = 'k' || ID",
                "UPDATE C SET Y = 'z' WHERE X = 9");
        run("INSERT INTO A VALUES(-5, 1), (9223372036854775807, 2), (-9223372036854775808, 3)");
        assertTwins();
        assertTrue(follower.dump().contains("-9223372036854775808"));
    }

    @Test
    void all_column_types_of_h2_arrive_unchanged() throws SQLException {
        ddl(
                "CREATE TABLE T(ID INT PRIMARY KEY, C1 CHAR(5), C2 VARCHAR(50), C3 CLOB, C4 VARCHAR_IGNORECASE(50), C5 BINARY(4),"
                        + " C6 VARBINARY(50), C7 BLOB, C8 BOOLEAN, C9 TINYINT, C10 SMALLINT, C11 INT, C12 BIGINT, C13 NUMERIC(20,4),"
                        + " C14 REAL, C15 DOUBLE PRECISION, C16 DECFLOAT(30), C17 DATE, C18 TIME(9), C19 TIME(9) WITH TIME ZONE,"
                        + " C20 TIMESTAMP(9), C21 TIMESTAMP(9) WITH TIME ZONE, C22 INTERVAL YEAR TO MONTH, C23 INTERVAL DAY TO SECOND(9),"
                        + " C24 JAVA_OBJECT, C25 ENUM('a', 'b'), C26 GEOMETRY, C27 JSON, C28 UUID, C29 INT ARRAY, C30 ROW(A INT, B"
                        + " VARCHAR(5)), C31 INTERVAL HOUR TO MINUTE)");
        run(
                "INSERT INTO T VALUES(1, 'ab', 'čeština 漢字 😀', 'clob', 'CaSe', X'01020304', X'00ff', X'cafe', TRUE, -128, 32767, -7,"
                        + " 9223372036854775807, 12345.6789, 1.5, -2.25E300, 1E-20, DATE '-0044-03-15', TIME '23:59:59.123456789',"
                        + " TIME '01:02:03+05:30', TIMESTAMP '2024-02-29 12:34:56.987654321', TIMESTAMP '9999-12-31 23:59:59-18:00',"
                        + " INTERVAL '-3-2' YEAR TO MONTH, INTERVAL '4 05:06:07.000000008' DAY TO SECOND, X'aced0005740001', 'b',"
                        + " 'SRID=4326;POINT(1 2)', JSON '{\"a\": [1, null]}', '12345678-1234-1234-1234-123456789abc', ARRAY[1, NULL, 3],"
                        + " ROW(7, 'x'), INTERVAL '99:59' HOUR TO MINUTE)");
        run("INSERT INTO T(ID) VALUES(2)");
        run("UPDATE T SET C2 = 'changed', C29 = ARRAY[], C16 = 'NaN', C15 = 'Infinity' WHERE ID = 1");
        assertTwins();
        assertTrue(follower.dump().contains("123456789abc"));
    }

    @Test
    void several_changes_of_a_row_travel_as_one_and_work_undone_travels_not_at_all() throws SQLException {
        ddl("CREATE TABLE T(ID INT PRIMARY KEY, V INT UNIQUE)");
        run("INSERT INTO T VALUES(1, 1), (2, 2), (3, 3)");
        int one = leaderBytes("UPDATE T SET V = 10 WHERE ID = 1");
        int ten = leaderBytes(
                "UPDATE T SET V = 11 WHERE ID = 1",
                "UPDATE T SET V = 12 WHERE ID = 1",
                "UPDATE T SET V = 13 WHERE ID = 1");
        assertEquals(one, ten);

        Member.execute(client, "INSERT INTO T VALUES(50, 50)");
        Member.execute(client, "DELETE FROM T WHERE ID = 50");
        assertNull(commit(), "inserted and deleted again");

        Member.execute(client, "UPDATE T SET V = 20 WHERE ID = 2");
        Savepoint savepoint = client.setSavepoint();
        Member.execute(client, "UPDATE T SET V = 30 WHERE ID = 3");
        Member.execute(client, "INSERT INTO T VALUES(60, 60)");
        client.rollback(savepoint);
        assertThrows(SQLException.class, () -> Member.execute(client, "INSERT INTO T VALUES(70, 70), (71, 20)"));
        commit();
        assertTwins();
        assertFalse(follower.dump().contains("70|"));

        Member.execute(client, "DELETE FROM T");
        client.rollback();
        assertNull(commit());
    }

    private int leaderBytes(String... statements) throws SQLException {
        for (String sql : statements) {
            Member.execute(client, sql);
        }
        return commit().length;
    }

    @Test
    void rows_that_were_only_locked_make_no_write_set() throws SQLException {
        ddl("CREATE TABLE T(ID INT PRIMARY KEY, V INT)");
        run("INSERT INTO T VALUES(1, 1)");
        try (Statement s = client.createStatement();
                ResultSet r = s.executeQuery("SELECT * FROM T FOR UPDATE")) {
            assertTrue(r.next());
        }
        assertTrue(Member.session(client).hasPendingTransaction());
        assertNull(commit());
    }

    @Test
    void unique_values_may_swap_and_circle() throws SQLException {
        ddl("CREATE TABLE T(ID INT PRIMARY KEY, V INT NOT NULL, W VARCHAR(9))");
        ddl("CREATE UNIQUE INDEX U ON T(V)");
        ddl("CREATE UNIQUE INDEX UW ON T(W, V)");
        run("INSERT INTO T VALUES(1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c')");
        run("UPDATE T SET V = -1 WHERE ID = 1", "UPDATE T SET V = 1 WHERE ID = 2", "UPDATE T SET V = 2 WHERE ID = 1");
        run("UPDATE T SET V = 4 - V");
        run(
                "DELETE FROM T WHERE ID = 3",
                "INSERT INTO T SELECT 4, MIN(V) + 100, 'd' FROM T",
                "UPDATE T SET ID = ID + 1");
        assertTwins();
    }

    @Test
    void cascades_triggers_generated_columns_and_defaults_travel_as_rows() throws SQLException {
        ddl("CREATE TABLE P(ID INT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, N VARCHAR(9))");
        ddl(
                "CREATE TABLE C(ID INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, P INT REFERENCES P ON DELETE CASCADE ON UPDATE"
                        + " CASCADE, R UUID DEFAULT RANDOM_UUID(), T TIMESTAMP(9) DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,"
                        + " G INT GENERATED ALWAYS AS (P * 2))");
        ddl("CREATE TABLE LOG(TEXT VARCHAR(100))");
        ddl("CREATE TRIGGER TR AFTER INSERT, UPDATE, DELETE ON P FOR EACH ROW CALL '" + Logger.class.getName() + "'");
        run("INSERT INTO P(N) VALUES('a'), ('b'), ('c')", "INSERT INTO C(P) SELECT ID FROM P");
        run("UPDATE P SET ID = 77 WHERE ID = 2", "DELETE FROM P WHERE ID = 1");
        assertTwins();
        assertEquals(5, follower.dump().lines().filter(l -> l.contains("fired")).count());
    }

    /** Writes a row whenever it fires: on the leader only, or the members would differ. */
    public static final class Logger implements Trigger {
        @Override
        public void fire(Connection connection, Object[] oldRow, Object[] newRow) throws SQLException {
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO LOG VALUES(?)")) {
                insert.setString(1, "fired " + System.nanoTime());
                insert.execute();
            }
        }
    }

    @Test
    void temporary_tables_stay_where_they_are() throws SQLException {
        ddl("CREATE TABLE T(ID INT PRIMARY KEY)");
        Member.execute(client, "CREATE LOCAL TEMPORARY TABLE L(V INT) NOT PERSISTENT");
        Member.execute(client, "INSERT INTO L VALUES(1)");
        assertNull(commit());
        run("INSERT INTO L VALUES(2)", "INSERT INTO T VALUES(1)");
        assertTwins();
    }

    @Test
    void a_table_that_no_logged_statement_created_is_refused() throws SQLException {
        Member.execute(client, "CREATE TABLE STRANGER(V INT)");
        Member.execute(client, "INSERT INTO STRANGER VALUES(1)");
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> leader.commit(client));
        assertTrue(e.getMessage().contains("PUBLIC.STRANGER"), e.getMessage());
    }

    @Test
    void lobs_travel_with_their_content_and_not_again_when_unchanged() throws Exception {
        try (Member fileLeader = Member.onFile(directory.resolve("leader"));
                Member fileFollower = Member.onFile(directory.resolve("follower"))) {
            String sql = "CREATE TABLE T(ID INT PRIMARY KEY, V INT, C CLOB, B BLOB)";
            fileLeader.ddl(sql);
            fileFollower.ddl(sql);
            Connection connection = fileLeader.connect();
            Member.execute(connection, "INSERT INTO T VALUES(1, 1, 'small', X'01'), (2, 2, NULL, NULL)");
            Member.execute(
                    connection,
                    "INSERT INTO T SELECT X, 0, REPEAT('ž', 20000 * X), CAST(REPEAT('b', 9999 * X) AS BINARY VARYING)"
                            + " FROM SYSTEM_RANGE(3, 6)");
            byte[] first = fileLeader.commit(connection);
            fileFollower.apply(first);
            Member.execute(connection, "UPDATE T SET V = V + 1");
            byte[] unchanged = fileLeader.commit(connection);
            fileFollower.apply(unchanged);
            assertTrue(first.length > 500_000, "content: " + first.length);
            assertTrue(unchanged.length < 500, "no content: " + unchanged.length);
            Member.execute(connection, "UPDATE T SET C = C || 'x' WHERE ID IN(1, 4)");
            Member.execute(connection, "UPDATE T SET B = NULL WHERE ID = 5");
            Member.execute(connection, "DELETE FROM T WHERE ID = 6");
            fileFollower.apply(fileLeader.commit(connection));
            assertEquals(fileLeader.dump(), fileFollower.dump());
            assertTrue(fileFollower.dump().length() > 200_000);
        }
    }

    @Test
    void lobs_inside_arrays_and_rows_travel_with_their_content() throws Exception {
        try (Member fileLeader = Member.onFile(directory.resolve("leader"));
                Member fileFollower = Member.onFile(directory.resolve("follower"))) {
            String sql = "CREATE TABLE T(ID INT PRIMARY KEY, A CLOB ARRAY, R ROW(N INT, B BLOB), AA CLOB ARRAY ARRAY)";
            fileLeader.ddl(sql);
            fileFollower.ddl(sql);
            Connection connection = fileLeader.connect();
            try (PreparedStatement insert =
                    connection.prepareStatement("INSERT INTO T VALUES(1, ARRAY[CAST(? AS CLOB), NULL],"
                            + " ROW(5, CAST(? AS BLOB)), ARRAY[ARRAY[CAST(? AS CLOB)]])")) {
                insert.setCharacterStream(1, new StringReader("a".repeat(50_000)));
                insert.setBinaryStream(2, new ByteArrayInputStream(new byte[40_000]));
                insert.setCharacterStream(3, new StringReader("c".repeat(30_000)));
                insert.execute();
            }
            byte[] writeSet = fileLeader.commit(connection);
            assertTrue(writeSet.length > 120_000, "content: " + writeSet.length);
            fileFollower.apply(writeSet);
            assertEquals(fileLeader.dump(), fileFollower.dump());
            assertTrue(fileFollower.dump().contains("c".repeat(30_000)));
        }
    }

    @Test
    void a_big_transaction_travels_whole() throws SQLException {
        ddl("CREATE TABLE T(ID INT PRIMARY KEY, V VARCHAR(100), W INT)");
        ddl("CREATE INDEX W ON T(W)");
        run("INSERT INTO T SELECT X, 'row ' || X, MOD(X, 10) FROM SYSTEM_RANGE(1, 50000)");
        run("UPDATE T SET W = W + 1 WHERE ID > 100", "DELETE FROM T WHERE MOD(ID, 3) = 0");
        assertTwins();
    }

    @Test
    void a_write_set_behind_a_ddl_that_changed_its_table_is_void() throws SQLException {
        ddl("CREATE TABLE T(ID INT PRIMARY KEY, V INT)");
        ddl("CREATE TABLE OTHER(ID INT PRIMARY KEY, V INT)");
        run("INSERT INTO T VALUES(1, 1)", "INSERT INTO OTHER VALUES(1, 1)");
        Connection late = leader.connect();
        String[] changes = {
            "ALTER TABLE T ADD COLUMN W INT",
            "CREATE UNIQUE INDEX U ON T(V)",
            "ALTER TABLE T ADD CHECK (V < 1000)",
            "ALTER TABLE T ALTER COLUMN V BIGINT",
            "ALTER TABLE OTHER ADD FOREIGN KEY (V) REFERENCES T(ID)",
            "TRUNCATE TABLE OTHER",
        };
        for (String change : changes) {
            Member.execute(late, "UPDATE OTHER SET V = V");
            Member.execute(late, "UPDATE T SET V = V + 1");
            byte[] writeSet = WriteSetCapture.capture(Member.session(late), leader.tables, leader.marks);
            late.rollback();
            String before = follower.dump();
            ddl(change, change.startsWith("TRUNCATE") ? new String[] {"PUBLIC.OTHER", "PUBLIC.T"} : new String[0]);
            assertEquals(WriteSetApplier.Outcome.VOID, follower.apply(writeSet), change);
            if (!change.contains("ADD COLUMN") && !change.contains("TRUNCATE")) {
                assertEquals(before, follower.dump(), change);
            }
            leader.apply(writeSet);
        }
        long version = leader.tables.version("PUBLIC.T");
        ddl("CREATE TABLE THIRD(ID INT)");
        assertEquals(version, leader.tables.version("PUBLIC.T"));
        assertEquals(version, follower.tables.version("PUBLIC.T"));
        Member.execute(client, "UPDATE T SET V = 500");
        assertNotNull(commit());
        assertTwins();
    }

    @Test
    void a_table_keeps_its_number_through_a_rename_and_a_reopened_registry_knows_all() throws Exception {
        Path base = directory.resolve("m");
        try (Member m = Member.onFile(base)) {
            m.ddl("CREATE TABLE B(ID INT PRIMARY KEY)");
            m.ddl("CREATE TABLE A(ID INT PRIMARY KEY)");
            m.ddl("DROP TABLE B");
            m.ddl("ALTER TABLE A RENAME TO Z");
            m.store.close();
        }
        try (Member m = Member.onFile(base)) {
            assertEquals(4, m.state.appliedIndex());
            assertEquals(4, m.tables.version("PUBLIC.Z"));
            assertEquals(-1, m.tables.version("PUBLIC.A"));
            m.ddl("CREATE TABLE A(ID INT PRIMARY KEY)");
            Connection connection = m.connect();
            Member.execute(connection, "INSERT INTO Z VALUES(1)");
            Member.execute(connection, "INSERT INTO A VALUES(1)");
            byte[] writeSet = WriteSetCapture.capture(Member.session(connection), m.tables, m.marks);
            assertArrayEquals(
                    new byte[] {1, 2, 2, 4, 3, 5},
                    Arrays.copyOf(writeSet, 6),
                    "format, two tables: the second made, of version 4; the third made, of version 5");
        }
    }

    @Test
    void a_missing_row_and_a_row_too_many_are_a_divergence() throws SQLException {
        ddl("CREATE TABLE T(ID INT PRIMARY KEY, V INT UNIQUE)");
        run("INSERT INTO T VALUES(1, 1)");
        Member.execute(client, "UPDATE T SET V = 2 WHERE ID = 1");
        byte[] update = WriteSetCapture.capture(Member.session(client), leader.tables, leader.marks);
        client.rollback();
        Member.execute(client, "INSERT INTO T VALUES(2, 2)");
        byte[] insert = WriteSetCapture.capture(Member.session(client), leader.tables, leader.marks);
        client.rollback();

        Connection vandal = follower.connect();
        Member.execute(vandal, "UPDATE T SET ID = 2");
        Member.session(vandal).commit(false);
        assertThrows(DivergenceException.class, () -> follower.apply(update));
        follower.system.rollback();
        assertThrows(DivergenceException.class, () -> follower.apply(insert));
    }

    @Test
    void other_sessions_see_what_was_applied_even_for_a_query_they_have_cached() throws SQLException {
        ddl("CREATE TABLE T(ID INT PRIMARY KEY, V INT)");
        run("INSERT INTO T VALUES(1, 1)");
        Connection reader = follower.connect();
        assertEquals(1, sum(reader));
        run("UPDATE T SET V = 5");
        assertEquals(5, sum(reader));
    }

    private static int sum(Connection reader) throws SQLException {
        try (Statement s = reader.createStatement();
                ResultSet r = s.executeQuery("SELECT SUM(V) FROM T")) {
            assertTrue(r.next());
            return r.getInt(1);
        }
    }
}
