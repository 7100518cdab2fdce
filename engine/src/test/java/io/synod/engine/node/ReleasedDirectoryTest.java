package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.SynodUrl;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Directories of nodes that earlier releases have left behind, killed in the middle: {@code formats/node-N.zip}. Each has in its file what was
 * before a checkpoint, and in its log behind it DDL, changed rows, a transaction in parts, sequence marks and a prepared branch. A release that writes
 * something new adds one; none is changed or removed as long as its release may be upgraded from.
 */
class ReleasedDirectoryTest {
    @TempDir
    private Path directory;

    private String url() {
        return "jdbc:synod:file:" + directory.resolve("shop");
    }

    private Connection open(String user, String password) throws SQLException {
        return DriverManager.getConnection(url(), user, password);
    }

    @ParameterizedTest
    @ValueSource(strings = "node-1.zip")
    void directories_of_earlier_releases_open_with_all_that_was_committed(String name) throws Exception {
        unpack(name);
        for (int start = 0; start < 2; start++) {
            try (Connection c = open("sa", "secret")) {
                assertEquals(38 + start, number(c, "SELECT COUNT(*) FROM item"));
                assertEquals(9, number(c, "SELECT COUNT(*) FROM item WHERE name LIKE 'item%!'"));
                assertEquals(38, number(c, "SELECT COUNT(*) FROM item WHERE name >= 'item' AND name < 'j'"));
                assertEquals(
                        0,
                        number(
                                c,
                                "SELECT COUNT(*) FROM item WHERE id < 39 AND (amount <> id / 4.0 OR text <> REPEAT('text ' || id, 100)"
                                        + " OR bits <> CAST(REPEAT(CHAR(id), 9) AS VARBINARY)"
                                        + " OR made <> TIMESTAMP WITH TIME ZONE '2026-01-01 00:00:00+00')"));
                assertEquals(20_000, number(c, "SELECT COUNT(*) FROM wide WHERE t = REPEAT('y', 60)"));
                if (start == 0) {
                    assertEquals(1, number(c, "SELECT COUNT(*) FROM SYNOD.IN_DOUBT WHERE STATE = 'PREPARED'"));
                    run(c, "COMMIT TRANSACTION branch_a");
                }
                assertEquals(39, number(c, "SELECT COUNT(*) FROM item"));
                assertTrue(
                        number(c, "SELECT NEXT VALUE FOR numbers") > 1, "a number that was given out is given again");
            }
            try (Connection clerk = open("clerk", "clerk")) {
                assertEquals(39, number(clerk, "SELECT COUNT(*) FROM item"));
            }
            EmbeddedEngine.stop(SynodUrl.parse(url(), null));
        }
    }

    private void unpack(String name) throws Exception {
        try (InputStream in = ReleasedDirectoryTest.class.getResourceAsStream("/formats/" + name);
                ZipInputStream zip = new ZipInputStream(in)) {
            for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
                Path file = directory.resolve(entry.getName());
                Files.createDirectories(file.getParent());
                Files.copy(zip, file);
            }
        }
    }
}
