package io.synod.bench.workload;

import io.synod.bench.Leadership;
import io.synod.bench.Round;
import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.Installation;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code java -jar benchmarks/target/benchmarks.jar overload}. */
@Command(
        name = "overload",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = {
            "Ever more clients, each with a connection that it keeps, all of them as fast as they can: throughput against the",
            "best step, latency, how evenly clients were served, errors by SQLState, and memory of the nodes. The last step is",
            "the first one once more; after it the nodes collect their garbage. Without --url it starts three nodes. A step in",
            "which leadership moved, or may have, is done again, twice at the most: it is not what is measured here.",
            "Exit code 1 when a step with more clients than the best one has less than 80 % of its throughput."
        })
public final class OverloadCommand implements Callable<Integer> {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int NODES = 3;
    private static final double BAR = 0.8;
    private static final int ATTEMPTS = 3;

    @Option(names = "--url", paramLabel = "JDBC-URL", description = "nodes that run; without it, nodes of its own")
    private String url;

    @Option(names = "--user", defaultValue = "sa")
    private String user;

    @Option(names = "--password", defaultValue = "")
    private String password;

    @Option(names = "--connections", split = ",", defaultValue = "8,32,128,500,1000", description = "the steps")
    private List<Integer> connections;

    @Option(names = "--workload", defaultValue = "INSERT", description = "${COMPLETION-CANDIDATES}")
    private Workloads workload;

    @Option(names = "--seconds", defaultValue = "5", description = "of a step")
    private int seconds;

    @Option(
            names = "--warm-up",
            defaultValue = "10",
            paramLabel = "SECONDS",
            description = "with the first step's clients")
    private int warmUpSeconds;

    @Option(names = "--installation", defaultValue = "engine/target/synod", description = "the directory of synod.jar")
    private Path installation;

    @Option(names = "--dir", defaultValue = ".", description = "for the nodes' data, which is deleted in the end")
    private Path parent;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "a setting of the nodes; may be repeated")
    private Map<String, String> settings = new LinkedHashMap<>();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (url != null) {
            return measure(url, List.of());
        }
        Files.createDirectories(parent);
        Path directory = Files.createTempDirectory(parent, "overload-");
        try (ClusterProcesses cluster =
                new ClusterProcesses(Installation.at(installation), directory, NODES, "overload", settings)) {
            cluster.start(LIMIT);
            return measure(
                    cluster.url() + ";CONNECT_TIMEOUT=30000",
                    cluster.nodes().stream()
                            .map(node -> new NodeMemory(node.name(), node.pid().orElseThrow()))
                            .toList());
        } finally {
            delete(directory);
        }
    }

    private int measure(String at, List<NodeMemory> nodes) throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        List<Integer> steps = new ArrayList<>(connections);
        steps.add(connections.get(0));
        List<Double> rates = new ArrayList<>();
        try (Target target = new Target("clients", at, user, password, workload.create(), false)) {
            target.prepare();
            if (warmUpSeconds > 0) {
                target.run(steps.get(0), TimeUnit.SECONDS.toNanos(warmUpSeconds));
            }
            out.printf(
                    Locale.ROOT,
                    "%s, %d s a step, %s%n%7s %9s %6s %9s %9s %9s %13s  %s%n",
                    workload.name().toLowerCase(Locale.ROOT),
                    seconds,
                    target.product(),
                    "clients",
                    "per s",
                    "% best",
                    "p50 ms",
                    "p99 ms",
                    "max ms",
                    "per client",
                    "errors; of each node: resident, heap in use (MiB), threads");
            for (int clients : steps) {
                target.connect(clients);
                Round round = steady(clients, target, at, out);
                rates.add(round.perSecond());
                double best = rates.stream().mapToDouble(r -> r).max().orElseThrow();
                long[] each = target.operations(clients);
                out.printf(
                        Locale.ROOT,
                        "%7d %,9.0f %6.0f %,9.1f %,9.1f %,9.1f %13s  %s%s%n",
                        clients,
                        round.perSecond(),
                        100 * round.perSecond() / best,
                        round.micros(50) / 1e3,
                        round.micros(99) / 1e3,
                        round.micros(100) / 1e3,
                        each[0] + " … " + each[each.length - 1],
                        (round.errors().isEmpty() ? "" : round.errors() + " ")
                                + (round.givenUp() == 0 ? "" : round.givenUp() + " given up "),
                        memory(nodes));
                out.flush();
            }
            for (NodeMemory node : nodes) {
                node.collect();
            }
            out.printf("after a collection: %s%n", memory(nodes));
        }
        return holds(rates.subList(0, connections.size())) ? 0 : 1;
    }

    private Round steady(int clients, Target target, String at, PrintWriter out) throws Exception {
        Round round = null;
        for (int i = 0; i < ATTEMPTS; i++) {
            Leadership before = leadership(at, out);
            round = target.run(clients, TimeUnit.SECONDS.toNanos(seconds));
            Leadership after = leadership(at, out);
            if (!isSynod(at) || Leadership.stayed(before, after)) {
                break;
            }
            out.printf(
                    Locale.ROOT,
                    "%7d %,9.0f   leadership %s: %s, then %s%n",
                    clients,
                    round.perSecond(),
                    before == null || after == null ? "may have moved" : "moved",
                    before == null ? "unknown" : before,
                    after == null ? "unknown" : after);
            out.flush();
        }
        return round;
    }

    private static boolean isSynod(String at) {
        return at.startsWith("jdbc:synod:");
    }

    /** @return by what the leader says; {@code null} where it is not known, or this is not a Synod database */
    private Leadership leadership(String at, PrintWriter out) throws SQLException {
        if (!isSynod(at)) {
            return null;
        }
        try (Connection connection = DriverManager.getConnection(at, user, password)) {
            return Leadership.of(connection);
        } catch (SQLException e) {
            String state = String.valueOf(e.getSQLState());
            if (!state.startsWith("08") && !state.equals(Target.TOO_MANY_CONNECTIONS)) {
                throw e;
            }
            // It is overloaded: that is what is measured.
            out.printf(Locale.ROOT, "who leads is not known: %s%n", e.getMessage());
            return null;
        }
    }

    private static boolean holds(List<Double> rates) {
        double best = rates.stream().mapToDouble(r -> r).max().orElseThrow();
        return rates.subList(rates.indexOf(best), rates.size()).stream().allMatch(rate -> rate >= BAR * best);
    }

    private static String memory(List<NodeMemory> nodes) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>();
        for (NodeMemory node : nodes) {
            all.add(node.now());
        }
        return String.join("; ", all);
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
