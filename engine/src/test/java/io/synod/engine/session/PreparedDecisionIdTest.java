package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.session.TestNode.TestConnection;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * A client that loses the answer to COMMIT TRANSACTION or ROLLBACK TRANSACTION asks by its request's id whether that was done, and
 * sends it again where it was not: so the id has to tell, however often its node has tried.
 */
class PreparedDecisionIdTest extends PreparedTransactions {
    private final UUID client = UUID.randomUUID();
    private long requests;

    private void request(TestConnection c) {
        c.session().request(client, ++requests);
    }

    /** As a client asks that has lost its connection. */
    private boolean wasDone(TestNode at) throws SQLException {
        try (Connection c = at.connect();
                Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("CALL SYNOD.RESOLVE('" + client + "', " + requests + ")")) {
            rows.next();
            return rows.getBoolean(1);
        }
    }

    @Test
    void that_is_repeated_because_it_was_lost_with_a_leadership() throws Exception {
        for (String decision : List.of("COMMIT", "ROLLBACK")) {
            prepareInsert(a, "one", decision.length());
            try (TestConnection c = a.connect()) {
                request(c);
                group.loseProposals(true);
                group.afterEntries(0, () -> group.loseProposals(false));
                run(c, decision + " TRANSACTION one");
            }
            assertTrue(wasDone(b), decision);
        }
    }

    @Test
    void that_its_node_has_asked_a_lost_leader_for() throws Exception {
        for (String decision : List.of("COMMIT", "ROLLBACK")) {
            a.lead();
            prepareInsert(a, "one", decision.length());
            try (TestConnection c = b.connect()) {
                request(c);
                a.breakBeforeNext(b::lead);
                SQLException e = assertThrows(SQLException.class, () -> run(c, decision + " TRANSACTION one"));
                assertEquals("40001", e.getSQLState(), e.toString());
                assertFalse(wasDone(b), "it was told so");
                request(c);
                run(c, decision + " TRANSACTION one");
                assertTrue(wasDone(a), decision);
            }
        }
    }

    /** Nobody asks for it by an id of its own: the session tries until it is done. */
    @Test
    void that_its_own_session_has_asked_a_lost_leader_for() throws Exception {
        for (String decision : List.of("COMMIT", "ROLLBACK")) {
            for (boolean done : new boolean[] {false, true}) {
                a.lead();
                prepareInsert(a, "one", decision.length() * 2 + (done ? 1 : 0));
                if (done) {
                    a.loseNextAnswer(b::lead);
                } else {
                    a.breakBeforeNext(b::lead);
                }
                try (Connection c = b.connect()) {
                    run(c, decision + " TRANSACTION one");
                }
                assertEquals(List.of(), inDoubt(b));
            }
        }
        assertState(a, 5, 60 + 12 + 13);
    }

    /** Asked by the id of the whole, a client must not take the rest of it for done. */
    @Test
    void of_a_part_of_a_text_is_not_that_of_the_whole() throws Exception {
        for (TestNode at : List.of(a, b)) {
            prepareInsert(a, "one", at == a ? 8 : 9);
            try (TestConnection c = at.connect()) {
                request(c);
                assertThrows(
                        SQLException.class, () -> run(c, "COMMIT TRANSACTION one; INSERT INTO t VALUES (1, 1, 1)"));
            }
            assertFalse(wasDone(at));
            try (TestConnection c = at.connect()) {
                prepareInsert(a, "one", at == a ? 18 : 19);
                request(c);
                run(c, "INSERT INTO other VALUES (" + (at == a ? 1 : 2) + "); COMMIT TRANSACTION one");
            }
            assertTrue(wasDone(at));
        }
        try (Connection c = b.connect()) {
            assertEquals(2, number(c, "SELECT COUNT(*) FROM other"));
        }
    }
}
