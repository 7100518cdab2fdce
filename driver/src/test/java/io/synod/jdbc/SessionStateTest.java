package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.h2.command.CommandInterface;
import org.junit.jupiter.api.Test;

class SessionStateTest {
    @Test
    void the_read_only_hint_is_repeated_on_the_next_node_beside_the_read_level() {
        assertEquals("READ ONLY", SessionState.setting("set read  only true"));
        assertEquals("READ", SessionState.setting("SET READ LOCAL"));
        assertEquals("READ", SessionState.setting("SET READ = LOCAL"));
        assertTrue(SessionState.isSessionSetting("SET READ ONLY TRUE", CommandInterface.SET));
    }

    @Test
    void what_h2_keeps_account_of_is_not_noted_twice() {
        assertNull(SessionState.setting("SET @x = 1"));
        assertNull(SessionState.setting("SET SCHEMA PUBLIC"));
    }

    @Test
    void every_setting_of_the_session_is_one_and_is_repeated_as_it_was_made_last() {
        assertEquals("QUIRKS_MODE", SessionState.setting("SET QUIRKS_MODE TRUE"));
        assertEquals("QUERY_TIMEOUT", SessionState.setting("set statement_timeout to 5000"));
        for (String sql : new String[] {
            "SET QUIRKS_MODE = TRUE",
            "SET STATEMENT_TIMEOUT = 5",
            "SET SEARCH_PATH = A, B",
            "USE A",
            "SET CATALOG 'SHOP'"
        }) {
            assertTrue(SessionState.isSessionSetting(sql, CommandInterface.SET), sql);
        }
    }
}
