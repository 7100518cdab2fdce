package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.failover.Await;
import io.synod.engine.operations.FreePorts;
import io.synod.jdbc.SynodUrl;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Three nodes in this JVM, which host databases when they are asked for. They are patient, so that on a busy machine leadership
 * moves when a test moves it, and seldom otherwise.
 */
public final class ClusterFixture implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterFixture.class);
    private static final List<String> NAMES = List.of("a", "b", "c");

    private final Path directory;
    private final Map<String, Integer> ports = new TreeMap<>();
    private final Map<String, Node> nodes = new TreeMap<>();
    private final Map<String, String> settings = new TreeMap<>();
    private final Map<String, Integer> ways = new TreeMap<>();
    private int electionMillis = 1_000;

    public ClusterFixture(Path directory) throws IOException {
        this.directory = directory;
        List<Integer> free = FreePorts.take(NAMES.size());
        for (String name : NAMES) {
            ports.put(name, free.get(ports.size()));
        }
    }

    /** Settings of one node, as {@code ;KEY=VALUE}; to be called before it is started. */
    public ClusterFixture with(String node, String itsSettings) {
        settings.put(node, itsSettings);
        return this;
    }

    /** The port of a node itself. */
    int port(String node) {
        return ports.get(node);
    }

    /** Has the other nodes, and clients over TCP, come to a node through this port; to be called before the nodes are started. */
    ClusterFixture through(String node, int port) {
        ways.put(node, port);
        return this;
    }

    private int way(String node) {
        return ways.getOrDefault(node, ports.get(node));
    }

    /** Sets after what silence of the leader another one is looked for; to be called before the nodes are started. */
    public ClusterFixture electingAfter(int millis) {
        electionMillis = millis;
        return this;
    }

    /** Hosts a database on all three, and gives the URL of a node that does not lead it. */
    public String followerOf(String database) throws SQLException {
        return url(leaderOf(database).equals("a") ? "b" : "a", database);
    }

    /** Hosts a database on all three, and names the node that leads it. */
    public String leaderOf(String database) throws SQLException {
        for (String name : NAMES) {
            nodes.put(name, EmbeddedEngine.start(SynodUrl.parse(url(name, database), null)));
        }
        String leader = hosted("a", database).log().awaitLeader(Await.LIMIT.toNanos());
        assertNotNull(leader, "no leader of " + database + " within " + Await.LIMIT.toSeconds() + " s");
        return leader;
    }

    /**
     * Has a node lead a database, wherever it is led.
     *
     * @return the epoch in which the node leads
     */
    public long lead(String node, String database) throws Exception {
        long[] epoch = {0};
        Await.until(node + " leads " + database, () -> {
            for (String name : List.copyOf(nodes.keySet())) {
                if (!name.equals(node) && hosted(name, database).log().servingEpoch() != 0) {
                    hosted(name, database).log().transferTo(node, TimeUnit.SECONDS.toNanos(5));
                }
            }
            epoch[0] = hosted(node, database).log().servingEpoch();
            return epoch[0] != 0;
        });
        return epoch[0];
    }

    /** Waits until the copies on a node have what is committed now: a statement over several databases is planned by them. */
    public void awaitReadable(String node, String... databases) throws Exception {
        for (String database : databases) {
            Await.until(
                    database + " is current on " + node,
                    () -> hosted(node, database).log().awaitReadable(TimeUnit.SECONDS.toNanos(5)));
        }
    }

    /** What a test does. */
    @FunctionalInterface
    public interface Steps {
        void run() throws Exception;
    }

    /**
     * Does what shows something only while leadership stays where it is.
     *
     * @return false where it failed and one of the databases is not led as before, as on a machine that stands still for a moment: that
     *     shows nothing
     */
    public boolean undisturbed(Steps steps, String... databases) throws Exception {
        List<Long> before = servingEpochs(databases);
        try {
            steps.run();
            return true;
        } catch (Exception | AssertionError e) {
            if (servingEpochs(databases).equals(before)) {
                throw e;
            }
            LOG.warn("done again: leadership has moved", e);
            return false;
        }
    }

    private List<Long> servingEpochs(String... databases) throws Exception {
        List<Long> epochs = new ArrayList<>();
        for (String database : databases) {
            long[] epoch = {0};
            Await.until("a leader of " + database, () -> {
                for (String name : nodes.keySet()) {
                    epoch[0] = Math.max(epoch[0], hosted(name, database).log().servingEpoch());
                }
                return epoch[0] != 0;
            });
            epochs.add(epoch[0]);
        }
        return epochs;
    }

    /** Starts one of the nodes, with one database. */
    public void begin(String name, String database) throws SQLException {
        nodes.put(name, EmbeddedEngine.start(SynodUrl.parse(url(name, database), null)));
    }

    /** Stops one of the nodes. */
    public void stop(String node) {
        nodes.remove(node).close();
    }

    /** A client's URL of a database on one of the nodes. */
    public String remoteUrl(String node, String database) {
        return "jdbc:synod://127.0.0.1:" + way(node) + "/" + database;
    }

    /** A client's URL of a database at all nodes. */
    public String remoteUrl(String database) {
        return NAMES.stream()
                .map(name -> "127.0.0.1:" + way(name))
                .collect(Collectors.joining(",", "jdbc:synod://", "/" + database));
    }

    /** The copy of a database on one of the nodes. */
    public HostedDatabase hosted(String node, String database) throws SQLException {
        return nodes.get(node).host(database, Map.of());
    }

    /** A URL of a database on one of the nodes, in this process. */
    public String url(String name, String database) {
        List<String> peers = new ArrayList<>();
        for (String other : NAMES) {
            if (!other.equals(name)) {
                peers.add(other + "@127.0.0.1:" + way(other));
            }
        }
        return "jdbc:synod:file:" + directory.resolve(name).resolve(database) + ";NODE=" + name + ";LISTEN=127.0.0.1:"
                + ports.get(name) + ";PEERS=" + String.join(",", peers)
                + ";ELECTION_TIMEOUT=" + electionMillis + settings.getOrDefault(name, "");
    }

    /** Ends one of the nodes. */
    public void end(String name) {
        nodes.remove(name).close();
    }

    @Override
    public void close() {
        nodes.values().forEach(Node::close);
    }
}
