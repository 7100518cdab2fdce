package io.synod.bench.failover;

import io.synod.bench.Leadership;
import io.synod.engine.operations.ClusterProcesses;
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
import picocli.CommandLine.ParameterException;
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
            "1 if not, or if a bar is missed). Without any number: 10 kills. A run that is interrupted (SIGINT, SIGTERM) or fails kills its nodes, starts them",
            "again, and reports on what it has so far. Where a client gets no commit for 30 s, threads and nodes' words are written to a",
            "file, the run goes on (once more in a row and it ends; exit code 1), and nodes' files stay, as after any failure."
        })
public final class FailoverMeter implements Callable<Integer> {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    /** For starts, and to catch up: of all nodes at once, on a machine that may be the reason why a run ends. */
    private static final Duration START_LIMIT = Duration.ofSeconds(120);
    /** Entries that are on their way to a node that keeps up. */
    private static final long UNDER_WAY_ENTRIES = 50;

    private static final int NODES = 3;
    private static final long STEADY_MILLIS = 500;
    static final long PAUSE_MILLIS = 300;
    private static final String DATABASE = "failover";
    /** Leads by priority where that is asked for. */
    private static final String PREFERRED = "a";
    /** A leader that has led for 30 s hands over to one that has been well for 10 s. */
    private static final Duration PRIORITY_LIMIT = Duration.ofSeconds(120);
    /** For all that makes the nodes come back after a run that ended early; {@link EndedEarly} waits longer. */
    private static final Duration RESTART_LIMIT = Duration.ofSeconds(240);

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

    @Option(
            names = "--priorities",
            defaultValue = "0",
            description = {
                "node a has PRIORITY=5; it hands over, and gets leadership back by itself after half a minute or more: only that",
                "counts. In a run of its own"
            })
    private int priorities;

    @Option(
            names = "--rolling",
            paramLabel = "ROUNDS",
            defaultValue = "0",
            description =
                    "restarts of all three nodes with SIGTERM, one by one, each when the others vote and have caught up; who leads comes last")
    private int rolling;

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
    private Path directory;
    /** How often clients were stuck, and how often of these one after the other. */
    private int stuck;

    private int stuckInARow;

    @Override
    public Integer call() throws Exception {
        if (priorities > 0 && kills + partitions + transfers + terms + pauses + rolling > 0) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--priorities takes a run of its own: leadership would move back amid other faults");
        }
        Files.createDirectories(parent);
        directory = Files.createTempDirectory(parent, "failover-");
        if (kills + partitions + transfers + terms + pauses + priorities + rolling == 0) {
            kills = 10;
        }
        Map<String, Map<String, String>> preferred =
                priorities > 0 ? Map.of(PREFERRED, Map.of("PRIORITY", "5")) : Map.of();
        // Why leadership moved is in the nodes' words at this level.
        Installation nodes =
                Installation.at(installation).with(List.of("-Dorg.slf4j.simpleLogger.defaultLogLevel=info"));
        EndedEarly early = new EndedEarly();
        int code = 1;
        try (RelayedCluster cluster = new RelayedCluster(nodes, directory, DATABASE, settings, preferred)) {
            code = measure(cluster, early);
        } finally {
            try {
                if (code == 0) {
                    delete(directory);
                } else {
                    spec.commandLine().getOut().println("the nodes' files and words stay in " + directory);
                    spec.commandLine().getOut().flush();
                }
            } finally {
                early.reported();
            }
        }
        return code;
    }

    private int measure(RelayedCluster relayed, EndedEarly early) throws Exception {
        ClusterProcesses cluster = relayed.processes();
        PrintWriter out = spec.commandLine().getOut();
        String ended = null;
        try {
            run(relayed, out);
        } catch (Exception e) {
            ended = e.toString();
        }
        early.runEnded();
        if (early.wasAsked()) {
            ended = "interrupted";
        }
        if (!faults.isEmpty()) {
            faults.get(faults.size() - 1).end();
        }
        if (ended != null) {
            out.println("ended early: " + ended);
            out.flush();
            if (!early.wasAsked()) {
                record(cluster, ended, out);
            }
            stopClients(out);
        }
        FailoverReport report = new FailoverReport(running, faults);
        // At once: what comes now may fail as well.
        report.printGaps(out);
        if (ended != null) {
            restart(relayed, out);
        }
        report.verify(cluster, out);
        if (stuck > 0) {
            out.printf("clients stuck: %d times%n", stuck);
        }
        if (json != null) {
            report.write(json, ended);
        }
        return report.isRight() && report.areBarsMet() && ended == null && stuck == 0 ? 0 : 1;
    }

    private void run(RelayedCluster relayed, PrintWriter out) throws Exception {
        ClusterProcesses cluster = relayed.processes();
        cluster.start(START_LIMIT);
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
                for (int i = 1; i <= count(kind); i++) {
                    String node = steady(watch, relayed);
                    fault(kind, kind == FaultKind.PRIORITY ? awayFromPreferred(cluster) : node, relayed);
                    print(i, out);
                }
            }
            for (int i = 1; i <= rolling; i++) {
                roll(i, watch, relayed, out);
            }
            steady(watch, relayed);
            for (CommitClient client : running) {
                client.stop();
            }
            watch.awaitCaughtUp(NODES, 0, START_LIMIT);
        }
    }

    /** Each node once; who leads comes last, as long as it leads. */
    private void roll(int round, StatusWatch watch, RelayedCluster relayed, PrintWriter out) throws Exception {
        List<String> left = new ArrayList<>();
        relayed.processes().nodes().forEach(node -> left.add(node.name()));
        while (!left.isEmpty()) {
            String leader = steady(watch, relayed);
            String node = left.stream()
                    .filter(name -> !name.equals(leader))
                    .findFirst()
                    .orElse(leader);
            left.remove(node);
            fault(node.equals(leader) ? FaultKind.ROLLING_LEADER : FaultKind.ROLLING_FOLLOWER, node, relayed);
            print(round, out);
        }
    }

    /**
     * Waits until all nodes vote and have caught up, and all clients commit. The last fault's time ends then.
     *
     * @return who leads
     */
    private String steady(StatusWatch watch, RelayedCluster relayed) throws Exception {
        watch.awaitCaughtUp(NODES, UNDER_WAY_ENTRIES, START_LIMIT);
        awaitVoters(relayed.processes());
        awaitCommitsUntil(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STEADY_MILLIS), relayed);
        if (!faults.isEmpty()) {
            faults.get(faults.size() - 1).end();
        }
        return watch.awaitLeader(LIMIT);
    }

    private static void awaitVoters(ClusterProcesses cluster) throws SQLException, InterruptedException {
        long startNanos = System.nanoTime();
        try (Connection connection = DriverManager.getConnection(cluster.url(), "sa", "");
                Statement statement = connection.createStatement()) {
            while (true) {
                try (ResultSet rows = statement.executeQuery(
                        "SELECT COUNT(*) FROM SYNOD.MEMBERS WHERE MEMBERSHIP = 'VOTER' AND REACHABLE")) {
                    rows.next();
                    if (rows.getInt(1) == NODES) {
                        return;
                    }
                }
                if (System.nanoTime() - startNanos > LIMIT.toNanos()) {
                    throw new IllegalStateException("not all nodes vote");
                }
                Thread.sleep(10);
            }
        }
    }

    private void print(int number, PrintWriter out) {
        Fault fault = faults.get(faults.size() - 1);
        List<long[]> acknowledged =
                running.stream().map(CommitClient::acknowledgedAtNanos).toList();
        out.printf(
                "%s %d: %s, gap %d ms, of the client that waited longest %d ms%s%n",
                fault.kind.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                number,
                fault.node,
                FaultGaps.ofAllMillis(fault, acknowledged),
                FaultGaps.ofOneMillis(fault, acknowledged),
                fault.moved() == fault.kind.moves()
                        ? ""
                        : fault.moved() ? ", leadership moved" : ", leadership stayed");
        out.flush();
    }

    private void stopClients(PrintWriter out) {
        for (CommitClient client : running) {
            client.ask();
        }
        for (CommitClient client : running) {
            try {
                client.stop();
            } catch (InterruptedException | SQLException | IllegalStateException e) {
                out.println("client " + client.id() + ": " + e);
            }
        }
    }

    /**
     * Whatever was broken is mended; nodes that got the signal of the whole group of processes end at a time of their own. So what
     * was acknowledged is looked for in what is on disk.
     */
    private static void restart(RelayedCluster relayed, PrintWriter out) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + RESTART_LIMIT.toNanos();
        relayed.mend();
        ClusterProcesses cluster = relayed.processes();
        cluster.close();
        try {
            for (NodeProcess node : cluster.nodes()) {
                node.start();
            }
            for (NodeProcess node : cluster.nodes()) {
                node.awaitReady(until(deadlineNanos));
            }
            try (StatusWatch watch = new StatusWatch(cluster.url(), "sa")) {
                watch.awaitCaughtUp(NODES, 0, until(deadlineNanos));
            }
        } catch (IOException | IllegalStateException e) {
            // Those nodes that serve are asked all the same.
            out.println("not all nodes came back: " + e);
        }
    }

    private static Duration until(long deadlineNanos) {
        return Duration.ofNanos(Math.max(0, deadlineNanos - System.nanoTime()));
    }

    private void record(ClusterProcesses cluster, String why, PrintWriter out) throws InterruptedException {
        try {
            out.println("recorded in " + StuckRecord.write(directory, why, running, cluster));
        } catch (IOException e) {
            out.println("not recorded: " + e);
        }
        out.flush();
    }

    private int count(FaultKind kind) {
        return switch (kind) {
            case KILL -> kills;
            case PARTITION -> partitions;
            case TRANSFER -> transfers;
            case TERM -> terms;
            case PAUSE -> pauses;
            case PRIORITY -> priorities;
            case ROLLING_FOLLOWER, ROLLING_LEADER -> 0; // by rounds
        };
    }

    /** Returns when commits go on; what was broken is mended then. */
    private void fault(FaultKind kind, String name, RelayedCluster relayed) throws Exception {
        ClusterProcesses cluster = relayed.processes();
        NodeProcess node = cluster.node(name);
        Leadership before = leadership(cluster.url(name));
        // What happens while a move by priority waits for its time is not its doing.
        long atNanos = kind == FaultKind.PRIORITY ? awaitPreferred(cluster) : System.nanoTime();
        Fault fault = new Fault(kind, name, atNanos);
        faults.add(fault);
        switch (kind) {
            case KILL -> node.kill();
            case PARTITION -> relayed.cutOff(name);
            case TRANSFER -> transfer(cluster.url(name), "");
            case TERM, ROLLING_LEADER, ROLLING_FOLLOWER -> stop(node);
            case PAUSE -> pause(node);
            case PRIORITY -> {
                // By itself.
            }
        }
        awaitCommitsUntil(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STEADY_MILLIS), relayed);
        String other = cluster.nodes().stream()
                .map(NodeProcess::name)
                .filter(candidate -> !candidate.equals(name))
                .findFirst()
                .orElseThrow();
        fault.leadership(before, leadership(cluster.url(other)));
        if (!node.isAlive()) {
            node.start();
            node.awaitReady(START_LIMIT);
        } else if (kind == FaultKind.PARTITION) {
            relayed.mend();
        }
    }

    private static void pause(NodeProcess node) throws IOException, InterruptedException {
        node.pause();
        try {
            Thread.sleep(PAUSE_MILLIS);
        } finally {
            node.resume();
        }
    }

    /** The node of the highest priority leads first; then another one, while clients go on. */
    private String awayFromPreferred(ClusterProcesses cluster) throws Exception {
        awaitPreferred(cluster);
        transfer(cluster.url(PREFERRED), "'b'");
        long untilNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STEADY_MILLIS);
        awaitCommitsUntil(untilNanos, null);
        String leader = leadership(cluster.url("b")).node();
        if (leader.equals(PREFERRED)) {
            throw new IllegalStateException("node " + PREFERRED + " did not hand over");
        }
        return leader;
    }

    /** @return the beginning of the last look that still saw another one lead */
    private static long awaitPreferred(ClusterProcesses cluster) throws SQLException, InterruptedException {
        long startNanos = System.nanoTime();
        long lookNanos = startNanos;
        long otherNanos = startNanos;
        while (!leadership(cluster.url(PREFERRED)).node().equals(PREFERRED)) {
            if (System.nanoTime() - startNanos > PRIORITY_LIMIT.toNanos()) {
                throw new IllegalStateException(
                        "leadership did not go to node " + PREFERRED + " within " + PRIORITY_LIMIT.toSeconds() + " s");
            }
            Thread.sleep(50);
            otherNanos = lookNanos;
            lookNanos = System.nanoTime();
        }
        return otherNanos;
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

    /** @param to a literal, or nothing */
    private static void transfer(String url, String to) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url, "sa", "");
                Statement statement = connection.createStatement()) {
            statement.execute("CALL SYNOD.TRANSFER(" + to + ")");
        }
    }

    private static void stop(NodeProcess node) throws IOException, InterruptedException {
        int code = node.stop(LIMIT);
        if (code != 0) {
            throw new IllegalStateException("node " + node.name() + " ended with " + code + " at SIGTERM");
        }
    }

    /** Until each client had a commit acknowledged after that; one that has none for long is recorded, and borne with once. */
    private void awaitCommitsUntil(long untilNanos, RelayedCluster relayed) throws Exception {
        long deadlineNanos = untilNanos + LIMIT.toNanos();
        for (CommitClient client : running) {
            while (client.lastAtNanos() - untilNanos < 0) {
                if (System.nanoTime() - deadlineNanos > 0) {
                    stuck(client, relayed);
                    return;
                }
                Thread.sleep(5);
            }
        }
        stuckInARow = 0;
    }

    private void stuck(CommitClient client, RelayedCluster relayed) throws InterruptedException {
        String why = "client " + client.id() + " got no commit acknowledged for " + LIMIT.toSeconds() + " s";
        stuck++;
        stuckInARow++;
        if (relayed == null || stuckInARow > 1) {
            throw new IllegalStateException(why);
        }
        spec.commandLine().getOut().println(why);
        record(relayed.processes(), why, spec.commandLine().getOut());
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
