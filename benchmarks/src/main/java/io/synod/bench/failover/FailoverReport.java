package io.synod.bench.failover;

import com.fasterxml.jackson.jr.ob.JSON;
import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.NodeProcess;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

/** What a run of faults came to: gaps against their bars, and whether each acknowledged row is there once on every node. */
final class FailoverReport {
    private final List<CommitClient> clients;
    private final List<Fault> faults;
    private final List<long[]> acknowledgedAtNanos;
    private final Map<FaultKind, long[]> gaps = new EnumMap<>(FaultKind.class);
    private final Map<FaultKind, long[]> longest = new EnumMap<>(FaultKind.class);
    private long wrong;
    private int unverified;

    FailoverReport(List<CommitClient> clients, List<Fault> faults) {
        this.clients = clients;
        this.faults = faults;
        this.acknowledgedAtNanos =
                clients.stream().map(CommitClient::acknowledgedAtNanos).toList();
        for (Fault fault : faults) {
            gaps.computeIfAbsent(
                    fault.kind, kind -> sorted(kind, of -> FaultGaps.ofAllMillis(of, acknowledgedAtNanos)));
            longest.computeIfAbsent(
                    fault.kind, kind -> sorted(kind, of -> FaultGaps.ofOneMillis(of, acknowledgedAtNanos)));
        }
    }

    /** In ascending order. */
    private long[] sorted(FaultKind kind, ToLongFunction<Fault> gap) {
        return faults.stream()
                .filter(fault -> fault.kind == kind)
                .mapToLong(gap)
                .sorted()
                .toArray();
    }

    /** Of faults, by kind; then of commits. */
    void printGaps(PrintWriter out) {
        gaps.forEach((kind, millis) -> {
            out.printf(
                    Locale.ROOT,
                    "%s, %d times: gap without a commit %s; leadership moved %d times; bar: %s: %s%n",
                    kind.what,
                    millis.length,
                    percentiles(millis),
                    moved(kind),
                    kind.bar(),
                    kind.isMet(millis, moved(kind)) ? "met" : "missed");
            out.printf("    of the client that waited longest: %s%n", percentiles(longest.get(kind)));
        });
        out.printf(
                Locale.ROOT,
                "commits acknowledged %,d, without an answer %d, errors by SQLState %s%n",
                acknowledged(),
                unknown(),
                errors());
        out.flush();
    }

    private static String percentiles(long[] millis) {
        return String.format(
                Locale.ROOT,
                "p50 %d ms, p90 %d ms, p99 %d ms, max %d ms",
                FaultGaps.percentile(millis, 50),
                FaultGaps.percentile(millis, 90),
                FaultGaps.percentile(millis, 99),
                FaultGaps.percentile(millis, 100));
    }

    /** Of those that happened. */
    boolean areBarsMet() {
        return gaps.entrySet().stream().allMatch(of -> of.getKey().isMet(of.getValue(), moved(of.getKey())));
    }

    private long moved(FaultKind kind) {
        return faults.stream()
                .filter(fault -> fault.kind == kind && fault.moved())
                .count();
    }

    private long acknowledged() {
        return clients.stream()
                .mapToLong(client -> client.acknowledged().size())
                .sum();
    }

    private long unknown() {
        return clients.stream().mapToLong(client -> client.unknown().size()).sum();
    }

    private Map<String, Integer> errors() {
        Map<String, Integer> all = new TreeMap<>();
        clients.forEach(client -> client.errors().forEach((state, n) -> all.merge(state, n, Integer::sum)));
        return all;
    }

    /** Looks on every node for what was acknowledged; a node that does not answer is named, and counts as not verified. */
    void verify(ClusterProcesses cluster, PrintWriter out) {
        for (NodeProcess node : cluster.nodes()) {
            try {
                wrong += check(node, cluster.url(node.name()), out);
            } catch (SQLException e) {
                unverified++;
                out.printf("node %s: not verified: %s%n", node.name(), e);
            }
            out.flush();
        }
    }

    /** Whether every node was asked, and has each acknowledged row once and no other. */
    boolean isRight() {
        return wrong == 0 && unverified == 0;
    }

    /** @return how many rows are lost, doubled or were never acknowledged on this node */
    private long check(NodeProcess node, String url, PrintWriter out) throws SQLException {
        long lost = 0;
        long doubled = 0;
        long strange = 0;
        try (Connection connection = DriverManager.getConnection(url, "sa", "");
                Statement statement = connection.createStatement()) {
            for (CommitClient client : clients) {
                // First what was acknowledged, then what is there: one that is stuck may go on meanwhile.
                long expected = client.acknowledged().size();
                long found = 0;
                try (ResultSet rows =
                        statement.executeQuery("SELECT NUMBER, COUNT(*) FROM FAILOVER_EVENT WHERE CLIENT = "
                                + client.id() + " GROUP BY NUMBER")) {
                    while (rows.next()) {
                        long number = rows.getLong(1);
                        doubled += rows.getLong(2) > 1 ? 1 : 0;
                        if (client.acknowledged().contains(number)) {
                            found++;
                        } else if (!client.mayBeThere(number)) {
                            strange++;
                        }
                    }
                }
                lost += Math.max(0, expected - found);
            }
        }
        out.printf(
                "node %s: %d acknowledged rows lost, %d doubled, %d never acknowledged%n",
                node.name(), lost, doubled, strange);
        return lost + doubled + strange;
    }

    /** @param ended why the run ended before its end; {@code null} where it did not */
    void write(Path json, String ended) throws IOException {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("clients", clients.size());
        gaps.forEach((kind, millis) -> {
            Map<String, Object> of = new LinkedHashMap<>();
            of.put("moved", moved(kind));
            of.put("met", kind.isMet(millis, moved(kind)));
            of.put("gapsMillis", millis);
            of.put("p50Millis", FaultGaps.percentile(millis, 50));
            of.put("p90Millis", FaultGaps.percentile(millis, 90));
            of.put("p99Millis", FaultGaps.percentile(millis, 99));
            of.put("maxMillis", FaultGaps.percentile(millis, 100));
            of.put("longestOfAClientMillis", longest.get(kind));
            result.put(kind.plural, of);
        });
        result.put("acknowledged", acknowledged());
        result.put("withoutAnswer", unknown());
        result.put("wrongRows", wrong);
        result.put("nodesNotVerified", unverified);
        result.put("errors", errors());
        if (ended != null) {
            result.put("endedEarly", ended);
        }
        Files.writeString(json, JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(result) + "\n");
    }
}
