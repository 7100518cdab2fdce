package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.h2.api.ErrorCode;
import org.junit.jupiter.api.Test;

/** A session as a node opens it on another one: what concerns all databases of a node is nothing that it is asked for. */
class InternalCallsTest {
    @Test
    void what_finds_its_leaders_by_itself_is_refused() throws Exception {
        try (TestNode a = TestNode.solo(new MemoryGroup());
                Connection c = a.connect(Map.of("INTERNAL", "TRUE"))) {
            for (String call : List.of(
                    "MEMBER_ADD('d@127.0.0.1:1')",
                    "MEMBER_PROMOTE('d')",
                    "MEMBER_DEMOTE('d')",
                    "MEMBER_ADDRESS('d@127.0.0.1:1')",
                    "MEMBER_REMOVE('d')",
                    "TERMINATE('t')")) {
                SQLException e = assertThrows(SQLException.class, () -> run(c, "CALL SYNOD." + call), call);
                assertEquals("0A000", e.getSQLState(), call + ": " + e);
                assertTrue(e.getMessage().contains(call.substring(0, call.indexOf('('))), e.getMessage());
            }
            assertEquals(1, number(c, "SELECT COUNT(*) FROM SYNOD.MEMBERS"));
        }
    }

    @Test
    void what_acts_on_the_nodes_is_for_administrators_only() throws Exception {
        try (TestNode a = TestNode.solo(new MemoryGroup())) {
            try (Connection c = a.connect()) {
                run(c, "CREATE USER clerk PASSWORD 'p'");
            }
            for (String internal : List.of("FALSE", "TRUE")) {
                try (Connection c = a.connect("CLERK", "p", Map.of("INTERNAL", internal))) {
                    for (String call : List.of(
                            "TRANSFER()",
                            "TRANSFER('a')",
                            "RECLAIM()",
                            "SCRUB()",
                            "TERMINATE('t')",
                            "MEMBER_ADD('d@127.0.0.1:1')",
                            "MEMBER_PROMOTE('d')",
                            "MEMBER_REMOVE('d')")) {
                        SQLException e = assertThrows(SQLException.class, () -> run(c, "CALL SYNOD." + call), call);
                        assertEquals(ErrorCode.ADMIN_RIGHTS_REQUIRED, e.getErrorCode(), call + ": " + e);
                    }
                }
            }
        }
    }
}
