package io.synod.engine.writeset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.writeset.AppliedState.ClientSession;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.UUID;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.StringDataType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AppliedStateTest {
    @TempDir
    Path directory;

    private static UUID client(int n) {
        return new UUID(n * 0x9E3779B97F4A7C15L, n);
    }

    @Test
    void the_index_and_the_clients_commits_are_there_with_the_rows_or_not_at_all() throws Exception {
        Path base = directory.resolve("db");
        try (Member m = Member.onFile(base)) {
            m.ddl("CREATE TABLE T(ID INT PRIMARY KEY)");
            m.state.recordCommit(m.system, client(1), 7, 2);
            m.state.advance(m.system, 2, 3);
            m.system.commit(false);
            m.state.committed(2, 3);
            m.state.recordCommit(m.system, client(1), 8, 3);
            m.state.advance(m.system, 3, 3);
            m.system.rollback();
            assertEquals(2, m.state.appliedIndex());
            m.store.close();
        }
        try (Member m = Member.onFile(base)) {
            assertEquals(2, m.state.appliedIndex());
            assertEquals(3, m.state.appliedEpoch());
            assertEquals(new ClientSession(7, 2, false, 7), m.state.find(m.system, client(1)));
            assertNull(m.state.find(m.system, client(2)));
        }
    }

    /** Its values could be read as others than they are. */
    @Test
    void a_file_of_a_later_release_is_refused_by_name() throws Exception {
        Path base = directory.resolve("db");
        try (Member m = Member.onFile(base)) {
            m.system
                    .getTransaction()
                    .openMap("synod.state", StringDataType.INSTANCE, ByteArrayDataType.INSTANCE)
                    .put("format", new byte[] {2});
            m.system.commit(false);
            m.store.close();
        }
        String message =
                assertThrows(IOException.class, () -> Member.onFile(base)).getMessage();
        assertTrue(message.contains("format version 2") && message.contains("update this node"), message);
    }

    @Test
    void an_entry_is_never_applied_twice() throws SQLException {
        try (Member m = Member.inMemory()) {
            m.ddl("CREATE TABLE T(ID INT PRIMARY KEY)");
            assertThrows(IllegalStateException.class, () -> m.state.advance(m.system, 1, 1));
        }
    }

    @Test
    void a_fence_remembers_what_was_committed_and_a_late_one_changes_nothing() throws SQLException {
        try (Member m = Member.inMemory()) {
            m.state.recordCommit(m.system, client(1), 5, 10);
            m.state.recordFence(m.system, client(1), 6, 11);
            assertEquals(new ClientSession(6, 11, true, 5), m.state.find(m.system, client(1)));
            m.state.recordFence(m.system, client(1), 6, 12);
            assertEquals(11, m.state.find(m.system, client(1)).index());
            m.state.recordCommit(m.system, client(1), 7, 13);
            assertEquals(new ClientSession(7, 13, false, 7), m.state.find(m.system, client(1)));
            m.state.recordFence(m.system, client(2), 1, 14);
            assertEquals(new ClientSession(1, 14, true, 0), m.state.find(m.system, client(2)));
        }
    }

    @Test
    void expiry_forgets_those_idle_for_long_and_far_back_and_no_others() throws SQLException {
        try (Member m = Member.inMemory()) {
            for (int i = 1; i <= 100; i++) {
                m.state.recordCommit(m.system, client(i), 1, i);
                if (i == 60) {
                    assertEquals(0, m.state.expire(m.system, 50, 1_000, 10, 60));
                }
            }
            m.system.commit(false);
            assertEquals(100, m.state.clientSessions());
            assertEquals(0, m.state.expire(m.system, 999, 1_000, 10, 101), "not idle for long enough");
            assertEquals(0, m.state.expire(m.system, 1, 1_000, 102, 102), "not far enough back");
            assertEquals(50, m.state.expire(m.system, 0, 1_000, 53, 103), "up to 50 by distance, up to 60 by time");
            assertEquals(10, m.state.expire(m.system, 0, 1_000, 10, 104));
            m.system.commit(false);
            assertEquals(40, m.state.clientSessions());
            assertNull(m.state.find(m.system, client(60)));
            assertEquals(61, m.state.find(m.system, client(61)).index());
            assertEquals(40, m.state.expire(m.system, 1_000, 1_000, 1, 200), "those up to the entry at 104");
        }
    }
}
