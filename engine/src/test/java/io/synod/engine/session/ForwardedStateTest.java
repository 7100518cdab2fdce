package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a session is set to counts for its statements on the leader, too, as long as it is set. */
class ForwardedStateTest {
    private LeaderAndFollower nodes;
    private Connection leader;
    private Connection c;

    @BeforeEach
    void start() throws Exception {
        nodes = new LeaderAndFollower();
        leader = nodes.atA;
        c = nodes.atB;
        run(leader, "CREATE TABLE t(id INT PRIMARY KEY, x VARCHAR)");
    }

    @AfterEach
    void stop() throws Exception {
        nodes.close();
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    /** They go there as several statements in one text, too. */
    @Test
    void what_is_told_inside_of_several_statements_does_not_keep_the_first_of_them_from_being_undone()
            throws Exception {
        run(c, "INSERT INTO t VALUES (1, 'a'), (2, 'a'), (3, 'a')");
        c.setAutoCommit(false);
        run(c, "UPDATE t SET x = 'b' WHERE id = 3");
        assertThrows(
                SQLException.class,
                () -> run(
                        c,
                        "UPDATE t SET x = 'c' WHERE id = 1; SET LOCK_TIMEOUT 5000; SET @a = 1;"
                                + " UPDATE t SET x = 'c' WHERE id = 2; INSERT INTO t VALUES (1, 'd')"));
        c.commit();
        assertEquals("aab", text(leader, "SELECT LISTAGG(x, '') WITHIN GROUP (ORDER BY id) FROM t"));
    }

    @Test
    void what_is_told_together_with_quirks_mode_is_told() throws Exception {
        // Everything else is told with the first statement.
        run(c, "INSERT INTO t VALUES (0, '4')");
        run(c, "SET QUIRKS_MODE TRUE", "SET @v = 5", "SET LOCK_TIMEOUT 5000", "INSERT INTO t VALUES (1, @v)");
        run(c, "SET QUIRKS_MODE FALSE", "SET @v = 6", "SET LOCK_TIMEOUT 6000", "INSERT INTO t VALUES (2, @v)");
        assertEquals("456", text(leader, "SELECT LISTAGG(x, '') WITHIN GROUP (ORDER BY id) FROM t"));
    }

    @Test
    void what_follows_a_setting_of_synod_in_one_text_is_executed() throws Exception {
        String before = "SET COMMIT ALL; SET READ LOCAL; SET MAX_STALENESS = 7; SET READ ONLY FALSE;";
        for (Connection each : List.of(leader, c)) {
            run(each, before + " INSERT INTO t VALUES (1, 'a'); SET READ LINEARIZABLE;");
            run(each, "SET COMMIT QUORUM;;", "SET QUIRKS_MODE FALSE; UPDATE t SET x = 'b'");
            assertEquals("b", text(each, "SELECT x FROM t"));
            assertThrows(SQLException.class, () -> run(each, "SET COMMIT ALL; SELECT nothing FROM t"));
            run(each, "CALL SYNOD.STATUS(); DELETE FROM t");
        }
        try (PreparedStatement list = c.prepareStatement("SET COMMIT ALL; INSERT INTO t VALUES (?, ?)")) {
            list.setInt(1, 1);
            list.setString(2, "c");
            list.execute();
        }
        assertEquals("c", text(leader, "SELECT x FROM t"));
    }

    @Test
    void variable_binary_is_taken_back() throws Exception {
        String type = "SELECT DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = ";
        run(c, "SET VARIABLE_BINARY TRUE", "CREATE TABLE v(x BINARY(3))");
        assertEquals("BINARY VARYING", text(c, type + "'V'"));
        run(c, "SET VARIABLE_BINARY FALSE", "CREATE TABLE w(x BINARY(3))");
        assertEquals("BINARY", text(c, type + "'W'"));
    }

    @Test
    void truncate_large_length_is_taken_back() throws Exception {
        run(c, "SET TRUNCATE_LARGE_LENGTH TRUE", "CREATE TABLE v(x VARCHAR(2000000000))");
        run(c, "SET TRUNCATE_LARGE_LENGTH FALSE", "INSERT INTO t VALUES(1, 'x')");
        assertThrows(
                SQLException.class,
                () -> run(c, "EXECUTE IMMEDIATE 'CREATE TABLE w(x VARCHAR(2000000000))'"),
                "as on H2");
    }

    @Test
    void non_keywords_are_taken_back() throws Exception {
        run(c, "CREATE TABLE s(\"VALUE\" VARCHAR)", "INSERT INTO s VALUES('column')");
        run(c, "SET NON_KEYWORDS VALUE", "INSERT INTO t SELECT 1, VALUE FROM s");
        assertEquals("column", text(c, "SELECT x FROM t WHERE id = 1"));
        run(c, "SET NON_KEYWORDS", "CREATE DOMAIN d AS INT CHECK (VALUE > 0)");
    }

    @Test
    void a_variable_that_is_null_again_is_so_on_the_leader() throws Exception {
        run(c, "SET @v = 'set'", "SET @\"w = 1\" = TRUE", "INSERT INTO t VALUES(1, @v)");
        assertEquals("set", text(c, "SELECT x FROM t WHERE id = 1"));
        run(c, "SET @v = NULL", "SET @\"w = 1\" = NULL", "INSERT INTO t VALUES(2, COALESCE(@v, @\"w = 1\", 'null'))");
        assertEquals("null", text(c, "SELECT x FROM t WHERE id = 2"));
    }

    @Test
    void the_search_path_follows() throws Exception {
        run(c, "CREATE SCHEMA s1", "CREATE SCHEMA s2");
        run(c, "CREATE TABLE s1.p(x INT)", "CREATE TABLE s2.p(x INT)");
        run(c, "SET SCHEMA_SEARCH_PATH s1", "INSERT INTO p VALUES(1)");
        run(c, "SET SCHEMA_SEARCH_PATH s2", "INSERT INTO p VALUES(2)");
        assertEquals(1, number(c, "SELECT x FROM s1.p"));
        assertEquals(2, number(c, "SELECT x FROM s2.p"));
    }

    @Test
    void a_schema_that_is_set_in_an_open_transaction_counts_here_and_there() throws Exception {
        run(c, "CREATE SCHEMA s1", "CREATE TABLE s1.p(x INT)");
        c.setAutoCommit(false);
        run(c, "INSERT INTO t VALUES(1, '')", "SET SCHEMA s1", "INSERT INTO p VALUES(1)");
        assertEquals("S1", text(c, "SELECT CURRENT_SCHEMA"));
        c.commit();
        assertEquals("S1", text(c, "SELECT CURRENT_SCHEMA"));
        assertEquals(1, number(c, "SELECT x FROM p"));
    }

    /** As in H2, whose sessions keep the name of a schema that was dropped. */
    @Test
    void a_session_whose_schema_is_gone_writes_to_others_on_and_through_the_leader() throws Exception {
        try (Connection late = nodes.b.connect()) {
            for (Connection each : new Connection[] {c, late, leader}) {
                run(leader, "SET SCHEMA PUBLIC", "CREATE SCHEMA gone");
                run(each, "SET SCHEMA gone");
                if (each == c) {
                    // Its other half knows the schema.
                    run(each, "INSERT INTO PUBLIC.t VALUES(0, CURRENT_SCHEMA)");
                }
                try (Connection other = nodes.a.connect()) {
                    run(other, "DROP SCHEMA gone");
                }
                run(each, "DELETE FROM PUBLIC.t", "INSERT INTO PUBLIC.t VALUES(1, CURRENT_SCHEMA)");
                assertEquals("GONE", text(each, "SELECT x FROM PUBLIC.t"));
                run(each, "CREATE SEQUENCE PUBLIC.q", "DROP SEQUENCE PUBLIC.q");
                assertEquals("GONE", text(each, "SELECT CURRENT_SCHEMA"));
                SQLException e = assertThrows(SQLException.class, () -> run(each, "INSERT INTO t VALUES(2, '')"));
                assertEquals("90079", e.getSQLState(), e.getMessage());
            }
        }
        run(leader, "SET SCHEMA PUBLIC", "CREATE TABLE u(id INT)");
        try (Connection after = nodes.b.connect()) {
            assertEquals(0, number(after, "SELECT COUNT(*) FROM u"));
        }
    }

    @Test
    void a_schema_that_never_was_is_refused() {
        SQLException e = assertThrows(SQLException.class, () -> run(c, "SET SCHEMA nowhere"));
        assertEquals("90079", e.getSQLState(), e.getMessage());
    }

    /** H2 ends with an internal error at the 256th. */
    @Test
    void one_writer_too_many_waits_for_its_turn_at_the_leader() throws Exception {
        List<Connection> writers = new ArrayList<>();
        SQLException e = null;
        for (int id = 1; e == null && id <= 300; id++) {
            Connection writer = nodes.b.connect();
            writers.add(writer);
            writer.setAutoCommit(false);
            String insert = "INSERT INTO t VALUES (" + id + ", 'x')";
            try {
                run(writer, "SET LOCK_TIMEOUT 200", insert);
            } catch (SQLException refused) {
                e = refused;
                writers.get(0).commit();
                run(writer, insert);
                writer.commit();
            }
        }
        assertEquals("HYT00", e == null ? "none" : e.getSQLState(), String.valueOf(e));
        for (Connection writer : writers) {
            writer.close();
        }
        assertEquals(2, number(leader, "SELECT COUNT(*) FROM t"));
    }
}
