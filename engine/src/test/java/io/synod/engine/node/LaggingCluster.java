package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.failover.Await;
import io.synod.engine.operations.FreePorts;
import io.synod.jdbc.SynodUrl;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Three nodes in this JVM; what the others send to c, and c to them, can be held back. The node c never leads by choice. */
public final class LaggingCluster implements AutoCloseable {
    static final int FAILOVER_MILLIS = 2_000;
    private static final int ELECTION_MILLIS = 1_000;
    private static final List<String> NAMES = List.of("a", "b", "c");

    private final Path directory;
    private final Map<String, Integer> ports = new TreeMap<>();
    private final Map<String, Integer> sqlPorts = new TreeMap<>();
    private final Map<String, Node> nodes = new TreeMap<>();
    private final HoldingRelay toC;
    private final int failoverMillis;
    private final int electionMillis;

    public LaggingCluster(Path directory) throws IOException, SQLException {
        this(directory, FAILOVER_MILLIS);
    }

    /** @param failoverMillis how long a node waits for a leader */
    LaggingCluster(Path directory, int failoverMillis) throws IOException, SQLException {
        this(directory, failoverMillis, ELECTION_MILLIS);
    }

    /** @param electionMillis how long a leader goes on without a majority, at least */
    LaggingCluster(Path directory, int failoverMillis, int electionMillis) throws IOException, SQLException {
        this.directory = directory;
        this.failoverMillis = failoverMillis;
        this.electionMillis = electionMillis;
        List<Integer> free = FreePorts.take(2 * NAMES.size());
        for (String name : NAMES) {
            ports.put(name, free.get(ports.size()));
            sqlPorts.put(name, free.get(NAMES.size() + sqlPorts.size()));
        }
        toC = new HoldingRelay(ports.get("c"));
        for (String name : NAMES) {
            start(name);
        }
        awaitLeader();
        releaseC();
        awaitAddresses();
    }

    void start(String name) throws SQLException {
        nodes.put(name, EmbeddedEngine.start(SynodUrl.parse(url(name), null)));
    }

    /** As seen by the nodes that run and are not held back. Where a busy machine has made c lead, it hands over. */
    String awaitLeader() throws SQLException {
        for (String node : List.copyOf(nodes.keySet())) {
            if (!node.equals("c")) {
                String leader = hosted(node).log().awaitLeader(Await.LIMIT.toNanos());
                for (long start = System.nanoTime(); "c".equals(leader); leader = leaderOtherThanC(node)) {
                    if (System.nanoTime() - start > Await.LIMIT.toNanos()) {
                        throw new IllegalStateException("c leads, and does not hand over");
                    }
                }
                return leader;
            }
        }
        throw new IllegalStateException("only c runs");
    }

    private String leaderOtherThanC(String node) throws SQLException {
        if (nodes.containsKey("c")) {
            hosted("c").log().transferTo(node, TimeUnit.SECONDS.toNanos(5));
        }
        return hosted(node).log().awaitLeader(Await.LIMIT.toNanos());
    }

    /** A node that neither leads nor is held back. */
    String awaitFollower() throws SQLException {
        return awaitLeader().equals("a") ? "b" : "a";
    }

    HostedDatabase hosted(String node) throws SQLException {
        return hosted(node, "shop");
    }

    HostedDatabase hosted(String node, String database) throws SQLException {
        return nodes.get(node).host(database, Map.of());
    }

    /** From now on c gets nothing and reaches nobody, by its peers' connections. */
    void holdBackC(boolean on) {
        toC.hold(on);
    }

    /** From now on c's line bears so little, in bytes per second; 0 for all. */
    void slowC(int bytesPerSecond) {
        toC.slow(bytesPerSecond == 0 ? 0 : 4096 * 1_000_000_000L / bytesPerSecond);
    }

    /** Every node has talked to every other. */
    private void awaitAddresses() throws SQLException {
        long start = System.nanoTime();
        for (String name : NAMES) {
            for (String other : NAMES) {
                while (hosted(name).log().clientAddress(other).isEmpty()) {
                    if (System.nanoTime() - start > Await.LIMIT.toNanos()) {
                        throw new IllegalStateException(name + " does not know " + other);
                    }
                    LockSupport.parkNanos(1_000_000);
                }
            }
        }
    }

    /** What was sent to c and held back is lost. */
    void dropHeld() throws IOException {
        toC.drop();
    }

    /** Waits until c has caught up: connections that stood still for too long are made anew. */
    void releaseC() throws SQLException {
        toC.hold(false);
        if (!hosted("c").log().awaitReadable(Await.LIMIT.toNanos())) {
            throw new IllegalStateException("c does not come back");
        }
    }

    void stop(String name) {
        nodes.remove(name).close();
    }

    /** For this process. */
    String url(String name) {
        return url(name, "shop");
    }

    String url(String name, String database) {
        List<String> peers = new ArrayList<>();
        for (String other : NAMES) {
            if (!other.equals(name)) {
                peers.add(other + "@127.0.0.1:" + (other.equals("c") && toC != null ? toC.port() : ports.get(other)));
            }
        }
        return "jdbc:synod:file:" + directory.resolve(name).resolve(database) + ";NODE=" + name + ";LISTEN=127.0.0.1:"
                + ports.get(name) + ";SQL=" + sqlAddress(name) + ";PEERS=" + String.join(",", peers)
                + ";ELECTION_TIMEOUT=" + electionMillis + ";PRIORITY="
                + (name.equals("c") ? 0 : 1) + ";FAILOVER_TIMEOUT=" + failoverMillis;
    }

    public String sqlAddress(String name) {
        return "127.0.0.1:" + sqlPorts.get(name);
    }

    /** Over TCP to these nodes. */
    String remoteUrl(String... names) {
        List<String> addresses = new ArrayList<>();
        for (String name : names) {
            addresses.add(sqlAddress(name));
        }
        return "jdbc:synod://" + String.join(",", addresses) + "/shop;FAILOVER_TIMEOUT="
                + Math.min(60_000, Math.max(10_000, failoverMillis));
    }

    static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    @Override
    public void close() throws IOException {
        toC.hold(false);
        nodes.values().forEach(Node::close);
        toC.close();
    }
}
