package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.engine.session.TestNode.TestConnection;
import java.sql.SQLException;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Which commit of several statements in one text is that of the request. */
class StatementGroupTest {
    private final UUID client = UUID.randomUUID();

    private long isCommitted(TestConnection c, long request) throws SQLException {
        return number(c, "CALL SYNOD.RESOLVE('" + client + "', " + request + ")");
    }

    /** Else a client whose leader is lost behind it would be told that all is done. */
    @Test
    void the_last_part_of_a_list_inside_of_another_one_is_not_the_last_of_all() throws Exception {
        try (TestNode a = TestNode.solo(new MemoryGroup());
                TestConnection c = a.connect()) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)");
            c.session().request(client, 7);
            SQLException e = assertThrows(
                    SQLException.class,
                    () -> run(c, "EXECUTE IMMEDIATE 'SET @a = 1; CREATE TABLE x(i INT)'; INSERT INTO t VALUES (1)"));
            assertEquals("23505", e.getSQLState(), e.toString());
            assertEquals(0, number(c, "SELECT COUNT(*) FROM x"));
            assertEquals(0, isCommitted(c, 7));
            c.session().request(client, 8);
            run(c, "INSERT INTO t VALUES (2); EXECUTE IMMEDIATE 'SET @a = 1; CREATE TABLE y(i INT)'");
            assertEquals(1, isCommitted(c, 8));
            c.session().request(client, 9);
            run(c, "EXECUTE IMMEDIATE 'SET @a = 1; CREATE TABLE z(i INT)'; INSERT INTO t VALUES (3)");
            assertEquals(1, isCommitted(c, 9));
        }
    }
}
