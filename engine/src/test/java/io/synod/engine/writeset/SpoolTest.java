package io.synod.engine.writeset;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolTest {
    private static final byte[] HEAD = {7};

    @TempDir
    Path directory;

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    @Test
    void parts_are_read_as_one_stream_and_skipped_without_reading() throws Exception {
        try (MVStore store = MVStore.open(null)) {
            Spool spool = Spool.open(store);
            assertTrue(spool.append("k", 0, bytes(1, 2, 3)));
            assertTrue(spool.append("k", 1, bytes(4, 5, 6)));
            assertTrue(spool.append("k", 2, bytes(7)));
            assertArrayEquals(bytes(1, 2, 3, 4, 5, 6, 7), spool.read("k").readAllBytes());
            InputStream in = spool.read("k");
            assertEquals(1, in.read());
            in.skipNBytes(4);
            assertArrayEquals(bytes(6, 7), in.readAllBytes());
            assertEquals(-1, in.read());
            assertEquals(0, spool.read("none").readAllBytes().length);
        }
    }

    @Test
    void a_part_behind_a_lost_one_drops_the_item_and_what_follows_is_ignored() {
        try (MVStore store = MVStore.open(null)) {
            Spool spool = Spool.open(store);
            spool.append("k", 0, bytes(1));
            assertFalse(spool.append("k", 2, bytes(1)));
            assertFalse(spool.append("k", 3, bytes(1)));
            assertNull(spool.find("k"));
            assertEquals(List.of(), spool.items());
        }
    }

    @Test
    void a_new_leadership_drops_what_is_open_and_keeps_what_is_sealed() {
        try (MVStore store = MVStore.open(null)) {
            Spool spool = Spool.open(store);
            spool.append("open", 0, bytes(1));
            spool.append("sealed", 0, bytes(1));
            spool.seal("sealed", 1, HEAD);
            spool.seal("empty", 0, HEAD);
            spool.dropOpen();
            assertEquals(
                    List.of("empty", "sealed"),
                    spool.items().stream().map(Spool.Item::key).toList());
            assertThrows(IllegalStateException.class, () -> spool.append("sealed", 1, bytes(1)));
            assertThrows(IllegalStateException.class, () -> spool.seal("other", 1, HEAD));
        }
    }

    @Test
    void everything_comes_back_with_the_store_and_nothing_is_left_of_what_was_dropped() throws Exception {
        String file = directory.resolve("store").toString();
        try (MVStore store = MVStore.open(file)) {
            Spool spool = Spool.open(store);
            spool.append("t.1.1", 0, bytes(1, 2));
            spool.append("t.1.1", 1, bytes(3));
            spool.seal("x:1", 0, HEAD);
            spool.append("gone", 0, bytes(1));
            spool.drop("gone");
        }
        try (MVStore store = MVStore.open(file)) {
            Spool spool = Spool.open(store);
            Spool.Item open = spool.find("t.1.1");
            assertEquals(Spool.Status.OPEN, open.status());
            assertEquals(2, open.parts());
            assertEquals(3, open.bytes());
            assertArrayEquals(bytes(1, 2, 3), spool.read("t.1.1").readAllBytes());
            assertEquals(Spool.Status.SEALED, spool.find("x:1").status());
            assertArrayEquals(HEAD, spool.find("x:1").head());
            spool.drop("t.1.1");
            spool.drop("x:1");
            assertEquals(java.util.Set.of("synod.spool"), store.getMapNames());
        }
    }

    @Test
    void a_key_that_is_no_map_name_is_refused() {
        try (MVStore store = MVStore.open(null)) {
            Spool spool = Spool.open(store);
            assertThrows(IllegalArgumentException.class, () -> spool.append("a b", 0, HEAD));
            assertThrows(IllegalArgumentException.class, () -> spool.seal("", 0, HEAD));
        }
    }

    @Test
    void a_write_set_in_parts_is_void_behind_a_change_of_its_table() throws Exception {
        try (Member leader = Member.inMemory();
                Member follower = Member.inMemory()) {
            leader.ddl("CREATE TABLE A(ID INT PRIMARY KEY, V INT)");
            follower.ddl("CREATE TABLE A(ID INT PRIMARY KEY, V INT)");
            Connection client = leader.connect();
            Member.execute(client, "INSERT INTO A SELECT X, X FROM SYSTEM_RANGE(1, 100)");
            Member.Parts parts = leader.commitInParts(client, 50);
            follower.ddl("CREATE INDEX AV ON A(V)");
            assertEquals(WriteSetApplier.Outcome.VOID, follower.apply(parts));
            assertFalse(follower.dump().contains("1|1|1|"));
        }
    }
}
