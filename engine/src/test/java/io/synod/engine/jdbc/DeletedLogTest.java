package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(240)
class DeletedLogTest {
    @TempDir
    private Path directory;

    @Test
    void whoever_commits_on_a_node_whose_log_was_deleted_is_told_so() throws Exception {
        try (Connection c = DriverManager.getConnection("jdbc:synod:file:" + directory.resolve("shop"), "sa", "");
                Statement s = c.createStatement()) {
            s.execute("CREATE TABLE T(ID INT PRIMARY KEY)");
            Files.move(log(), directory.resolve("gone"));
            SQLException e = assertThrows(SQLException.class, () -> {
                for (int i = 0; !Thread.currentThread().isInterrupted(); i++) {
                    s.execute("INSERT INTO T VALUES(" + i + ")");
                }
            });
            // The one that was under way, or the one after it.
            assertTrue(Set.of("08007", "08001").contains(e.getSQLState()), e.getSQLState() + " " + e.getMessage());
            assertTrue(e.getMessage().contains("was deleted"), e.getMessage());
        }
    }

    /** They stay open, and take what is written to them. */
    @Test
    void whoever_commits_on_a_node_whose_log_files_were_deleted_is_told_so() throws Exception {
        try (Connection c = DriverManager.getConnection("jdbc:synod:file:" + directory.resolve("shop"), "sa", "");
                Statement s = c.createStatement()) {
            s.execute("CREATE TABLE T(ID INT PRIMARY KEY)");
            delete(log(), "*");
            SQLException e = assertThrows(SQLException.class, () -> {
                for (int i = 0; !Thread.currentThread().isInterrupted(); i++) {
                    s.execute("INSERT INTO T VALUES(" + i + ")");
                }
            });
            assertTrue(Set.of("08007", "08001").contains(e.getSQLState()), e.getSQLState() + " " + e.getMessage());
            assertTrue(e.getMessage().contains("was deleted"), e.getMessage());
        }
    }

    /** What somebody left of it. */
    enum Left {
        NOTHING,
        DIRECTORY,
        /** Nothing that says what there was. */
        LOCK,
        MANIFEST,
        /** All but the segments. */
        NO_SEGMENT,
        /** With all entries, as it happens: nothing says that they are all. */
        NO_MARK,
        /** The segment that is prepared for what comes next has no entries. */
        SPARE
    }

    @ParameterizedTest
    @EnumSource
    void a_node_does_not_start_without_the_log_that_it_had(Left left) throws Exception {
        String url = "jdbc:synod:file:" + directory.resolve("shop");
        Path manifest = directory.resolve("manifest");
        try (Connection c = DriverManager.getConnection(url, "sa", "");
                Statement s = c.createStatement()) {
            s.execute("CREATE TABLE T(ID INT PRIMARY KEY)");
            // What a node that is killed leaves says less than that of one that is closed.
            Files.copy(log().resolve("MANIFEST"), manifest);
        }
        Path log = log();
        Path whole = directory.resolve("whole");
        Files.move(log, whole);
        if (left != Left.NOTHING) {
            Files.createDirectory(log);
        }
        switch (left) {
            case NOTHING, DIRECTORY -> {}
            case LOCK -> copy(whole, "LOCK", log);
            case MANIFEST -> {
                copy(whole, "LOCK", log);
                Files.copy(manifest, log.resolve("MANIFEST"));
            }
            case NO_SEGMENT -> {
                copy(whole, "*", log);
                delete(log, "*.cq4");
            }
            case NO_MARK -> {
                copy(whole, "*", log);
                delete(log, "DURABLE");
            }
            case SPARE -> copy(whole, "*.precreated", log);
        }
        for (int i = 0; i < 2; i++) {
            SQLException e = assertThrows(SQLException.class, () -> DriverManager.getConnection(url, "sa", ""));
            assertEquals("90031", e.getSQLState(), e.getMessage());
            assertTrue(e.getMessage().contains(log.toString()) && e.getMessage().contains("restore"), e.getMessage());
        }
        if (left != Left.NOTHING) {
            delete(log, "*");
            Files.delete(log);
        }
        Files.move(whole, log);
        try (Connection c = DriverManager.getConnection(url, "sa", "");
                Statement s = c.createStatement()) {
            s.execute("INSERT INTO T VALUES(1)");
        }
    }

    private static void copy(Path from, String which, Path to) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(from, which)) {
            for (Path file : files) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    private static void delete(Path from, String which) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(from, which)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        }
    }

    private Path log() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(path -> path.endsWith("log") && Files.isDirectory(path))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
