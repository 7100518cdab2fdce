package io.synod.bench.failover;

import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.FreePorts;
import io.synod.engine.operations.Installation;
import io.synod.engine.operations.NodeProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Three nodes as processes that reach each other through relays, so that one can be cut off. Clients reach them as they are. */
final class RelayedCluster implements AutoCloseable {
    private static final List<String> NAMES = List.of("a", "b", "c");
    private static final String LOOPBACK = "127.0.0.1:";

    private final Map<String, PeerRelay> relays = new LinkedHashMap<>();
    private final ClusterProcesses processes;

    /**
     * Names nodes and ports; starts nothing.
     *
     * @param of settings of single nodes, by their names, beside those of all
     */
    RelayedCluster(
            Installation installation,
            Path directory,
            String database,
            Map<String, String> settings,
            Map<String, Map<String, String>> of)
            throws IOException {
        Files.createDirectories(directory);
        List<Integer> ports = FreePorts.take(2 * NAMES.size());
        for (String from : NAMES) {
            for (String to : NAMES) {
                if (!from.equals(to)) {
                    relays.put(from + to, new PeerRelay(ports.get(2 * NAMES.indexOf(to))));
                }
            }
        }
        List<NodeProcess> nodes = new ArrayList<>();
        for (String name : NAMES) {
            String listen = LOOPBACK + ports.get(2 * NAMES.indexOf(name));
            String sql = LOOPBACK + ports.get(2 * NAMES.indexOf(name) + 1);
            List<String> peers = NAMES.stream()
                    .filter(other -> !other.equals(name))
                    .map(other -> other + "@" + relays.get(name + other).address())
                    .toList();
            List<String> command = new ArrayList<>(installation.command());
            command.addAll(List.of(
                    "node", "--name", name, "--dir", directory.resolve(name).toString()));
            command.addAll(List.of("--listen", listen, "--sql", sql, "--exit-with-parent", "--database", database));
            command.addAll(List.of("--peers", String.join(",", peers)));
            Map<String, String> all = new LinkedHashMap<>(settings);
            all.putAll(of.getOrDefault(name, Map.of()));
            all.forEach((key, value) -> command.addAll(List.of("--set", key + "=" + value)));
            nodes.add(new NodeProcess(name, command, directory.resolve(name + ".err"), listen, sql));
        }
        processes = new ClusterProcesses(nodes, List.of(database));
    }

    ClusterProcesses processes() {
        return processes;
    }

    /** Between this node and the others nothing passes any more. */
    void cutOff(String node) {
        relays.forEach((ends, relay) -> {
            if (ends.contains(node)) {
                relay.cut();
            }
        });
    }

    void mend() {
        relays.values().forEach(PeerRelay::mend);
    }

    @Override
    public void close() throws IOException {
        processes.close();
        for (PeerRelay relay : relays.values()) {
            relay.close();
        }
    }
}
