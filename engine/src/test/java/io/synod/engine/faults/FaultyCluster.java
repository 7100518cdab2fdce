package io.synod.engine.faults;

import io.synod.engine.failover.Await;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.NodeProcess;
import io.synod.engine.snapshot.HeldNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** Three nodes or five as processes, on a network that can fail and with clocks that can be wrong; and others that come and go. */
final class FaultyCluster {
    static final List<String> NAMES = names(Integer.getInteger("faults.nodes", 3));
    /** Comes later, and goes. */
    static final String GUEST = "x";
    /** The same without a copy. */
    static final String WITNESS = "w";
    /** All that there may ever be. */
    static final List<String> ALL_NAMES =
            Stream.concat(NAMES.stream(), Stream.of(GUEST, WITNESS)).toList();

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

    /** What was compiled with this test, up to the arguments of {@code synod}. */
    static List<String> program() {
        return HeldNode.installation(TestCluster.quick()).command();
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
            nodes.add(place(node, directory.resolve(node), network, command, List.of()));
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

    /** One that is to be added, with its clock right. Starts nothing. @param option says what it is */
    static NodeProcess placeGuest(String node, Path home, NodeNetwork network, String option) {
        List<String> command = new ArrayList<>(network.prefix(node));
        command.addAll(program());
        return place(node, home, network, command, List.of(option));
    }

    private static NodeProcess place(
            String node, Path home, NodeNetwork network, List<String> command, List<String> options) {
        command.addAll(List.of("node", "--exit-with-parent", "--name", node, "--database", DATABASE));
        command.addAll(List.of("--dir", home.toString()));
        command.addAll(List.of("--listen", network.listen(node), "--sql", network.sql(node)));
        command.addAll(options);
        List<String> peers = new ArrayList<>();
        for (String peer : NAMES) {
            if (!peer.equals(node)) {
                peers.add(peer + "@" + network.peer(node, peer));
            }
        }
        command.addAll(List.of("--peers", String.join(",", peers), "--set", "LOG_LIMIT=" + LOG_LIMIT_MEGABYTES));
        Path errors = home.resolveSibling(home.getFileName() + ".err");
        return new NodeProcess(node, command, errors, network.listen(node), network.sql(node));
    }
}
