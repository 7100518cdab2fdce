package io.synod.engine.snapshot;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.engine.failover.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The system could not put on disk what was written to an H2 file. */
@Timeout(240)
class FailedForceTest {
    @TempDir
    Path directory;

    private final AtomicInteger forces = new AtomicInteger();

    @AfterEach
    void whole() {
        FaultyDisk.test = null;
    }

    private Connection connect(String database) throws SQLException {
        return DriverManager.getConnection("jdbc:synod:file:" + directory.resolve(database) + ";NODE=a", "sa", "");
    }

    /** Once: behind it the system calls the pages clean that it has not written, and says that the next force did well. */
    private void failNextForceOf(String file) {
        FaultyDisk.test = new FaultyDisk() {
            @Override
            void onForce(String forced) throws IOException {
                if (forced.endsWith(file) && forces.getAndIncrement() == 0) {
                    throw new IOException("Input/output error");
                }
            }
        };
    }

    @Test
    void that_database_stops_on_this_node_and_the_others_go_on() throws Exception {
        try (Connection stock = connect("stock")) {
            try (Connection shop = connect("shop")) {
                run(stock, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)");
                run(shop, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)");
                byte[] checkpoint = Files.readAllBytes(directory.resolve("shop.checkpoint"));
                failNextForceOf("shop.mv.db");
                assertThrows(SQLException.class, () -> run(shop, "BACKUP TO '" + directory.resolve("1.zip") + "'"));
                assertEquals(1, forces.get());
                // A checkpoint that was not forced would be one that the log is cut for.
                assertThrows(SQLException.class, () -> run(shop, "BACKUP TO '" + directory.resolve("2.zip") + "'"));
                Await.until("it has stopped", () -> {
                    SQLException e = assertThrows(SQLException.class, () -> run(shop, "INSERT INTO t VALUES (2)"));
                    assertEquals("08001", e.getSQLState(), e.toString());
                    return e.getMessage().contains("could not be forced to disk");
                });
                assertEquals(1, forces.get(), "it was forced again");
                assertArrayEquals(checkpoint, Files.readAllBytes(directory.resolve("shop.checkpoint")));
                run(stock, "INSERT INTO t VALUES (2)", "BACKUP TO '" + directory.resolve("3.zip") + "'");
                assertEquals(2, number(stock, "SELECT COUNT(*) FROM t"));
            }
        }
        whole();
        try (Connection shop = connect("shop")) {
            assertEquals(1, number(shop, "SELECT COUNT(*) FROM t"));
            run(shop, "INSERT INTO t VALUES (2)");
        }
    }
}
