package io.synod.engine.badinput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.operations.NodeProcess;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that cannot start: each ends with 1 and one line that names what is wrong, and leaves what is there as it was. */
@Tag("long")
@Tag("process")
@Timeout(180)
class StartTest {
    private static final Pattern HOLDER = Pattern.compile("process (\\d+), node a");
    private static final Pattern PLACE = Pattern.compile("(\\S+\\.cq4) at byte (\\d+)");

    @TempDir
    private Path directory;

    private static ServerSocket taken(String address) throws IOException {
        int port = Integer.parseInt(address.substring(address.indexOf(':') + 1));
        return new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"));
    }

    private static void assertRefused(SynodRun run, String state, String... parts) throws Exception {
        assertEquals(1, run.awaitExit(), run.err());
        List<String> lines =
                run.err().lines().filter(l -> l.startsWith("synod: ")).toList();
        assertEquals(1, lines.size(), run.err());
        for (String part : parts) {
            assertTrue(lines.get(0).contains(part), "\"" + part + "\" in: " + lines.get(0));
        }
        assertTrue(lines.get(0).endsWith("[" + state + "]"), lines.get(0));
        assertFalse(run.err().contains("\tat "), "a stack trace: " + run.err());
        assertFalse(run.out().contains("ready"), run.out());
    }

    @Test
    void a_port_in_use_is_named() throws Exception {
        try (TestCluster cluster = new TestCluster(directory, 2)) {
            NodeProcess a = cluster.node("a");
            String peers = "b@" + cluster.node("b").listen();
            try (ServerSocket taken = taken(a.listen());
                    SynodRun run = SynodRun.node(
                            directory, "a", directory.resolve("a"), a.listen(), a.sql(), "--peers", peers)) {
                assertRefused(run, "90061", a.listen());
                assertTrue(taken.isBound());
            }
            try (ServerSocket taken = taken(a.sql());
                    SynodRun run = SynodRun.node(
                            directory, "a", directory.resolve("a"), a.listen(), a.sql(), "--peers", peers)) {
                assertRefused(run, "90061", a.sql(), "SQL");
                assertTrue(taken.isBound());
            }
            // Whoever was in the way is gone, and the directory is as good as before.
            cluster.startAll();
        }
    }

    @Test
    void a_directory_that_cannot_be_made_is_named() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "not a directory");
        try (TestCluster cluster = new TestCluster(directory, 1)) {
            NodeProcess a = cluster.node("a");
            Path below = file.resolve("data");
            try (SynodRun run = SynodRun.node(directory, "a", below, a.listen(), a.sql())) {
                assertRefused(run, "90031", below.toString(), "cannot be written");
            }
            try (SynodRun run = SynodRun.node(directory, "a", file, a.listen(), a.sql())) {
                assertRefused(run, "90031", file.toString(), "cannot be written");
            }
            assertEquals("not a directory", Files.readString(file));
        }
    }

    @Test
    void a_directory_in_use_names_its_holder_and_a_foreign_one_its_owner() throws Exception {
        try (TestCluster cluster = new TestCluster(directory, 1);
                TestCluster other = new TestCluster(directory.resolve("other"), 1)) {
            cluster.startAll();
            Path data = directory.resolve("a");
            String listen = other.node("a").listen();
            String sql = other.node("a").sql();
            try (SynodRun run = SynodRun.node(directory, "a", data, listen, sql)) {
                assertRefused(run, "90020", data.toString());
                Matcher holder = HOLDER.matcher(run.err());
                assertTrue(holder.find(), run.err());
                long pid = Long.parseLong(holder.group(1));
                assertTrue(ProcessHandle.current().children().anyMatch(child -> child.pid() == pid), run.err());
            }
            assertEquals(0, cluster.node("a").stop(Await.LIMIT));
            try (SynodRun run = SynodRun.node(directory, "z", data, listen, sql)) {
                assertRefused(run, "90096", data.toString(), "belongs to node a, not z", "NODE=a");
            }
            try (SynodRun run = SynodRun.node(directory, "a", data, listen, sql, "--set", "CLUSTER=east")) {
                assertRefused(run, "90096", data.toString(), "CLUSTER=synod");
            }
            cluster.startAll();
        }
    }

    @Test
    void a_damaged_log_is_named_with_its_place_and_left_as_it_is() throws Exception {
        try (TestCluster cluster = new TestCluster(directory, 1)) {
            cluster.startAll();
            try (Connection c = TestCluster.connect(cluster.url())) {
                Sql.run(c, "CREATE TABLE t(id INT PRIMARY KEY, x VARCHAR)");
                for (int i = 0; i < 50; i++) {
                    Sql.run(c, "INSERT INTO t VALUES (" + i + ", 'needle" + i + "')");
                }
            }
            NodeProcess a = cluster.node("a");
            for (boolean killed : new boolean[] {false, true}) {
                if (killed) {
                    a.kill();
                } else {
                    assertEquals(0, a.stop(Await.LIMIT));
                }
                Found needle = find("needle25");
                flip(needle);
                a.start();
                IOException refused = assertThrows(IOException.class, () -> a.awaitReady(Await.LIMIT));
                assertTrue(refused.getMessage().contains("ended with 1"), refused.getMessage());
                // What all starts wrote is in the message: the last one's is at its end.
                Matcher place = PLACE.matcher(
                        refused.getMessage().substring(refused.getMessage().lastIndexOf("synod: ")));
                assertTrue(place.find(), refused.getMessage());
                assertEquals(needle.file.getFileName().toString(), place.group(1));
                long distance = needle.position - Long.parseLong(place.group(2));
                assertTrue(distance >= 0 && distance < 4096, "named " + place.group() + ", damaged " + needle);
                flip(needle);
                a.start();
                a.awaitReady(Await.LIMIT);
                try (Connection c = TestCluster.connect(cluster.url())) {
                    assertEquals(50, Sql.number(c, "SELECT COUNT(*) FROM t WHERE x = 'needle' || id"));
                }
            }
        }
    }

    private record Found(Path file, long position) {}

    private Found find(String text) throws IOException {
        byte[] wanted = text.getBytes(StandardCharsets.US_ASCII);
        List<Path> segments;
        try (Stream<Path> files = Files.list(directory.resolve("a").resolve("log"))) {
            segments = files.filter(f -> f.toString().endsWith(".cq4")).sorted().toList();
        }
        for (Path segment : segments) {
            String content = Files.readString(segment, StandardCharsets.ISO_8859_1);
            int at = content.indexOf(new String(wanted, StandardCharsets.ISO_8859_1));
            if (at >= 0) {
                return new Found(segment, at);
            }
        }
        throw new AssertionError(text + " is in none of " + segments);
    }

    private static void flip(Found place) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(place.file.toFile(), "rw")) {
            file.seek(place.position);
            int old = file.read();
            file.seek(place.position);
            file.write(old ^ 1);
        }
    }
}
