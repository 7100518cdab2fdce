package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileUrlTest extends JdbcContract {
    @TempDir
    private Path directory;

    @Override
    String url() {
        return "jdbc:synod:file:" + directory.resolve("shop");
    }

    @Override
    void cleanUp() {
        // The node stops with its last connection and frees the directory.
    }

    @Test
    void everything_is_there_after_a_restart() throws Exception {
        close();
        for (int round = 1; round <= 3; round++) {
            try (Connection c = DriverManager.getConnection(url(), "sa", "secret");
                    Statement s = c.createStatement()) {
                s.execute("CREATE TABLE IF NOT EXISTS t(id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x INT)");
                s.execute("INSERT INTO t(x) VALUES (" + round + ")");
                try (ResultSet r = s.executeQuery("SELECT COUNT(*), SUM(x), COUNT(DISTINCT id) FROM t")) {
                    assertTrue(r.next());
                    assertEquals(round, r.getInt(1));
                    assertEquals(round * (round + 1) / 2, r.getInt(2));
                    assertEquals(round, r.getInt(3));
                }
            }
        }
        open();
    }
}
