package io.synod.engine.faults;

import io.synod.engine.failover.Await;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.NodeProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Three nodes or five as processes, on a network that can fail and with clocks that can be wrong. */
final class FaultyCluster {
    static final List<String> NAMES = names(Integer.getInteger("faults.nodes", 3));
    static final String DATABASE = "shop";

    /** Little, so that nodes that were away get snapshots too. */
    private static final int LOG_LIMIT_MEGABYTES = 32;

    private FaultyCluster() {}

    private static List<String> names(int nodes) {
        if (nodes != 3 && nodes != 5) {
            throw new IllegalArgumentException(
                    "faults.nodes is " + nodes + ", but has to be 3 or 5: two nodes may fail at a time");
        }
        return List.of("a", "b", "c", "d", "e").subList(0, nodes);
    }

    /**
     * Starts them; they end when the cluster is closed.
     *
     * @param program what a node runs, up to the arguments of {@code synod}
     */
    static TestCluster start(
            Path directory, NodeNetwork network, WallClocks clocks, Function<String, List<String>> program)
            throws Exception {
        Files.createDirectories(directory);
        List<NodeProcess> nodes = new ArrayList<>();
        for (String node : NAMES) {
            List<String> command = new ArrayList<>(network.prefix(node));
            command.addAll(clocks.prefix(node));
            command.addAll(program.apply(node));
            command.addAll(List.of("node", "--exit-with-parent", "--name", node, "--database", DATABASE));
            command.addAll(List.of("--dir", directory.resolve(node).toString()));
            command.addAll(List.of("--listen", network.listen(node), "--sql", network.sql(node)));
            List<String> peers = new ArrayList<>();
            for (String peer : NAMES) {
                if (!peer.equals(node)) {
                    peers.add(peer + "@" + network.peer(node, peer));
                }
            }
            command.addAll(List.of("--peers", String.join(",", peers), "--set", "LOG_LIMIT=" + LOG_LIMIT_MEGABYTES));
            nodes.add(new NodeProcess(
                    node, command, directory.resolve(node + ".err"), network.listen(node), network.sql(node)));
        }
        ClusterProcesses processes = new ClusterProcesses(nodes, List.of(DATABASE));
        try {
            processes.start(Await.LIMIT);
        } catch (Exception | AssertionError e) {
            processes.close();
            throw e;
        }
        return new TestCluster(processes, List.of(DATABASE));
    }
}
