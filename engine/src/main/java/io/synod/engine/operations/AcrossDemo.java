package io.synod.engine.operations;

import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * The demo of transactions over two databases: three processes, leaders on two of them, the process that commits and a leader
 * killed in the middle, and both databases counted afterwards.
 */
final class AcrossDemo implements DemoRun {
    private static final String USER = "sa";
    private static final List<String> DATABASES = List.of(AcrossOrders.SALES, AcrossOrders.STOCK);
    private static final int NODES = 3;
    private static final int CLIENTS = 4;
    private static final Duration LIMIT = Duration.ofSeconds(30);
    /** How long a transaction may be in doubt although the databases have leaders. */
    private static final long DOUBT_MILLIS = 1_000;
    /** Entries that are on their way to a copy that keeps up. */
    private static final long UNDER_WAY_ENTRIES = 50;

    private static final Duration BEFORE_A_FAULT = Duration.ofSeconds(3);
    private static final Duration DOWN = Duration.ofSeconds(1);
    private static final Duration GIVE_UP = Duration.ofSeconds(60);

    private final AcrossReport report;
    private final ClusterProcesses cluster;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Future<Killed>> doubts = new ArrayList<>();
    private final Queue<String> happened = new ConcurrentLinkedQueue<>();
    private volatile boolean ending;

    AcrossDemo(AcrossReport report, Installation installation, Path directory) throws IOException {
        this.report = report;
        this.cluster = new ClusterProcesses(installation, directory, NODES, DATABASES, Map.of());
    }

    /** What was killed, and what became of transactions that were on their way. */
    private record Killed(String who, DoubtWatch.Doubt doubt) {}

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
            cluster.start(LIMIT);
            AcrossOrders.create(url(AcrossOrders.SALES), url(AcrossOrders.STOCK), USER);
            try (StatusWatch sales = new StatusWatch(url(AcrossOrders.SALES), USER);
                    StatusWatch stock = new StatusWatch(url(AcrossOrders.STOCK), USER);
                    HikariDataSource pool = OrderClients.pool(url(AcrossOrders.SALES), USER, CLIENTS)) {
                separate(sales, stock);
                report.started(
                        DemoReport.secondsSince(startedNanos), sales.awaitLeader(LIMIT), stock.awaitLeader(LIMIT));
                List<OrderEntry.Log> clients = enterOrders(new AcrossOrders(pool), sales, stock);
                report.entered(clients);
                boolean decided = decidedInTime();
                boolean holds = check(clients, sales, stock) && decided;
                report.verdict(holds);
                return holds;
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private String url(String database) {
        return cluster.urlOf(database);
    }

    private List<OrderEntry.Log> enterOrders(AcrossOrders orders, StatusWatch sales, StatusWatch stock)
            throws Exception {
        report.entering(CLIENTS);
        try (OrderClients clients = new OrderClients(orders::acknowledged)) {
            for (int i = 0; i < CLIENTS; i++) {
                int client = i;
                clients.start(() -> orders.run(client, () -> !ending, GIVE_UP));
            }
            Future<?> faults = threads.submit(() -> {
                faults(sales, stock);
                return null;
            });
            for (int second = 1; !faults.isDone(); second++) {
                clients.awaitSecond(second);
                report.second(second, clients.acknowledgedSince(), sales.latest(), stock.latest(), whatHappened());
            }
            ending = true;
            faults.get();
            return clients.logs();
        }
    }

    private String whatHappened() {
        List<String> since = new ArrayList<>();
        for (String one = happened.poll(); one != null; one = happened.poll()) {
            since.add(one);
        }
        return String.join("; ", since);
    }

    private void faults(StatusWatch sales, StatusWatch stock) throws Exception {
        pause(BEFORE_A_FAULT);
        kill(sales.awaitLeader(LIMIT), "committed for the clients");
        happened.add(separate(sales, stock));
        pause(BEFORE_A_FAULT);
        kill(stock.awaitLeader(LIMIT), "led 'stock'");
        pause(BEFORE_A_FAULT);
    }

    private static void pause(Duration time) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(time.toNanos());
    }

    /** Kills a node, measures what becomes of transactions meanwhile, and starts it again. */
    private void kill(String name, String what) throws Exception {
        DoubtWatch watch = new DoubtWatch(copiesAt(node -> !node.equals(name)), USER);
        cluster.node(name).kill();
        long atNanos = System.nanoTime();
        happened.add(name + " killed (kill -9): it " + what);
        doubts.add(threads.submit(() -> {
            try (watch) {
                return new Killed(name + ", which " + what, watch.await(atNanos, LIMIT));
            }
        }));
        pause(DOWN);
        cluster.node(name).start();
        happened.add(name + " started again");
        cluster.node(name).awaitReady(LIMIT);
    }

    /** The URL of each database at each of these nodes. */
    private List<String> copiesAt(Predicate<String> nodes) {
        return cluster.nodes().stream()
                .map(NodeProcess::name)
                .filter(nodes)
                .flatMap(node -> DATABASES.stream().map(database -> cluster.urlOf(database, node)))
                .toList();
    }

    /** Lets another node lead the one database than the other one, once all have what is committed. */
    private String separate(StatusWatch sales, StatusWatch stock) throws SQLException, InterruptedException {
        sales.awaitCaughtUp(NODES, UNDER_WAY_ENTRIES, LIMIT);
        stock.awaitCaughtUp(NODES, UNDER_WAY_ENTRIES, LIMIT);
        String here = sales.awaitLeader(LIMIT);
        if (!stock.awaitLeader(LIMIT).equals(here)) {
            return "all copies are there again";
        }
        String other = cluster.nodes().stream()
                .map(NodeProcess::name)
                .filter(name -> !name.equals(here))
                .findFirst()
                .orElseThrow();
        try (Connection connection = DriverManager.getConnection(url(AcrossOrders.STOCK), USER, "");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("CALL SYNOD.TRANSFER('" + other + "')")) {
            rows.next();
            if (!rows.getBoolean(1)) {
                return "all copies are there again";
            }
        }
        stock.awaitLeader(other, LIMIT);
        return "'stock' handed over to " + other;
    }

    private boolean decidedInTime() throws Exception {
        boolean inTime = true;
        for (Future<Killed> doubt : doubts) {
            Killed killed = doubt.get();
            boolean soon = killed.doubt().afterLeaders() <= DOUBT_MILLIS;
            report.doubt(killed.who(), killed.doubt(), soon);
            inTime &= soon;
        }
        return inTime;
    }

    private boolean check(List<OrderEntry.Log> clients, StatusWatch sales, StatusWatch stock) throws Exception {
        report.checking();
        for (NodeProcess node : cluster.nodes()) {
            node.awaitReady(LIMIT);
        }
        DoubtWatch.Doubt rest;
        try (DoubtWatch watch = new DoubtWatch(copiesAt(node -> true), USER)) {
            rest = watch.await(System.nanoTime(), LIMIT);
        }
        boolean holds = rest.decided() <= DOUBT_MILLIS;
        report.settled(rest.decided(), holds);
        sales.awaitCaughtUp(NODES, UNDER_WAY_ENTRIES, LIMIT);
        stock.awaitCaughtUp(NODES, UNDER_WAY_ENTRIES, LIMIT);
        for (NodeProcess node : cluster.nodes()) {
            // The answer is what this node itself holds, once it has what was acknowledged.
            Accounting.Result result = AcrossOrders.check(
                    cluster.urlOf(AcrossOrders.SALES, node.name()),
                    cluster.urlOf(AcrossOrders.STOCK, node.name()),
                    USER,
                    clients);
            report.node(node.name(), result);
            holds &= result.holds();
        }
        for (String database : DATABASES) {
            Verification verification = Verification.run(new ConnectionOptions(url(database), USER, ""));
            report.verified(database, verification);
            holds &= verification.equal();
        }
        return holds;
    }
}
