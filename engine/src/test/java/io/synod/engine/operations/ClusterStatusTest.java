package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClusterStatusTest {
    private static MemberStatus member(String name, String role, long applied, boolean reachable) {
        return new MemberStatus(
                name, role, "7.1", 120, 120, applied, 120 - applied, -1, 0, 65_536, "127.0.0.1:7101", reachable);
    }

    private static ClusterStatus of(MemberStatus... members) {
        return new ClusterStatus("shop", "a", List.of(members));
    }

    @Test
    void a_cluster_is_caught_up_only_with_a_leader_and_all_members_there() {
        MemberStatus leader = member("a", "LEADER", 120, true);
        assertTrue(of(leader, member("b", "FOLLOWER", 120, true)).allCaughtUp(0));
        assertFalse(of(leader, member("b", "FOLLOWER", 119, true)).allCaughtUp(0));
        assertTrue(of(leader, member("b", "FOLLOWER", 119, true)).allCaughtUp(1));
        assertFalse(of(leader, member("b", "FOLLOWER", 120, false)).allCaughtUp(0));
        assertFalse(of(member("b", "FOLLOWER", 120, true)).allCaughtUp(0));
        assertFalse(ClusterStatus.UNKNOWN.allCaughtUp(0));
    }

    @Test
    void json_has_every_field_of_the_table() throws IOException {
        Map<String, Object> json =
                JSON.std.mapFrom(of(member("a", "LEADER", 118, true)).json());
        assertEquals("shop", json.get("database"));
        Map<?, ?> first = (Map<?, ?>) ((List<?>) json.get("members")).get(0);
        assertEquals("leader", first.get("role"));
        assertEquals(118, first.get("appliedIndex"));
        assertEquals(2, first.get("lagEntries"));
        assertTrue(first.containsKey("lagMillis"));
        assertEquals(null, first.get("lagMillis"));
        assertEquals("127.0.0.1:7101", first.get("address"));
    }

    @Test
    void an_unreachable_member_is_called_so() {
        String table = of(member("a", "LEADER", 120, true), member("b", "FOLLOWER", 3, false))
                .table();
        assertEquals(3, table.lines().count());
        assertTrue(table.contains("unreachable"), table);
    }
}
