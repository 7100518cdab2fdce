package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.engine.operations.FreePorts;
import io.synod.jdbc.SynodUrl;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node listens before its databases are open: clients must try again, and not take it for one without them. */
@Timeout(240)
class StartingNodeTest {
    @TempDir
    private Path directory;

    @Test
    void a_database_that_is_there_and_not_open_yet_is_not_called_missing() throws Exception {
        start("shop").close();
        try (Node node = start("other")) {
            Await.until("it says why", () -> {
                SQLException e = assertThrows(SQLException.class, () -> connect(node, "shop"));
                assertEquals("08001", e.getSQLState(), e.toString());
                // Unless its last answer came too late.
                return e.getMessage().contains("has not opened it yet");
            });
            SQLException e = assertThrows(SQLException.class, () -> connect(node, "nowhere"));
            assertEquals("90013", e.getSQLState());
            for (String name : List.of("./shop", directory.resolve("shop").toString(), "sh\0p")) {
                e = assertThrows(SQLException.class, () -> node.open(name, "sa", new byte[0], Map.of()));
                assertEquals("90013", e.getSQLState(), name);
            }
            node.host("shop", Map.of());
            try (Connection c = connect(node, "shop")) {
                assertTrue(c.isValid(60));
            }
        }
    }

    /** As when the disk lost it: it is rebuilt from the log, and clients come meanwhile. */
    @Test
    void a_database_whose_file_is_lost_is_not_called_missing() throws Exception {
        try (Node node = start("shop");
                Connection c = connect(node, "shop")) {
            assertTrue(c.isValid(60));
        }
        Files.delete(directory.resolve("shop.mv.db"));
        try (Node node = start("other")) {
            SQLException e = assertThrows(SQLException.class, () -> connect(node, "shop"));
            assertEquals("08001", e.getSQLState(), e.getMessage());
        }
    }

    /** As one whose directory was lost does for as long as its peers are away. */
    @Test
    void a_node_that_waits_for_its_peers_keeps_nobody_of_the_process_from_another_one() throws Exception {
        List<Integer> ports = FreePorts.take(2);
        // What the first connection of a process loads takes longer than one.
        DriverManager.getConnection("jdbc:synod:mem:first", "sa", "").close();
        boolean keptNobody = false;
        // Who waits for it does so however long it takes; who is slow comes in time when it takes long.
        for (int millis = 2_000; !keptNobody && millis <= 64_000; millis *= 2) {
            Path waits = Files.createDirectories(directory.resolve("a" + millis));
            Files.createDirectory(waits.resolve("set-aside-1"));
            SynodUrl url = SynodUrl.parse(
                    "jdbc:synod:file:" + waits.resolve("shop") + ";NODE=a;LISTEN=127.0.0.1:" + ports.get(0)
                            + ";PEERS=b@127.0.0.1:" + ports.get(1) + ";FAILOVER_TIMEOUT=" + millis,
                    null);
            CompletableFuture<SQLException> starting = CompletableFuture.supplyAsync(
                    () -> assertThrows(StillReturningException.class, () -> EmbeddedEngine.start(url)));
            Await.until("it is at it", () -> Files.exists(waits.resolve("node.properties")));
            try (Connection c = DriverManager.getConnection("jdbc:synod:mem:other" + millis, "sa", "")) {
                assertTrue(c.isValid(60));
                keptNobody = !starting.isDone();
            }
            assertEquals("55000", starting.get().getSQLState());
        }
        assertTrue(keptNobody, "who connects elsewhere waits for it");
    }

    private Node start(String database) throws SQLException {
        return EmbeddedEngine.start(
                SynodUrl.parse("jdbc:synod:file:" + directory.resolve(database) + ";SQL=127.0.0.1:0", null));
    }

    private static Connection connect(Node node, String database) throws SQLException {
        String url = "jdbc:synod://127.0.0.1:" + node.sqlPort() + "/" + database + ";CONNECT_TIMEOUT=3000";
        return DriverManager.getConnection(url, "sa", "secret");
    }
}
