package io.synod.engine.snapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.writeset.IndexCheck;
import io.synod.engine.writeset.Member;
import io.synod.group.Members;
import io.synod.replica.Snapshots.Outgoing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SpaceReclaimTest {
    private static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    @TempDir
    Path directory;

    @AfterEach
    void noFaults() {
        FaultPoint.hook = null;
    }

    private Member open() throws SQLException, IOException {
        return Member.onFile(directory.resolve("shop"));
    }

    private long fileSize() throws IOException {
        return Files.size(directory.resolve("shop.mv.db"));
    }

    private static void create(Member member) throws SQLException {
        member.ddl("CREATE TABLE T(ID INT PRIMARY KEY, N INT, X VARCHAR)");
        member.ddl("CREATE INDEX TN ON T(N)");
    }

    /** Every row anew, with a checkpoint in between, so that each is in the file many times. */
    private static void overwrite(Member member, int round) throws SQLException, IOException {
        Connection connection = member.connect();
        try (PreparedStatement merge =
                ((org.h2.jdbc.JdbcConnection) connection).prepareStatement("MERGE INTO T VALUES(?, ?, ?)")) {
            for (int i = 1; i <= 500; i++) {
                merge.setInt(1, i);
                merge.setInt(2, round * 1000 + i);
                merge.setString(3, ("round " + round + " row " + i + " ").repeat(40));
                merge.executeUpdate();
                if (i % 50 == 0) {
                    member.commit(connection);
                }
            }
        }
        Member.close(connection);
        assertNotNull(member.checkpoint.take());
    }

    @Test
    void a_file_whose_rows_are_overwritten_again_and_again_stays_small() throws Exception {
        try (Member m = open()) {
            create(m);
            overwrite(m, 0);
            long once = fileSize();
            long peak = 0;
            for (int round = 1; round <= 60; round++) {
                overwrite(m, round);
                peak = Math.max(peak, fileSize());
                if (fileSize() > 8 * once) {
                    H2Store.Reclaimed reclaimed = m.store.reclaim();
                    assertNotNull(reclaimed);
                    assertTrue(reclaimed.after() < 3 * once, once + " bytes once, " + reclaimed);
                    assertEquals(reclaimed.after(), fileSize());
                    assertTrue(m.store.space().fillPercent() > 60, String.valueOf(m.store.space()));
                }
            }
            assertTrue(peak < 12 * once, peak + " bytes, " + once + " once");
            IndexCheck.check(m.store.database(), m.system);
        }
        try (Member m = open()) {
            assertEquals(60_500, number(m, "SELECT MAX(N) FROM T"));
            IndexCheck.check(m.store.database(), m.system);
        }
    }

    private static long number(Member m, String sql) throws SQLException {
        Connection connection = m.connect();
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        } finally {
            Member.close(connection);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = FaultPoint.class,
            names = {"COPIED", "DECIDED", "COMPACTED", "SEALED", "REVOKED"})
    void a_crash_at_any_step_loses_nothing(FaultPoint point) throws Exception {
        String expected;
        long applied;
        try (Member m = open()) {
            create(m);
            for (int round = 0; round < 10; round++) {
                overwrite(m, round);
            }
            expected = m.dump();
            applied = m.state.appliedIndex();
            FaultPoint.hook = at -> {
                if (at == point) {
                    throw new Crash();
                }
            };
            assertThrows(Crash.class, m.store::reclaim);
            FaultPoint.hook = null;
            if (Files.exists(directory.resolve("shop.replacement"))) {
                IOException e = assertThrows(IOException.class, m.checkpoint::take);
                assertTrue(e.getMessage().contains("restart this node"), e.getMessage());
            }
        }
        for (int start = 0; start < 2; start++) {
            try (Member m = open()) {
                assertEquals(expected, m.dump());
                assertEquals(applied + start * 10, m.state.appliedIndex());
                IndexCheck.check(m.store.database(), m.system);
                overwrite(m, 9);
                assertNotNull(m.store.reclaim());
                m.store.close();
            }
        }
        assertTrue(Files.notExists(directory.resolve("shop.fallback.mv.db")));
        assertTrue(Files.notExists(directory.resolve("shop.replacement")));
    }

    @Test
    @Timeout(240)
    void readers_read_on_while_space_is_reclaimed() throws Exception {
        try (Member m = open()) {
            create(m);
            for (int round = 0; round < 20; round++) {
                overwrite(m, round);
            }
            AtomicBoolean over = new AtomicBoolean();
            AtomicInteger count = new AtomicInteger();
            CompletableFuture<Void> reads = CompletableFuture.runAsync(() -> {
                try {
                    while (!over.get()) {
                        assertEquals(
                                500, number(m, "SELECT COUNT(*) FROM T WHERE LENGTH(X) > 100 AND N > " + -count.get()));
                        count.incrementAndGet();
                    }
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            // The reader's thread may come late, and seldom.
            for (int round = 0; (round < 5 || count.get() <= 5) && !reads.isDone(); round++) {
                assertNotNull(m.store.reclaim());
                overwrite(m, 20 + round);
            }
            over.set(true);
            reads.get();
        }
    }

    @Test
    void bytes_of_a_snapshot_that_is_being_read_are_not_moved() throws Exception {
        try (Member m = open()) {
            create(m);
            overwrite(m, 0);
            try (Outgoing reader = m.store.snapshot(1, new Members(List.of()))) {
                assertNull(m.store.reclaim());
                assertEquals(1, reader.header().version());
            }
            assertNotNull(m.store.reclaim());
        }
    }
}
