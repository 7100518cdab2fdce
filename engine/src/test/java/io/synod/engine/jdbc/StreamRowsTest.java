package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.node.ClusterFixture;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A process with a small heap reads more rows than it could hold, through a follower or as one. */
@Timeout(240)
class StreamRowsTest {
    /** Some 300 bytes each on the heap: ten times what the client has. */
    private static final int ROWS = 500_000;

    @TempDir
    private static Path directory;

    @Test
    void a_small_client_reads_a_large_result_in_portions() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory.resolve("remote"))) {
            String follower = follower(cluster);
            assertReads("-Xmx16m", cluster.remoteUrl(follower, "rows"), "500");
        }
    }

    /** The follower and its client are one process: it would hold what it did not fetch in portions. */
    @Test
    void a_small_node_reads_a_large_result_of_the_leaders_in_portions() throws Exception {
        // Its transaction is lost with the leader: this process may stand still for a while without being taken for
        // dead.
        try (ClusterFixture cluster = new ClusterFixture(directory.resolve("embedded")).electingAfter(10_000)) {
            String follower = follower(cluster);
            cluster.end(follower);
            assertReads("-Xmx64m", cluster.url(follower, "rows"), "500", "FORWARDED");
        }
    }

    private static String follower(ClusterFixture cluster) throws SQLException {
        String follower = cluster.leaderOf("rows").equals("a") ? "b" : "a";
        DriverManager.getConnection(cluster.url(follower, "rows"), "sa", "secret")
                .close();
        return follower;
    }

    private static void assertReads(String heap, String url, String... options) throws Exception {
        Path out = directory.resolve("out");
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), heap));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-"))
                .forEach(command::add);
        command.addAll(List.of(
                "-cp", System.getProperty("java.class.path"), StreamRows.class.getName(), url, Integer.toString(ROWS)));
        command.addAll(List.of(options));
        Process client = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            assertTrue(client.waitFor(200, TimeUnit.SECONDS), () -> "still running");
            assertEquals(0, client.exitValue(), Files.readString(out));
        } finally {
            client.destroyForcibly();
        }
    }
}
