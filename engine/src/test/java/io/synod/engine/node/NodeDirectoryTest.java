package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.LogDamage;
import io.synod.jdbc.SynodUrl;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node finds in its directory that cannot be gone on from, and does with it; {@link LostDirectoryTest} has it come back. */
class NodeDirectoryTest {
    @TempDir
    private Path parent;

    private Path directory;
    private UUID before;

    /** A node has run here, with an entry in its log that can be found. */
    @BeforeEach
    void run() throws Exception {
        directory = parent.resolve("a");
        String url = "jdbc:synod:file:" + directory.resolve("shop") + ";NODE=a";
        try (Connection c = DriverManager.getConnection(url, "sa", "")) {
            Sql.run(c, "CREATE TABLE t(x INT PRIMARY KEY, y VARCHAR)", "INSERT INTO t VALUES (1, 'before')");
            Sql.run(c, "INSERT INTO t VALUES (2, 'after')");
        }
        before = IdentityFile.open(directory, config()).incarnation();
    }

    private NodeConfig config() throws Exception {
        return NodeConfig.of(SynodUrl.parse(
                "jdbc:synod:file:" + directory.resolve("shop") + ";NODE=a;LISTEN=127.0.0.1:1;PEERS=b@127.0.0.1:2",
                null));
    }

    /** @param number of the directory that has what was set aside; 0 for none */
    private IdentityFile open(int number) throws Exception {
        NodeDirectory opened = NodeDirectory.open(config(), () -> {});
        opened.log().close();
        assertEquals(number > 0, opened.identity().comingBack().returns());
        if (number > 0) {
            assertNotEquals(before, opened.identity().incarnation());
            assertTrue(opened.log().isEmpty(), "it passes for another one's");
            assertTrue(Files.exists(directory.resolve("set-aside-" + number)), "set aside");
        }
        return opened.identity();
    }

    @Test
    void nothing_is_set_aside_of_one_that_is_whole() throws Exception {
        assertEquals(before, open(0).incarnation());
        assertFalse(Files.exists(directory.resolve("set-aside-1")));
    }

    @Test
    void a_log_that_is_damaged_in_its_middle_is_set_aside_with_all_that_belongs_to_it() throws Exception {
        assertTrue(LogDamage.flipIn(directory.resolve("log"), "before"));
        open(1);
        Path aside = directory.resolve("set-aside-1");
        assertTrue(Files.exists(aside.resolve("log").resolve("DURABLE")), aside.toString());
        assertTrue(Files.exists(aside.resolve("node.properties")));
        assertTrue(Files.exists(aside.resolve("shop.mv.db")));
        assertFalse(Files.exists(directory.resolve("shop.mv.db")));
    }

    @Test
    void so_is_what_is_left_without_a_log_or_without_what_says_whose_it_is() throws Exception {
        LogDamage.delete(directory.resolve("log"));
        open(1);
        Files.writeString(directory.resolve("node.properties"), "format=1\n");
        open(2);
        Files.delete(directory.resolve("node.properties"));
        NodeDirectory.open(config(), () -> {}).log().close();
        assertTrue(Files.exists(directory.resolve("set-aside-2")), "the log was empty, and nobody's");
    }

    /** As one whose disk was not mounted. */
    @Test
    void a_log_that_is_found_again_when_another_one_has_its_place_is_not_read() throws Exception {
        open(0);
        Path log = directory.resolve("log");
        Path kept = parent.resolve("kept");
        Files.move(log, kept);
        open(1);
        LogDamage.delete(log);
        Files.move(kept, log);
        open(2);
    }
}
