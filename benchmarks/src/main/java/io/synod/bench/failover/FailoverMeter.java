package io.synod.bench.failover;

import com.fasterxml.jackson.jr.ob.JSON;
import io.synod.bench.Leadership;
import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.Gaps;
import io.synod.engine.operations.Installation;
import io.synod.engine.operations.NodeProcess;
import io.synod.engine.operations.StatusWatch;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code java -jar benchmarks/target/benchmarks.jar failover --kills 200 --partitions 200 --transfers 200 --terms 50 --pauses 50}. */
@Command(
        name = "failover",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = {
            "Three nodes, clients that commit, and what befalls the leader again and again: killed with kill -9, cut off from the",
            "other nodes without a word (clients still reach it), asked to hand over, stopped with SIGTERM, standing still for 300 ms.",
            "How long no commit is acknowledged, of anybody, against the bars, and of the client that waited longest; and whether each acknowledged row is there once on every node (exit code",
            "1 if not). Without any number: 10 kills."
        })
public final class FailoverMeter implements Callable<Integer> {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    /** Entries that are on their way to a node that keeps up. */
    private static final long UNDER_WAY_ENTRIES = 50;

    private static final int NODES = 3;
    private static final long STEADY_MILLIS = 500;
    static final long PAUSE_MILLIS = 300;
    private static final String DATABASE = "failover";

    @Option(names = "--kills", defaultValue = "0")
    private int kills;

    @Option(names = "--partitions", defaultValue = "0")
    private int partitions;

    @Option(names = "--transfers", defaultValue = "0")
    private int transfers;

    @Option(names = "--terms", defaultValue = "0", description = "SIGTERM of the leader, which is started again")
    private int terms;

    @Option(names = "--pauses", defaultValue = "0")
    private int pauses;

    @Option(names = "--clients", defaultValue = "4")
    private int clients;

    @Option(names = "--installation", defaultValue = "engine/target/synod", description = "the directory of synod.jar")
    private Path installation;

    @Option(names = "--dir", defaultValue = ".", description = "for the nodes' data, which is deleted in the end")
    private Path parent;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "a setting of the nodes; may be repeated")
    private Map<String, String> settings = new LinkedHashMap<>();

    @Option(names = "--json", paramLabel = "FILE", description = "writes the result there, as well")
    private Path json;

    @Spec
    private CommandSpec spec;

    private final List<CommitClient> running = new ArrayList<>();
    private final List<Fault> faults = new ArrayList<>();

    /** @param moved whether another node led afterwards, or the same in another epoch */
    private record Fault(FaultKind kind, long atNanos, boolean moved) {}

    @Override
    public Integer call() throws Exception {
        Files.createDirectories(parent);
        Path directory = Files.createTempDirectory(parent, "failover-");
        if (kills + partitions + transfers + terms + pauses == 0) {
            kills = 10;
        }
        try (RelayedCluster cluster =
                new RelayedCluster(Installation.at(installation), directory, DATABASE, settings)) {
            return measure(cluster);
        } finally {
            delete(directory);
        }
    }

    private int measure(RelayedCluster relayed) throws Exception {
        ClusterProcesses cluster = relayed.processes();
        PrintWriter out = spec.commandLine().getOut();
        cluster.start(LIMIT);
        try (Connection connection = DriverManager.getConnection(cluster.url(), "sa", "");
                Statement statement = connection.createStatement()) {
            // Without a key: a row that was committed twice would be there twice.
            statement.execute("CREATE TABLE FAILOVER_EVENT(CLIENT INTEGER NOT NULL, NUMBER BIGINT NOT NULL)");
        }
        try (StatusWatch watch = new StatusWatch(cluster.url(), "sa")) {
            for (int i = 0; i < clients; i++) {
                running.add(new CommitClient(i, cluster.url()));
            }
            for (FaultKind kind : FaultKind.values()) {
                int count = count(kind);
                for (int i = 1; i <= count; i++) {
                    watch.awaitCaughtUp(NODES, UNDER_WAY_ENTRIES, LIMIT);
                    awaitCommitsUntil(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STEADY_MILLIS));
                    String leader = watch.awaitLeader(LIMIT);
                    fault(kind, leader, relayed);
                    Fault fault = faults.get(faults.size() - 1);
                    out.printf(
                            "%s %d: %s, gap %d ms, of the client that waited longest %d ms%s%n",
                            kind.name().toLowerCase(Locale.ROOT),
                            i,
                            leader,
                            gapMillis(faults.size() - 1),
                            longestMillis(faults.size() - 1),
                            fault.moved() == (kind == FaultKind.PAUSE)
                                    ? fault.moved() ? ", leadership moved" : ", leadership stayed"
                                    : "");
                    out.flush();
                }
            }
            for (CommitClient client : running) {
                client.stop();
            }
            watch.awaitCaughtUp(NODES, 0, LIMIT);
        }
        return report(cluster, out);
    }

    private int count(FaultKind kind) {
        return switch (kind) {
            case KILL -> kills;
            case PARTITION -> partitions;
            case TRANSFER -> transfers;
            case TERM -> terms;
            case PAUSE -> pauses;
        };
    }

    /** Returns when commits go on; what was broken is mended then. */
    private void fault(FaultKind kind, String leader, RelayedCluster relayed) throws Exception {
        ClusterProcesses cluster = relayed.processes();
        NodeProcess node = cluster.node(leader);
        Leadership before = leadership(cluster.url(leader));
        long atNanos = System.nanoTime();
        switch (kind) {
            case KILL -> node.kill();
            case PARTITION -> relayed.cutOff(leader);
            case TRANSFER -> transfer(cluster.url(leader));
            case TERM -> stop(node);
            case PAUSE -> {
                node.pause();
                Thread.sleep(PAUSE_MILLIS);
                node.resume();
            }
        }
        awaitCommitsUntil(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STEADY_MILLIS));
        String other = cluster.nodes().stream()
                .map(NodeProcess::name)
                .filter(name -> !name.equals(leader))
                .findFirst()
                .orElseThrow();
        faults.add(new Fault(kind, atNanos, !Leadership.stayed(before, leadership(cluster.url(other)))));
        if (kind == FaultKind.KILL || kind == FaultKind.TERM) {
            node.start();
            node.awaitReady(LIMIT);
        } else if (kind == FaultKind.PARTITION) {
            relayed.mend();
        }
    }

    /** By what that node knows, as soon as it knows of one: it may be the last to hear of it. */
    private static Leadership leadership(String url) throws SQLException, InterruptedException {
        long startNanos = System.nanoTime();
        try (Connection connection = DriverManager.getConnection(url + ";READ=LOCAL", "sa", "")) {
            Leadership known = Leadership.of(connection);
            while (known == null) {
                if (System.nanoTime() - startNanos > LIMIT.toNanos()) {
                    throw new IllegalStateException("a node knows nobody who leads: " + url);
                }
                Thread.sleep(5);
                known = Leadership.of(connection);
            }
            return known;
        }
    }

    private static void transfer(String url) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url, "sa", "");
                Statement statement = connection.createStatement()) {
            statement.execute("CALL SYNOD.TRANSFER()");
        }
    }

    private static void stop(NodeProcess node) throws IOException, InterruptedException {
        int code = node.stop(LIMIT);
        if (code != 0) {
            throw new IllegalStateException("node " + node.name() + " ended with " + code + " at SIGTERM");
        }
    }

    private void awaitCommitsUntil(long untilNanos) throws InterruptedException, SQLException {
        long deadlineNanos = untilNanos + LIMIT.toNanos();
        for (CommitClient client : running) {
            while (client.lastAtNanos() - untilNanos < 0) {
                if (System.nanoTime() - deadlineNanos > 0) {
                    throw new IllegalStateException(
                            "client " + client.id() + " got no commit acknowledged for " + LIMIT.toSeconds() + " s");
                }
                Thread.sleep(5);
            }
        }
    }

    /** For how long nobody's commit was acknowledged. */
    private long gapMillis(int fault) {
        return longestMillis(
                fault,
                Stream.of(running.stream()
                        .flatMapToLong(client -> LongStream.of(client.acknowledgedAtNanos()))
                        .toArray()));
    }

    /** The same of the one client that waited longest. */
    private long longestMillis(int fault) {
        return longestMillis(fault, running.stream().map(CommitClient::acknowledgedAtNanos));
    }

    private long longestMillis(int fault, Stream<long[]> acknowledged) {
        long from = faults.get(fault).atNanos();
        long to = fault + 1 < faults.size() ? faults.get(fault + 1).atNanos() : System.nanoTime();
        return TimeUnit.NANOSECONDS.toMillis(acknowledged
                .mapToLong(atNanos -> new Gaps(atNanos).longestNanos(from, to))
                .max()
                .orElseThrow());
    }

    private int report(ClusterProcesses cluster, PrintWriter out) throws SQLException, IOException {
        Map<FaultKind, long[]> gaps = new EnumMap<>(FaultKind.class);
        Map<FaultKind, long[]> longest = new EnumMap<>(FaultKind.class);
        for (FaultKind kind : FaultKind.values()) {
            if (count(kind) > 0) {
                gaps.put(kind, sorted(kind, this::gapMillis));
                longest.put(kind, sorted(kind, this::longestMillis));
                print(kind, gaps.get(kind), out);
                out.printf("    of the client that waited longest: %s%n", percentiles(longest.get(kind)));
            }
        }
        long acknowledged = running.stream()
                .mapToLong(client -> client.acknowledged().size())
                .sum();
        Map<String, Integer> errors = new TreeMap<>();
        running.forEach(client -> client.errors().forEach((state, n) -> errors.merge(state, n, Integer::sum)));
        long unknown =
                running.stream().mapToLong(client -> client.unknown().size()).sum();
        out.printf(
                "commits acknowledged %,d, without an answer %d, errors by SQLState %s%n",
                acknowledged, unknown, errors);
        long wrong = 0;
        for (NodeProcess node : cluster.nodes()) {
            wrong += check(node, cluster.url(node.name()), out);
        }
        out.flush();
        if (json != null) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("clients", clients);
            gaps.forEach((kind, millis) -> {
                Map<String, Object> of = new LinkedHashMap<>();
                of.put("moved", moved(kind));
                of.put("gapsMillis", millis);
                of.put("p50Millis", percentile(millis, 50));
                of.put("p90Millis", percentile(millis, 90));
                of.put("p99Millis", percentile(millis, 99));
                of.put("maxMillis", percentile(millis, 100));
                of.put("longestOfAClientMillis", longest.get(kind));
                result.put(kind.plural, of);
            });
            result.put("acknowledged", acknowledged);
            result.put("withoutAnswer", unknown);
            result.put("wrongRows", wrong);
            result.put("errors", errors);
            Files.writeString(
                    json, JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(result) + "\n");
        }
        return wrong == 0 ? 0 : 1;
    }

    /** In ascending order. */
    private long[] sorted(FaultKind kind, IntToLongFunction gap) {
        return IntStream.range(0, faults.size())
                .filter(i -> faults.get(i).kind() == kind)
                .mapToLong(gap)
                .sorted()
                .toArray();
    }

    private static String percentiles(long[] millis) {
        return String.format(
                Locale.ROOT,
                "p50 %d ms, p90 %d ms, p99 %d ms, max %d ms",
                percentile(millis, 50),
                percentile(millis, 90),
                percentile(millis, 99),
                percentile(millis, 100));
    }

    private long moved(FaultKind kind) {
        return faults.stream()
                .filter(fault -> fault.kind() == kind && fault.moved())
                .count();
    }

    private void print(FaultKind kind, long[] millis, PrintWriter out) {
        long p99 = percentile(millis, 99);
        long moved = moved(kind);
        String bar = kind.barMillis > 0
                ? "bar for p99 " + kind.barMillis + " ms: " + (p99 < kind.barMillis ? "met" : "missed")
                : "bar: leadership stays: " + (moved == 0 ? "met" : "missed");
        out.printf(
                "leader %s, %d times: gap without a commit %s; leadership moved %d times; %s%n",
                kind.what, millis.length, percentiles(millis), moved, bar);
    }

    private static long percentile(long[] sorted, double percentile) {
        return sorted[Math.max(0, (int) Math.ceil(percentile / 100 * sorted.length) - 1)];
    }

    /** @return how many rows are lost, doubled or were never acknowledged on this node */
    private long check(NodeProcess node, String url, PrintWriter out) throws SQLException {
        long lost = 0;
        long doubled = 0;
        long strange = 0;
        try (Connection connection = DriverManager.getConnection(url, "sa", "");
                Statement statement = connection.createStatement()) {
            for (CommitClient client : running) {
                long found = 0;
                try (ResultSet rows =
                        statement.executeQuery("SELECT NUMBER, COUNT(*) FROM FAILOVER_EVENT WHERE CLIENT = "
                                + client.id() + " GROUP BY NUMBER")) {
                    while (rows.next()) {
                        long number = rows.getLong(1);
                        doubled += rows.getLong(2) > 1 ? 1 : 0;
                        if (client.acknowledged().contains(number)) {
                            found++;
                        } else if (!client.unknown().contains(number)) {
                            strange++;
                        }
                    }
                }
                lost += client.acknowledged().size() - found;
            }
        }
        out.printf(
                "node %s: %d acknowledged rows lost, %d doubled, %d never acknowledged%n",
                node.name(), lost, doubled, strange);
        return lost + doubled + strange;
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
