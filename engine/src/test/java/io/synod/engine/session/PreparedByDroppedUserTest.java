package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.engine.Sql;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A prepared transaction belongs to a user: one who was dropped meanwhile cannot have any. */
class PreparedByDroppedUserTest {
    @TempDir
    private Path directory;

    @Test
    void it_is_rolled_back() throws SQLException {
        String url = "jdbc:synod:file:" + directory.resolve("shop");
        try (Connection admin = DriverManager.getConnection(url, "sa", "secret")) {
            Sql.run(admin, "CREATE TABLE t(id INT PRIMARY KEY)", "CREATE USER leaving PASSWORD 'l' ADMIN");
            Connection c = DriverManager.getConnection(url, "leaving", "l");
            c.setAutoCommit(false);
            Sql.run(c, "INSERT INTO t VALUES (1)");
            Sql.run(admin, "DROP USER leaving");
            SQLException gone = assertThrows(SQLException.class, () -> Sql.run(c, "PREPARE COMMIT x"));
            assertEquals("90032", gone.getSQLState(), gone.getMessage());
            assertEquals(0, Sql.number(admin, "SELECT COUNT(*) FROM t"));
        }
    }
}
