package io.synod.engine.session;

import io.synod.engine.failover.Await;
import io.synod.engine.operations.FreePorts;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** Three nodes with three databases, each of which leads one of them. */
final class GlobalCluster implements AutoCloseable {
    /** Which node leads which database. */
    private static final Map<String, String> LEADERS = new LinkedHashMap<>();

    static {
        LEADERS.put("home", "a");
        LEADERS.put("stock", "b");
        LEADERS.put("bank", "c");
    }

    private final Map<String, GlobalNode> nodes = new TreeMap<>();

    GlobalCluster(Path directory) throws Exception {
        start(directory);
        place();
    }

    private void start(Path directory) throws IOException, SQLException {
        List<String> names = List.copyOf(LEADERS.values());
        List<Integer> ports = FreePorts.take(names.size());
        for (String name : names) {
            List<String> peers = new ArrayList<>();
            for (String other : names) {
                if (!other.equals(name)) {
                    peers.add(other + "@127.0.0.1:" + ports.get(names.indexOf(other)));
                }
            }
            nodes.put(
                    name,
                    new GlobalNode("jdbc:synod:file:" + directory.resolve(name).resolve("home") + ";NODE=" + name
                            + ";LISTEN=127.0.0.1:" + ports.get(names.indexOf(name)) + ";PEERS="
                            + String.join(",", peers) + ";ELECTION_TIMEOUT=1000"));
        }
    }

    /** Leadership goes to where {@link #LEADERS} says. */
    private void place() throws Exception {
        for (Map.Entry<String, String> each : LEADERS.entrySet()) {
            lead(each.getValue(), each.getKey());
        }
    }

    /** Has a node lead a database: what is not done in time is called off, and tried again. */
    void lead(String name, String database) throws Exception {
        Await.until(name + " leads " + database, () -> {
            for (GlobalNode node : nodes.values()) {
                if (node.serves(database)) {
                    node.hosted(database).log().transferTo(name, TimeUnit.SECONDS.toNanos(5));
                }
            }
            return nodes.get(name).serves(database);
        });
    }

    GlobalNode node(String name) {
        return nodes.get(name);
    }

    List<GlobalNode> nodes() {
        return List.copyOf(nodes.values());
    }

    /** All have ended, and forgotten, what they took part in. */
    boolean isQuiet() throws SQLException {
        for (GlobalNode node : nodes.values()) {
            if (!node.isQuiet()) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        nodes.values().forEach(GlobalNode::close);
    }
}
