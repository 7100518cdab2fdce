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
            "best step, latency, how evenly clients were served, errors by SQLState, and memory of the nodes. Then a plateau: the last",
            "step's clients once more, whose operations are due at a rate that does not ask how fast the nodes are, the best step's ten",
            "times. Due at the clients: each has one operation under way, and does not begin those that are late for 1 s or more, so nodes",
            "never get more at a time than there are clients. Nodes' heaps after full collections before and after. The last step is the",
            "first one once more. Without --url it starts three nodes. A step in which leadership moved, or may have, is done again, twice at the most: it is not what is",
            "measured here. In the end each promise with its bar; exit code 1 when one is missed: throughput at 80 % of the best,",
            "the least served client at 25 % of median and mean, errors 53300, HYT00 and 40001 only, heap at most 32 MiB more."
        })
public final class OverloadCommand implements Callable<Integer> {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int NODES = 3;
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

    @Option(
            names = "--rate-factor",
            defaultValue = "10",
            description =
                    "the plateau's rate, at which operations are due at the clients: so many times what the best step did; 0: none")
    private double rateFactor;

    @Option(
            names = "--plateau",
            paramLabel = "SECONDS",
            defaultValue = "30",
            description = "how long that lasts; an operation that is late for 1 s is not begun, and counted")
    private int plateauSeconds;

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
        List<Double> rates = new ArrayList<>();
        OverloadBars bars = new OverloadBars();
        try (Target target = new Target("clients", at, user, password, workload.create(), false)) {
            target.prepare();
            if (warmUpSeconds > 0) {
                target.run(connections.get(0), TimeUnit.SECONDS.toNanos(warmUpSeconds));
            }
            out.printf(
                    Locale.ROOT,
                    "%s, %d s a step, %s%n%7s %9s %6s %9s %9s %9s %17s  %s%n",
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
            for (int clients : connections) {
                target.connect(clients);
                Round round = steady(clients, target, at, out);
                rates.add(round.perSecond());
                print(clients, round, best(rates), target, nodes, out);
                bars.fairness(clients + " clients", target.operations(clients));
                bars.errors(clients + " clients", round);
            }
            bars.throughput(connections, rates);
            if (rateFactor > 0) {
                plateau(best(rates), target, nodes, bars, out);
            }
            int first = connections.get(0);
            Round again = steady(first, target, at, out);
            print(first, again, best(rates), target, nodes, out);
            for (NodeMemory node : nodes) {
                node.collect();
            }
            out.printf("after a collection: %s%n", memory(nodes));
        }
        bars.lines().forEach(out::println);
        out.flush();
        return bars.areMet() ? 0 : 1;
    }

    private void plateau(double best, Target target, List<NodeMemory> nodes, OverloadBars bars, PrintWriter out)
            throws Exception {
        int clients = connections.get(connections.size() - 1);
        double offered = rateFactor * best;
        // The heap that so many clients need is not what grows: they have worked by now.
        List<Long> before = heaps(nodes);
        Round round = target.offer(clients, TimeUnit.SECONDS.toNanos(plateauSeconds), offered);
        List<Long> after = heaps(nodes);
        print(clients, round, best, target, nodes, out);
        out.printf(
                Locale.ROOT,
                "        plateau of %d s: %,.0f a second were due at the clients, %,.0f served; %,d not begun, as they were %d ms late or more%n",
                plateauSeconds,
                offered,
                round.perSecond(),
                target.missed(clients),
                TimeUnit.NANOSECONDS.toMillis(Target.PATIENCE_NANOS));
        out.flush();
        String what = String.format(Locale.ROOT, "%d clients, due at %.0f times the rate", clients, rateFactor);
        bars.rate(what, round.perSecond(), best);
        bars.fairness(what, target.operations(clients));
        bars.errors(what, round);
        for (int i = 0; i < nodes.size(); i++) {
            bars.alive(nodes.get(i).name(), nodes.get(i).isAlive());
            bars.heap(nodes.get(i).name(), before.get(i), after.get(i));
        }
    }

    private static List<Long> heaps(List<NodeMemory> nodes) throws IOException, InterruptedException {
        List<Long> all = new ArrayList<>();
        for (NodeMemory node : nodes) {
            all.add(node.collectedHeap());
        }
        return all;
    }

    private static double best(List<Double> rates) {
        return rates.stream().mapToDouble(rate -> rate).max().orElseThrow();
    }

    private static void print(
            int clients, Round round, double best, Target target, List<NodeMemory> nodes, PrintWriter out)
            throws IOException, InterruptedException {
        long[] each = target.operations(clients);
        out.printf(
                Locale.ROOT,
                "%7d %,9.0f %6.0f %,9.1f %,9.1f %,9.1f %17s  %s%s%n",
                clients,
                round.perSecond(),
                100 * round.perSecond() / best,
                round.micros(50) / 1e3,
                round.micros(99) / 1e3,
                round.micros(100) / 1e3,
                each[0] + " … " + each[each.length / 2] + " … " + each[each.length - 1],
                (round.errors().isEmpty() ? "" : round.errors() + " ")
                        + (round.givenUp() == 0 ? "" : round.givenUp() + " given up "),
                memory(nodes));
        out.flush();
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
