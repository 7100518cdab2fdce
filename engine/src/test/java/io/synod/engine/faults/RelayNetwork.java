package io.synod.engine.faults;

import io.synod.engine.operations.FreePorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Nodes on the loopback address that reach each other through relays; needs no rights. Clients reach them as they are. */
final class RelayNetwork implements NodeNetwork {
    private final Map<String, Integer> listen = new LinkedHashMap<>();
    private final Map<String, Integer> sql = new LinkedHashMap<>();
    private final Map<String, FaultyLink> links = new LinkedHashMap<>();
    private final SplittableRandom random;

    RelayNetwork(List<String> nodes, SplittableRandom random) throws IOException {
        this.random = random;
        List<Integer> free = FreePorts.take(2 * nodes.size());
        for (String node : nodes) {
            listen.put(node, free.get(2 * listen.size()));
            sql.put(node, free.get(2 * sql.size() + 1));
        }
        for (String from : nodes) {
            for (String to : nodes) {
                if (!from.equals(to)) {
                    links.put(from + to, new FaultyLink(listen.get(to), random.split()));
                }
            }
        }
    }

    @Override
    public List<String> prefix(String node) {
        return List.of();
    }

    @Override
    public String listen(String node) {
        return "127.0.0.1:" + listen.get(node);
    }

    @Override
    public String sql(String node) {
        return "127.0.0.1:" + sql.get(node);
    }

    @Override
    public String peer(String from, String to) {
        return links.get(from + to).address();
    }

    @Override
    public void cut(String from, String to) {
        links.get(from + to).holdForth();
        links.get(to + from).holdBack();
    }

    @Override
    public void hamper(String node, SplittableRandom choice) {
        int delayMillisMax = 1 + choice.nextInt(60);
        int breaksPerThousand = choice.nextInt(20);
        links.forEach((nodes, link) -> {
            if (nodes.contains(node)) {
                link.hamper(delayMillisMax, breaksPerThousand);
            }
        });
    }

    @Override
    public boolean isolate(String node) {
        return false;
    }

    @Override
    public void heal() throws IOException {
        for (FaultyLink link : links.values()) {
            link.heal(random.nextBoolean());
        }
    }

    @Override
    public void close() {
        try {
            for (FaultyLink link : links.values()) {
                link.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return "relays";
    }
}
