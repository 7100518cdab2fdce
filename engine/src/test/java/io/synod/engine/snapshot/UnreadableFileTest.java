package io.synod.engine.snapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.writeset.Member;
import io.synod.group.Members;
import io.synod.replica.Snapshots.Outgoing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A disk does not give a sector of an H2 file any more: damage, as a bit that has turned is. */
@Timeout(240)
class UnreadableFileTest {
    private static final Members NOBODY = new Members(List.of());

    @TempDir
    Path directory;

    private final AtomicInteger refused = new AtomicInteger();
    private long at;

    @BeforeEach
    void fill() throws Exception {
        try (Member member = open()) {
            member.ddl("CREATE TABLE T(ID INT PRIMARY KEY, X VARCHAR)");
            Connection connection = member.connect();
            for (int i = 0; i < 20; i++) {
                Member.execute(
                        connection,
                        "MERGE INTO T SELECT X, RANDOM_UUID() || REPEAT(X, 100) FROM SYSTEM_RANGE(" + i * 100 + ", "
                                + (i * 100 + 99) + ")");
                member.commit(connection);
            }
            Member.close(connection);
            assertNotNull(member.checkpoint.take());
            at = member.checkpoint.last().length() / 2 / 4096 * 4096;
        }
    }

    @AfterEach
    void readable() {
        FaultyDisk.test = null;
    }

    private Member open() throws Exception {
        return Member.onFile(directory.resolve("shop"));
    }

    private void breakDisk() {
        FaultyDisk.test = new FaultyDisk() {
            @Override
            void onRead(long from, long to) throws IOException {
                if (from < at + 4096 && to > at) {
                    refused.incrementAndGet();
                    throw new IOException("Input/output error");
                }
            }
        };
    }

    private void assertDamage(Executable work) {
        refused.set(0);
        DamagedStoreException e = assertThrows(DamagedStoreException.class, work);
        assertTrue(e.getMessage().contains("Input/output error"), e.getMessage());
        assertTrue(refused.get() > 0);
    }

    @Test
    void is_found_at_a_start() throws Exception {
        breakDisk();
        assertDamage(this::open);
        readable();
        open().close();
    }

    @Test
    void is_found_by_whoever_reads_an_open_file() throws Exception {
        try (Member member = open()) {
            breakDisk();
            assertDamage(() -> member.store.verify(bytes -> {}));
            assertDamage(() -> member.store.snapshot(1, NOBODY).close());
            assertDamage(member.store::reclaim);
            assertTrue(Files.notExists(directory.resolve("shop.fallback.mv.db")));
            readable();
            assertEquals(member.checkpoint.last().length(), member.store.verify(bytes -> {}));
        }
    }

    @Test
    void snapshot_that_cannot_be_read_to_its_end_is_not_offered_again() throws Exception {
        try (Member member = open()) {
            try (Outgoing outgoing = member.store.snapshot(1, NOBODY)) {
                breakDisk();
                assertDamage(() -> outgoing.read(at - 100, new byte[1000]));
            }
            assertDamage(() -> member.store.snapshot(1, NOBODY).close());
        }
    }

    /** A directory in its place: it is opened and cannot be read. */
    @Test
    void so_are_the_files_beside_it() throws Exception {
        for (String name : List.of("shop.checkpoint", "shop.replacement", "shop.damage")) {
            Path file = directory.resolve(name);
            byte[] whole = Files.exists(file) ? Files.readAllBytes(file) : null;
            Files.deleteIfExists(file);
            Files.createDirectory(file);
            assertThrows(DamagedStoreException.class, this::open, name);
            Files.delete(file);
            if (whole != null) {
                Files.write(file, whole);
            }
        }
        open().close();
    }
}
