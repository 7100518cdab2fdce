package io.synod.bench.failover;

import com.fasterxml.jackson.jr.ob.JSON;
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
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code java -jar benchmarks/target/benchmarks.jar failover --kills 20}. */
@Command(
        name = "failover",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = {
            "Three nodes, clients that commit, the leader killed with kill -9 again and again: how long no commit is",
            "acknowledged, and whether each acknowledged row is there once on every node (exit code 1 if not)."
        })
public final class FailoverMeter implements Callable<Integer> {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    /** Entries that are on their way to a node that keeps up. */
    private static final long UNDER_WAY_ENTRIES = 50;

    private static final int NODES = 3;
    private static final long STEADY_MILLIS = 500;

    @Option(names = "--kills", defaultValue = "10")
    private int kills;

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
    private final List<Long> killedAtNanos = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        Files.createDirectories(parent);
        Path directory = Files.createTempDirectory(parent, "failover-");
        try (ClusterProcesses cluster =
                new ClusterProcesses(Installation.at(installation), directory, NODES, "failover", settings)) {
            return measure(cluster);
        } finally {
            delete(directory);
        }
    }

    private int measure(ClusterProcesses cluster) throws Exception {
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
            for (int kill = 1; kill <= kills; kill++) {
                watch.awaitCaughtUp(NODES, UNDER_WAY_ENTRIES, LIMIT);
                awaitCommitsUntil(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STEADY_MILLIS));
                NodeProcess leader = cluster.node(watch.awaitLeader(LIMIT));
                killedAtNanos.add(System.nanoTime());
                leader.kill();
                awaitCommitsUntil(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STEADY_MILLIS));
                out.printf("kill %d: %s, gap %d ms%n", kill, leader.name(), lastGapMillis());
                out.flush();
                leader.start();
                leader.awaitReady(LIMIT);
            }
            for (CommitClient client : running) {
                client.stop();
            }
            watch.awaitCaughtUp(NODES, 0, LIMIT);
        }
        return report(cluster, out);
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

    private long lastGapMillis() {
        return TimeUnit.NANOSECONDS.toMillis(gapNanos(killedAtNanos.size() - 1));
    }

    private long gapNanos(int kill) {
        long from = killedAtNanos.get(kill);
        long to = kill + 1 < killedAtNanos.size() ? killedAtNanos.get(kill + 1) : System.nanoTime();
        long[] atNanos = running.stream()
                .flatMapToLong(client -> LongStream.of(client.acknowledgedAtNanos()))
                .toArray();
        return new Gaps(atNanos).longestNanos(from, to);
    }

    private int report(ClusterProcesses cluster, PrintWriter out) throws SQLException, IOException {
        long[] gapsMillis = new long[kills];
        for (int i = 0; i < kills; i++) {
            gapsMillis[i] = TimeUnit.NANOSECONDS.toMillis(gapNanos(i));
        }
        Arrays.sort(gapsMillis);
        long p50 = percentile(gapsMillis, 50);
        long p99 = percentile(gapsMillis, 99);
        long max = percentile(gapsMillis, 100);
        long acknowledged = running.stream()
                .mapToLong(client -> client.acknowledged().size())
                .sum();
        out.printf("gap without a commit over %d kills: p50 %d ms, p99 %d ms, max %d ms%n", kills, p50, p99, max);
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
            result.put("kills", kills);
            result.put("clients", clients);
            result.put("gapsMillis", gapsMillis);
            result.put("p50Millis", p50);
            result.put("p99Millis", p99);
            result.put("maxMillis", max);
            result.put("acknowledged", acknowledged);
            result.put("withoutAnswer", unknown);
            result.put("wrongRows", wrong);
            result.put("errors", errors);
            Files.writeString(
                    json, JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(result) + "\n");
        }
        return wrong == 0 ? 0 : 1;
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
