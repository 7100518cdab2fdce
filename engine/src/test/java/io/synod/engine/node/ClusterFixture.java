package io.synod.engine.node;

import io.synod.jdbc.SynodUrl;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** Three nodes in this JVM, which host databases when they are asked for. */
public final class ClusterFixture implements AutoCloseable {
    private static final List<String> NAMES = List.of("a", "b", "c");

    private final Path directory;
    private final Map<String, Integer> ports = new TreeMap<>();
    private final Map<String, Node> nodes = new TreeMap<>();

    public ClusterFixture(Path directory) throws IOException {
        this.directory = directory;
        List<ServerSocket> held = new ArrayList<>();
        for (String name : NAMES) {
            ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            held.add(socket);
            ports.put(name, socket.getLocalPort());
        }
        for (ServerSocket socket : held) {
            socket.close();
        }
    }

    /** Hosts a database on all three, and gives the URL of a node that does not lead it. */
    public String followerOf(String database) throws SQLException {
        for (String name : NAMES) {
            nodes.put(name, EmbeddedEngine.start(SynodUrl.parse(url(name, database), null)));
        }
        String leader = nodes.get("a").host(database, Map.of()).log().awaitLeader(TimeUnit.SECONDS.toNanos(30));
        return url(leader.equals("a") ? "b" : "a", database);
    }

    private String url(String name, String database) {
        List<String> peers = new ArrayList<>();
        for (String other : NAMES) {
            if (!other.equals(name)) {
                peers.add(other + "@127.0.0.1:" + ports.get(other));
            }
        }
        return "jdbc:synod:file:" + directory.resolve(name).resolve(database) + ";NODE=" + name + ";LISTEN=127.0.0.1:"
                + ports.get(name) + ";PEERS=" + String.join(",", peers);
    }

    @Override
    public void close() {
        nodes.values().forEach(Node::close);
    }
}
