package io.synod.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

class LeadershipTest {
    @Test
    void it_has_stayed_only_where_it_is_known_before_and_after() {
        Leadership a = new Leadership("a", "1@a");
        assertTrue(Leadership.stayed(a, new Leadership("a", "1@a")));
        assertFalse(Leadership.stayed(a, new Leadership("a", "3@a")));
        assertFalse(Leadership.stayed(a, new Leadership("b", "2@b")));
        assertFalse(Leadership.stayed(a, null));
        assertFalse(Leadership.stayed(null, a));
        assertFalse(Leadership.stayed(null, null));
    }

    @Test
    void nobody_leads_where_no_member_is_named_as_the_leader() throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:h2:mem:");
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE SCHEMA SYNOD");
            statement.execute("CREATE TABLE SYNOD.MEMBERS(NODE VARCHAR, EPOCH VARCHAR, ROLE VARCHAR)");
            statement.execute("INSERT INTO SYNOD.MEMBERS VALUES ('a', '1@a', 'FOLLOWER')");
            assertNull(Leadership.of(connection));
            statement.execute("INSERT INTO SYNOD.MEMBERS VALUES ('b', '1@b', 'LEADER')");
            assertEquals(new Leadership("b", "1@b"), Leadership.of(connection));
        }
        try (Connection connection = DriverManager.getConnection("jdbc:synod:mem:leadership", "sa", "")) {
            assertTrue(Leadership.stayed(Leadership.of(connection), Leadership.of(connection)));
        }
    }
}
