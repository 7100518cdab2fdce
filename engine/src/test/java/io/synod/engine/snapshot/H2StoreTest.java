package io.synod.engine.snapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.writeset.Member;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import org.h2.engine.Constants;
import org.h2.store.fs.FileUtils;
import org.h2.util.StringUtils;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class H2StoreTest {
    @TempDir
    Path directory;

    private Path base;

    @BeforeEach
    void name() {
        base = directory.resolve("sub").resolve("shop");
    }

    private Path file(String suffix) {
        return base.resolveSibling("shop" + suffix);
    }

    private static void insert(Member member, int from, int to) throws SQLException {
        Connection connection = member.connect();
        for (int i = from; i <= to; i++) {
            Member.execute(connection, "INSERT INTO T VALUES(" + i + ")");
            member.commit(connection);
        }
        Member.close(connection);
    }

    @Test
    void a_start_goes_back_to_the_last_checkpoint_and_not_further() throws Exception {
        String atCheckpoint;
        try (Member m = Member.onFile(base)) {
            m.ddl("CREATE TABLE T(ID INT PRIMARY KEY)");
            insert(m, 1, 100);
            atCheckpoint = m.dump();
            Checkpoint.Taken taken = m.checkpoint.take();
            assertEquals(101, taken.applied());
            assertTrue(taken.pauseNanos() > 0);
            insert(m, 101, 200);
            m.store.database().getStore().getMvStore().commit(); // written, but not a checkpoint
        }
        assertTrue(Files.size(file(".mv.db"))
                > CheckpointFile.read(file(".checkpoint")).length());
        try (Member m = Member.onFile(base)) {
            assertEquals(101, m.state.appliedIndex());
            assertEquals(101, m.store.checkpointIndex());
            assertEquals(atCheckpoint, m.dump());
            insert(m, 101, 150);
            m.store.close();
        }
        try (Member m = Member.onFile(base)) {
            assertEquals(151, m.state.appliedIndex(), "a good stop takes a checkpoint");
        }
    }

    @Test
    void a_file_that_was_never_checkpointed_starts_empty() throws Exception {
        try (Member m = Member.onFile(base)) {
            m.ddl("CREATE TABLE T(ID INT PRIMARY KEY)");
            m.store.database().getStore().getMvStore().commit();
        }
        try (Member m = Member.onFile(base)) {
            assertEquals(0, m.state.appliedIndex());
            assertEquals("", m.dump());
        }
    }

    @Test
    void a_file_of_plain_h2_is_refused_and_left_as_it_is() throws Exception {
        Files.createDirectories(base.getParent());
        try (Connection h2 = DriverManager.getConnection("jdbc:h2:file:" + base.toAbsolutePath())) {
            Member.execute(h2, "CREATE TABLE MINE(ID INT)");
        }
        byte[] before = Files.readAllBytes(file(".mv.db"));
        SQLException e = assertThrows(SQLException.class, () -> H2Store.openFile(base, Map.of()));
        assertTrue(e.getMessage().contains("shop.mv.db") && e.getMessage().contains("has not made"), e.getMessage());
        assertEquals(90048, e.getErrorCode());
        assertEquals(before.length, Files.mismatch(file(".mv.db"), file(".mv.db")) == -1 ? before.length : 0);
        assertTrue(Files.notExists(file(".checkpoint")));
    }

    @Test
    void a_file_that_is_open_is_neither_cut_nor_opened_again() throws Exception {
        try (Member m = Member.onFile(base)) {
            m.ddl("CREATE TABLE T(ID INT PRIMARY KEY)");
            SQLException e = assertThrows(SQLException.class, () -> H2Store.openFile(base, Map.of()));
            assertEquals(90020, e.getErrorCode());
            insert(m, 1, 10);
            assertEquals(11, m.checkpoint.take().applied());
        }
    }

    @Test
    void damage_is_named_with_what_to_do() throws Exception {
        try (Member m = Member.onFile(base)) {
            m.ddl("CREATE TABLE T(ID INT PRIMARY KEY)");
            m.store.close();
        }
        byte[] h2 = Files.readAllBytes(file(".mv.db"));
        Files.write(file(".mv.db"), new byte[10]);
        IOException shorter = assertThrows(DamagedStoreException.class, () -> H2Store.openFile(base, Map.of()));
        assertTrue(shorter.getMessage().contains("has 10 bytes"), shorter.getMessage());
        Files.write(file(".mv.db"), new byte[h2.length]);
        IOException empty = assertThrows(DamagedStoreException.class, () -> H2Store.openFile(base, Map.of()));
        assertTrue(empty.getMessage().contains("does not hold what was written"), empty.getMessage());
        Files.write(file(".mv.db"), h2);

        byte[] side = Files.readAllBytes(file(".checkpoint"));
        side[12] ^= 1;
        Files.write(file(".checkpoint"), side);
        IOException damaged = assertThrows(DamagedStoreException.class, () -> H2Store.openFile(base, Map.of()));
        assertTrue(damaged.getMessage().contains("damaged"), damaged.getMessage());
    }

    @Test
    void temporary_files_lie_beside_the_database_and_those_of_a_crash_are_gone_after_the_next_start() throws Exception {
        long left;
        try (Member m = Member.onFile(base)) {
            m.store.database().getLobStorage().createBlob(new java.io.ByteArrayInputStream(new byte[100]), 100);
            FileUtils.createTempFile(m.store.database().getDatabasePath(), Constants.SUFFIX_TEMP_FILE, true);
            left = temporaryFiles();
            assertTrue(left > 0);
        }
        try (Member m = Member.onFile(base)) {
            assertEquals(0, m.state.appliedIndex());
            assertEquals(0, temporaryFiles(), left + " before");
        }
    }

    @Test
    void a_file_that_was_found_damaged_while_it_was_open_is_not_gone_on_from() throws Exception {
        try (Member m = Member.onFile(base)) {
            m.ddl("CREATE TABLE T(ID INT PRIMARY KEY)");
            m.checkpoint.take();
            m.store.markDamaged("a page of T cannot be read");
        }
        IOException e = assertThrows(DamagedStoreException.class, () -> H2Store.openFile(base, Map.of()));
        assertEquals("a page of T cannot be read", e.getMessage());
        assertEquals(file(".damaged.mv.db"), StoreFile.setAside(base));
        try (Member m = Member.onFile(base)) {
            assertEquals(0, m.state.appliedIndex());
        }
    }

    private long temporaryFiles() throws IOException {
        try (var files = Files.list(base.getParent())) {
            return files.filter(f -> f.toString().endsWith(Constants.SUFFIX_TEMP_FILE))
                    .count();
        }
    }

    @Test
    void users_come_from_statements_and_only_their_password_opens_a_session() throws Exception {
        byte[] right = StringUtils.convertHexToBytes("11".repeat(32));
        byte[] wrong = StringUtils.convertHexToBytes("22".repeat(32));
        try (H2Store store = H2Store.openMemory("test", Map.of())) {
            var system = store.systemSession();
            system.lock();
            try {
                system.prepareLocal("CREATE USER SA PASSWORD 'x' ADMIN").executeUpdate(null);
                system.commit(false);
            } finally {
                system.unlock();
            }
            store.database().findUser("SA").setUserPasswordHash(right);
            assertNotEquals(0, store.session("SA", right).getId());
            assertEquals(
                    "28000",
                    assertThrows(SQLException.class, () -> store.session("SA", wrong))
                            .getSQLState());
            assertEquals(
                    "28000",
                    assertThrows(SQLException.class, () -> store.session("NO", right))
                            .getSQLState());
        }
    }
}
