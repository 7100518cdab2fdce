package io.synod.engine.operations;

import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The demo: three processes, a data set, clients, a leader killed twice, and the books checked afterwards. */
final class Demo implements DemoRun {
    private static final String DATABASE = "shop";
    private static final String USER = "sa";
    private static final int NODES = 3;
    private static final int CLIENTS = 4;
    private static final double SCALE = 0.01;
    private static final Duration START_LIMIT = Duration.ofSeconds(30);
    private static final Duration CATCH_UP_LIMIT = Duration.ofSeconds(30);
    /** Entries that are on their way to a copy that keeps up. */
    private static final long UNDER_WAY_ENTRIES = 50;

    private static final int SECONDS = 20;
    private static final List<Integer> KILLS = List.of(6, 13);
    private static final int RESTART_AFTER_SECONDS = 1;
    private static final int MAX_POSTPONED_SECONDS = 4;
    private static final long CATCHING_UP_ENTRIES = 100;

    private final DemoReport report;
    private final ClusterProcesses cluster;

    Demo(DemoReport report, Installation installation, Path directory) throws IOException {
        this.report = report;
        this.cluster = new ClusterProcesses(installation, directory, NODES, DATABASE, Map.of());
    }

    @Override
    public void abort() {
        cluster.close();
    }

    @Override
    public boolean run() throws Exception {
        report.introduction();
        try (cluster) {
            long startedNanos = System.nanoTime();
            report.starting(cluster.nodes());
            cluster.start(START_LIMIT);
            try (HikariDataSource pool = OrderClients.pool(cluster.url(), USER, CLIENTS + 1)) {
                report.started(DemoReport.secondsSince(startedNanos), leader());
                long loadedNanos = System.nanoTime();
                report.loading();
                long rows = new TpchLoader(pool, SCALE).load();
                report.loaded(rows, DemoReport.secondsSince(loadedNanos));
                Books before = books(cluster.url());
                OrderEntry entry = OrderEntry.on(pool);
                List<KilledLeader> killed = new ArrayList<>();
                List<OrderEntry.Log> clients = enterOrders(entry, killed);
                report.entered(clients, killed);
                return check(before, clients);
            }
        }
    }

    private String leader() throws SQLException {
        try (StatusReader reader = new StatusReader(new ConnectionOptions(cluster.url(), USER, ""))) {
            return reader.read().leader().map(MemberStatus::name).orElse("?");
        }
    }

    /** A leader that was killed, and how long no order was acknowledged then. */
    record KilledLeader(String name, int second, long atNanos) {}

    private List<OrderEntry.Log> enterOrders(OrderEntry entry, List<KilledLeader> killed) throws Exception {
        try (StatusWatch watch = new StatusWatch(cluster.url(), USER);
                OrderClients clients = new OrderClients(entry::acknowledgedOrders)) {
            report.entering(CLIENTS, SECONDS);
            long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            long giveUpNanos = endNanos + TimeUnit.SECONDS.toNanos(15);
            for (int i = 0; i < CLIENTS; i++) {
                int client = i;
                clients.start(() -> entry.run(client, () -> System.nanoTime() >= endNanos, giveUpNanos));
            }
            for (int second = 1; second <= SECONDS; second++) {
                clients.awaitSecond(second);
                String happened = killOrRestart(second, watch, killed);
                report.second(second, clients.acknowledgedSince(), watch.latest(), happened);
            }
            return clients.logs();
        }
    }

    private String killOrRestart(int second, StatusWatch watch, List<KilledLeader> killed)
            throws IOException, InterruptedException {
        KilledLeader last = killed.isEmpty() ? null : killed.get(killed.size() - 1);
        if (last != null && second == last.second() + RESTART_AFTER_SECONDS) {
            cluster.node(last.name()).start();
            return last.name() + " started again";
        }
        if (killed.size() == KILLS.size() || second < KILLS.get(killed.size())) {
            return "";
        }
        // With one copy not back yet, killing another would leave no majority: then nothing can be answered at all.
        boolean allThere = watch.latest().members().stream()
                        .filter(member -> member.reachable() && member.lagEntries() < CATCHING_UP_ENTRIES)
                        .count()
                == NODES;
        if (!allThere && second < KILLS.get(killed.size()) + MAX_POSTPONED_SECONDS) {
            return "(a copy is still catching up)";
        }
        String leader = watch.awaitLeader(CATCH_UP_LIMIT);
        killed.add(new KilledLeader(leader, second, System.nanoTime()));
        cluster.node(leader).kill();
        return "leader " + leader + " killed (kill -9)";
    }

    private boolean check(Books before, List<OrderEntry.Log> clients) throws Exception {
        report.checking();
        for (NodeProcess node : cluster.nodes()) {
            node.awaitReady(START_LIMIT);
        }
        try (StatusWatch watch = new StatusWatch(cluster.url(), USER)) {
            watch.awaitCaughtUp(NODES, UNDER_WAY_ENTRIES, CATCH_UP_LIMIT);
        }
        Accounting accounting = new Accounting(before, clients);
        boolean holds = true;
        for (NodeProcess node : cluster.nodes()) {
            // The answer is what this node itself holds, once it has what was acknowledged.
            Accounting.Result result = accounting.check(books(cluster.url(node.name())));
            report.node(node.name(), result);
            holds &= result.holds();
        }
        Verification verification = Verification.run(new ConnectionOptions(cluster.url(), USER, ""));
        report.verified(verification);
        holds &= verification.equal();
        report.verdict(holds);
        return holds;
    }

    private static Books books(String url) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url, USER, "")) {
            return Books.read(connection);
        }
    }
}
