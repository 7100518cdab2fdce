package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.node.ClusterFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A client with a small heap reads more rows than it could hold, through a follower. */
@Timeout(120)
class StreamRowsTest {
    /** Some 300 bytes each on the heap: ten times what the client has. */
    private static final int ROWS = 500_000;

    @TempDir
    private static Path directory;

    @Test
    void a_small_client_reads_a_large_result_in_portions() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            String leader = cluster.leaderOf("rows");
            String follower = leader.equals("a") ? "b" : "a";
            DriverManager.getConnection(cluster.url(follower, "rows"), "sa", "secret")
                    .close();
            Path out = directory.resolve("out");
            Process client = new ProcessBuilder(List.of(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx16m",
                            "-cp",
                            System.getProperty("java.class.path"),
                            StreamRows.class.getName(),
                            cluster.remoteUrl(follower, "rows"),
                            Integer.toString(ROWS),
                            "500"))
                    .redirectErrorStream(true)
                    .redirectOutput(out.toFile())
                    .start();
            try {
                assertTrue(client.waitFor(100, TimeUnit.SECONDS), () -> "still running");
                assertEquals(0, client.exitValue(), Files.readString(out));
            } finally {
                client.destroyForcibly();
            }
        }
    }
}
