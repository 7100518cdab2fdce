package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.SynodUrl;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
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
            SQLException e = assertThrows(SQLException.class, () -> connect(node, "shop"));
            assertEquals("08001", e.getSQLState());
            assertTrue(e.getMessage().contains("has not opened it yet"), e.getMessage());
            e = assertThrows(SQLException.class, () -> connect(node, "nowhere"));
            assertEquals("90013", e.getSQLState());
            for (String name : List.of("./shop", directory.resolve("shop").toString(), "sh\0p")) {
                e = assertThrows(SQLException.class, () -> node.open(name, "sa", new byte[0], Map.of()));
                assertEquals("90013", e.getSQLState(), name);
            }
            node.host("shop", Map.of());
            try (Connection c = connect(node, "shop")) {
                assertTrue(c.isValid(10));
            }
        }
    }

    /** As when the disk lost it: it is rebuilt from the log, and clients come meanwhile. */
    @Test
    void a_database_whose_file_is_lost_is_not_called_missing() throws Exception {
        try (Node node = start("shop");
                Connection c = connect(node, "shop")) {
            assertTrue(c.isValid(10));
        }
        Files.delete(directory.resolve("shop.mv.db"));
        try (Node node = start("other")) {
            SQLException e = assertThrows(SQLException.class, () -> connect(node, "shop"));
            assertEquals("08001", e.getSQLState(), e.getMessage());
        }
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
