package io.synod.engine.operations;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The nodes of a cluster as processes of this machine, on free ports of the loopback address: {@code a}, {@code b}, {@code
 * c} …, each with a directory of its own. Closing it kills them all; the files stay. No node outlives this process.
 * Thread-safe.
 */
public final class ClusterProcesses implements AutoCloseable {
    private static final String LOOPBACK = "127.0.0.1:";

    private final Map<String, NodeProcess> nodes = new LinkedHashMap<>();
    private final List<String> databases;

    /** The same with one database. */
    public ClusterProcesses(
            Installation installation, Path directory, int count, String database, Map<String, String> settings)
            throws IOException {
        this(installation, directory, count, List.of(database), settings);
    }

    /**
     * Names nodes and ports; starts nothing.
     *
     * @param directory where the nodes' directories and logs of errors are made
     * @param count how many nodes, at most 26
     * @param databases that they host, one or more
     * @param settings node settings, as {@code --set} takes them
     */
    public ClusterProcesses(
            Installation installation, Path directory, int count, List<String> databases, Map<String, String> settings)
            throws IOException {
        this.databases = List.copyOf(databases);
        Files.createDirectories(directory);
        List<Integer> ports = FreePorts.take(2 * count);
        for (int i = 0; i < count; i++) {
            String name = name(i);
            String listen = LOOPBACK + ports.get(2 * i);
            String sql = LOOPBACK + ports.get(2 * i + 1);
            List<String> command = new ArrayList<>(installation.command());
            command.addAll(List.of(
                    "node", "--name", name, "--dir", directory.resolve(name).toString()));
            command.addAll(List.of("--listen", listen, "--sql", sql, "--exit-with-parent"));
            databases.forEach(database -> command.addAll(List.of("--database", database)));
            List<String> peers = new ArrayList<>();
            for (int j = 0; j < count; j++) {
                if (j != i) {
                    peers.add(name(j) + "@" + LOOPBACK + ports.get(2 * j));
                }
            }
            if (!peers.isEmpty()) {
                command.addAll(List.of("--peers", String.join(",", peers)));
            }
            settings.forEach((key, value) -> command.addAll(List.of("--set", key + "=" + value)));
            nodes.put(name, new NodeProcess(name, command, directory.resolve(name + ".err"), listen, sql));
        }
    }

    /**
     * Of nodes that somebody else has placed.
     *
     * @param databases that they host, one or more
     */
    public ClusterProcesses(List<NodeProcess> placed, List<String> databases) {
        this.databases = List.copyOf(databases);
        placed.forEach(node -> nodes.put(node.name(), node));
    }

    private static String name(int i) {
        return String.valueOf((char) ('a' + i));
    }

    /** Starts all that do not run and waits until they serve. */
    public void start(Duration limit) throws IOException, InterruptedException {
        List<NodeProcess> started = new ArrayList<>();
        for (NodeProcess node : nodes.values()) {
            if (!node.isAlive()) {
                node.start();
                started.add(node);
            }
        }
        for (NodeProcess node : started) {
            node.awaitReady(limit);
        }
    }

    public NodeProcess node(String name) {
        NodeProcess node = nodes.get(name);
        if (node == null) {
            throw new IllegalArgumentException("no node " + name + " here, only " + nodes.keySet());
        }
        return node;
    }

    public List<NodeProcess> nodes() {
        return List.copyOf(nodes.values());
    }

    /** The URL of the (first) database at all nodes. */
    public String url() {
        return urlOf(databases.get(0));
    }

    /** The URL of one of the databases at all nodes. */
    public String urlOf(String database) {
        return nodes.values().stream()
                .map(NodeProcess::sql)
                .collect(Collectors.joining(",", "jdbc:synod://", "/" + database));
    }

    /** The URL of the (first) database at one node only; the session stays there, whichever node leads. */
    public String url(String name) {
        return urlOf(databases.get(0), name);
    }

    /** The same of one of the databases. */
    public String urlOf(String database, String name) {
        return "jdbc:synod://" + node(name).sql() + "/" + database + ";TARGET=ANY";
    }

    /** Kills all nodes; returns when they have ended. */
    @Override
    public void close() {
        nodes.values().forEach(NodeProcess::kill);
    }
}
