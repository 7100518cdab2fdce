package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterProcessesTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static ClusterProcesses cluster(Path directory, int nodes) throws IOException {
        Installation fake = new Installation(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                FakeNode.class.getName()));
        return new ClusterProcesses(fake, directory, nodes, "shop", Map.of("PRIORITY", "3"));
    }

    @Test
    void nodes_know_one_another_and_can_be_killed_started_paused_and_stopped(@TempDir Path directory) throws Exception {
        try (ClusterProcesses cluster = cluster(directory, 2)) {
            cluster.start(LIMIT);
            NodeProcess a = cluster.node("a");
            NodeProcess b = cluster.node("b");
            String arguments = a.awaitLine(line -> line.startsWith("node "), LIMIT);
            for (String part : List.of(
                    "--listen " + a.listen(),
                    "--sql " + a.sql(),
                    "--peers b@" + b.listen(),
                    "--database shop",
                    "--set PRIORITY=3")) {
                assertTrue(arguments.contains(part), arguments);
            }
            assertEquals("jdbc:synod://" + a.sql() + "," + b.sql() + "/shop", cluster.url());
            assertEquals("jdbc:synod://" + b.sql() + "/shop;TARGET=ANY", cluster.url("b"));

            a.kill();
            assertFalse(a.isAlive());
            a.start();
            a.awaitReady(LIMIT);
            a.pause();
            a.resume();
            assertEquals(0, a.stop(LIMIT));
            assertThrows(IllegalStateException.class, a::pause);
        }
    }

    @Test
    void a_node_that_cannot_start_is_reported_with_its_own_words(@TempDir Path directory) throws Exception {
        try (ClusterProcesses cluster = cluster(directory, 3)) {
            IOException failure = assertThrows(IOException.class, () -> cluster.start(LIMIT));
            assertTrue(failure.getMessage().contains("node c ended with 1"), failure.getMessage());
            assertTrue(failure.getMessage().contains("port 1 is in use"), failure.getMessage());
        }
    }

    @Test
    void closing_leaves_no_process(@TempDir Path directory) throws Exception {
        List<NodeProcess> nodes;
        try (ClusterProcesses cluster = cluster(directory, 2)) {
            cluster.start(LIMIT);
            nodes = cluster.nodes();
        }
        for (NodeProcess node : nodes) {
            assertFalse(node.isAlive());
        }
    }
}
