package io.synod.engine.faults;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * Each node in a network namespace of its own, with one Ethernet device, on a bridge on which clients are as well. Cuts are blackhole
 * routes, narrow lines token buckets that drop what does not fit: TCP's retransmission and its silence are the kernel's own.
 * Needs root and the commands {@code ip} and {@code tc}.
 */
final class NamespaceNetwork implements NodeNetwork {
    private static final int LISTEN = 7101;
    private static final int SQL = 7201;

    private final String id = Long.toString(ProcessHandle.current().pid(), 36);
    private final String subnet;
    private final Map<String, Integer> hosts = new LinkedHashMap<>();
    private final Set<List<String>> cuts = new LinkedHashSet<>();
    private final Set<String> hampered = new LinkedHashSet<>();
    private final Set<String> isolated = new LinkedHashSet<>();
    private final Thread removal = new Thread(this::remove);

    /** @throws IOException with the reason, where the machine does not allow it */
    NamespaceNetwork(List<String> nodes) throws IOException {
        long pid = ProcessHandle.current().pid();
        subnet = "10." + (200 + pid % 50) + "." + (pid / 50 % 250) + ".";
        Runtime.getRuntime().addShutdownHook(removal);
        try {
            run("ip", "link", "add", bridge(), "type", "bridge");
            run("ip", "address", "add", subnet + "1/24", "dev", bridge());
            run("ip", "link", "set", bridge(), "up");
            for (String node : nodes) {
                hosts.put(node, hosts.size() + 2);
                String space = space(node);
                run("ip", "netns", "add", space);
                run("ip", "link", "add", outside(node), "type", "veth", "peer", "name", "eth0", "netns", space);
                run("ip", "link", "set", outside(node), "master", bridge(), "up");
                run("ip", "-n", space, "address", "add", host(node) + "/24", "dev", "eth0");
                run("ip", "-n", space, "link", "set", "lo", "up");
                run("ip", "-n", space, "link", "set", "eth0", "up");
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private String bridge() {
        return "sy" + id;
    }

    private String space(String node) {
        return "synod-" + id + "-" + node;
    }

    /** The end of the node's line at the bridge. */
    private String outside(String node) {
        return "sy" + id + node;
    }

    private String host(String node) {
        return subnet + hosts.get(node);
    }

    @Override
    public List<String> prefix(String node) {
        return List.of("ip", "netns", "exec", space(node));
    }

    @Override
    public String listen(String node) {
        return host(node) + ":" + LISTEN;
    }

    @Override
    public String sql(String node) {
        return host(node) + ":" + SQL;
    }

    @Override
    public String peer(String from, String to) {
        return listen(to);
    }

    @Override
    public void cut(String from, String to) throws IOException {
        if (cuts.add(List.of(from, to))) {
            run("ip", "-n", space(from), "route", "add", "blackhole", host(to) + "/32");
        }
    }

    @Override
    public void hamper(String node, SplittableRandom random) throws IOException {
        if (hampered.add(node)) {
            List<String> command = new ArrayList<>(prefix(node));
            command.addAll(List.of("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate"));
            command.addAll(List.of((100 + random.nextInt(2000)) + "kbit", "burst", "4kb", "limit", "16kb"));
            run(command.toArray(String[]::new));
        }
    }

    @Override
    public boolean isolate(String node) throws IOException {
        isolated.add(node);
        run("ip", "link", "set", outside(node), "down");
        return true;
    }

    @Override
    public void heal() throws IOException {
        for (List<String> cut : cuts) {
            run("ip", "-n", space(cut.get(0)), "route", "delete", "blackhole", host(cut.get(1)) + "/32");
        }
        cuts.clear();
        for (String node : hampered) {
            List<String> command = new ArrayList<>(prefix(node));
            command.addAll(List.of("tc", "qdisc", "delete", "dev", "eth0", "root"));
            run(command.toArray(String[]::new));
        }
        hampered.clear();
        for (String node : isolated) {
            run("ip", "link", "set", outside(node), "up");
        }
        isolated.clear();
    }

    /** @return what it said */
    static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        try {
            if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
                throw new IOException(String.join(" ", command) + ": " + said);
            }
            return said;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted during " + String.join(" ", command), e);
        }
    }

    private void remove() {
        for (String node : hosts.keySet()) {
            // By itself it goes with the last process in the namespace.
            quietly("ip", "link", "delete", outside(node));
            quietly("ip", "netns", "delete", space(node));
        }
        quietly("ip", "link", "delete", bridge());
    }

    static void quietly(String... command) {
        try {
            run(command);
        } catch (IOException e) {
            // It was not there.
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(removal);
        remove();
    }

    @Override
    public String toString() {
        return "network namespaces";
    }
}
