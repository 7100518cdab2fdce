package io.synod.engine.writeset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** No value of a sequence that a client may have seen is given again by the next leader. */
class SequenceMarksTest {
    private final Member leader = Member.inMemory();
    private final Member follower = Member.inMemory();
    private final Connection client = leader.connect();

    SequenceMarksTest() throws SQLException {}

    @AfterEach
    void close() {
        leader.close();
        follower.close();
    }

    private void ddl(String sql) throws SQLException {
        leader.ddl(sql);
        follower.ddl(sql);
    }

    private void proposeMarks() {
        byte[] encoded = leader.marks.encode();
        leader.applyMarks(encoded);
        follower.applyMarks(encoded);
    }

    private static long value(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            assertTrue(result.next());
            return result.getLong(1);
        }
    }

    /** What the next leader hands out first. */
    private long afterFailover(String sql) throws SQLException {
        follower.marks.lead(follower.system);
        Connection connection = follower.connect();
        try {
            return value(connection, sql);
        } finally {
            Member.close(connection);
        }
    }

    @Test
    void a_read_only_draw_must_be_marked_before_it_is_answered() throws SQLException {
        ddl("CREATE SEQUENCE S");
        assertFalse(leader.marks.mustMark(), "nothing drawn");
        assertNull(leader.marks.encode());
        Set<Long> given = new HashSet<>();
        int proposals = 0;
        for (int i = 0; i < 3000; i++) {
            long drawn = value(client, "SELECT NEXT VALUE FOR S");
            if (leader.marks.mustMark()) {
                proposeMarks();
                proposals++;
            }
            assertFalse(leader.marks.mustMark());
            given.add(drawn);
        }
        assertTrue(proposals <= 4, "proposals: " + proposals);
        assertTrue(afterFailover("SELECT NEXT VALUE FOR S") > 3000);
        assertEquals(3000, given.size());
    }

    @Test
    void marks_are_due_before_they_are_a_must() throws SQLException {
        ddl("CREATE SEQUENCE S");
        value(client, "SELECT NEXT VALUE FOR S");
        proposeMarks();
        for (int i = 0; i < 5000; i++) {
            value(client, "SELECT NEXT VALUE FOR S");
            if (leader.marks.due()) {
                assertFalse(leader.marks.mustMark(), "draw " + i);
                proposeMarks();
            }
        }
    }

    @Test
    void the_write_set_carries_the_marks_of_what_it_drew() throws SQLException {
        ddl("CREATE TABLE T(ID INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, V INT)");
        Member.execute(client, "INSERT INTO T(V) SELECT X FROM SYSTEM_RANGE(1, 5000)");
        assertTrue(leader.marks.mustMark());
        follower.apply(leader.commit(client));
        assertFalse(leader.marks.mustMark());
        follower.marks.lead(follower.system);
        Connection next = follower.connect();
        Member.execute(next, "INSERT INTO T(V) VALUES(1)");
        assertTrue(value(next, "SELECT MAX(ID) FROM T") > 5000);
    }

    @Test
    void a_leader_that_stops_in_good_order_leaves_no_gap() throws SQLException {
        ddl("CREATE SEQUENCE S START WITH 5 INCREMENT BY 3");
        ddl("CREATE SEQUENCE UNUSED");
        value(client, "SELECT NEXT VALUE FOR S");
        proposeMarks();
        byte[] exact = leader.marks.encodeExact();
        leader.applyMarks(exact);
        follower.applyMarks(exact);
        assertNull(leader.marks.encodeExact());
        assertEquals(8, afterFailover("SELECT NEXT VALUE FOR S"));
        assertEquals(1, afterFailover("SELECT NEXT VALUE FOR UNUSED"));
    }

    @Test
    void a_sequence_that_counts_down_is_marked_downwards() throws SQLException {
        ddl("CREATE SEQUENCE S INCREMENT BY -2");
        for (int i = 0; i < 1500; i++) {
            value(client, "SELECT NEXT VALUE FOR S");
            if (leader.marks.due()) {
                proposeMarks();
            }
        }
        assertTrue(afterFailover("SELECT NEXT VALUE FOR S") < -3000);
    }

    @Test
    void a_short_sequence_is_not_used_up_by_failovers_and_an_exhausted_one_stays_so() throws SQLException {
        ddl("CREATE SEQUENCE S AS TINYINT MAXVALUE 127");
        for (int i = 0; i < 100; i++) {
            value(client, "SELECT NEXT VALUE FOR S");
            if (leader.marks.mustMark()) {
                proposeMarks();
            }
        }
        long next = afterFailover("SELECT NEXT VALUE FOR S");
        assertTrue(next > 100 && next < 110, "next " + next);
        for (int i = 100; i < 127; i++) {
            value(client, "SELECT NEXT VALUE FOR S");
        }
        assertTrue(leader.marks.mustMark());
        proposeMarks();
        assertThrows(SQLException.class, () -> afterFailover("SELECT NEXT VALUE FOR S"));
    }

    @Test
    void a_cycling_sequence_has_no_mark() throws SQLException {
        ddl("CREATE SEQUENCE S MAXVALUE 5 CYCLE");
        for (int i = 0; i < 17; i++) {
            value(client, "SELECT NEXT VALUE FOR S");
            assertFalse(leader.marks.due());
        }
    }

    @Test
    void a_restart_moves_the_sequence_back_on_every_member() throws SQLException {
        ddl("CREATE TABLE T(ID INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, V INT)");
        ddl("CREATE SEQUENCE S");
        for (int i = 0; i < 10; i++) {
            Member.execute(client, "INSERT INTO T(V) VALUES(NEXT VALUE FOR S)");
            follower.apply(leader.commit(client));
        }
        ddl("ALTER SEQUENCE S RESTART WITH 100");
        assertEquals(100, value(client, "SELECT NEXT VALUE FOR S"));
        assertTrue(leader.marks.mustMark(), "what was drawn since the restart is not known to the follower");
        ddl("ALTER TABLE T ALTER COLUMN ID RESTART WITH 50");
        assertEquals(50, afterFailover("SELECT ID FROM FINAL TABLE (INSERT INTO T(V) VALUES(0))"));
        assertEquals(100, afterFailover("SELECT NEXT VALUE FOR S"), "that draw was never marked, so never answered");
        ddl("ALTER SEQUENCE S RESTART WITH 90000");
        assertEquals(90000, afterFailover("SELECT NEXT VALUE FOR S"));
    }

    @Test
    void a_mark_follows_its_column_through_renames_and_rebuilds() throws SQLException {
        ddl("CREATE TABLE T(ID INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, V INT)");
        Member.execute(client, "INSERT INTO T(V) SELECT X FROM SYSTEM_RANGE(1, 10)");
        follower.apply(leader.commit(client));
        ddl("ALTER TABLE T ADD COLUMN W INT DEFAULT 0");
        ddl("ALTER TABLE T RENAME TO U");
        ddl("ALTER TABLE U ALTER COLUMN ID RENAME TO IDENT");
        assertFalse(leader.marks.mustMark());
        assertTrue(afterFailover("SELECT IDENT FROM FINAL TABLE (INSERT INTO U(V) VALUES(0))") > 10);
        ddl("DROP TABLE U");
        assertNull(leader.marks.encodeExact());
        SequenceMarks reloaded = SequenceMarks.load(leader.system);
        assertNotNull(reloaded);
        assertFalse(reloaded.mustMark());
    }
}
