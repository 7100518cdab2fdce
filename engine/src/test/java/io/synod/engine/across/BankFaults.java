package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.failover.TestCluster;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bank over three databases on three nodes as processes, and what happens to the nodes meanwhile: {@code kill -9} of a participant's
 * leader, of the node that commits for a client, of all three, and SIGSTOP.
 */
final class BankFaults {
    private static final Logger LOG = LoggerFactory.getLogger(BankFaults.class);

    /**
     * How long a transaction that was on its way at a fault may be undecided once all databases have leaders again: less than a
     * second where the machine has nothing else to do, and more where a suite keeps it busy.
     */
    private static final long DOUBT_MILLIS_MAX = Long.getLong("across.doubt", 5_000);

    /** What may happen. */
    enum Fault {
        KILL_LEADER,
        KILL_COORDINATOR,
        PAUSE_LEADER,
        KILL_ALL
    }

    private final TestCluster cluster;
    private final Bank bank;
    private final SplittableRandom random;
    private long longestDoubtMillis;

    private BankFaults(TestCluster cluster, Bank bank, SplittableRandom random) {
        this.cluster = cluster;
        this.bank = bank;
        this.random = random;
    }

    /** Which faults come, one after the other; {@code null} at the end. */
    @FunctionalInterface
    interface Plan {
        Fault next(SplittableRandom random);
    }

    /**
     * @param longer with more clients, one that reads the sum of all accounts, for which each node loads the planner of queries
     *     over several databases, and until all is forgotten, which takes some seconds
     * @throws AssertionError with what the nodes said, when something does not hold
     */
    static void run(Path directory, long seed, boolean longer, Plan plan) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        LOG.info("seed {}", seed);
        try (TestCluster cluster = TestCluster.withDatabases(directory, Bank.DATABASES);
                Bank bank = new Bank(cluster, random.nextLong())) {
            try {
                new BankFaults(cluster, bank, random.split()).run(longer, plan);
            } catch (Exception | AssertionError e) {
                cluster.addStoryTo(e);
                throw e;
            }
        }
    }

    private void run(boolean longer, Plan plan) throws Exception {
        bank.create();
        spreadLeaders();
        // Few: on two cores they are in the way of nodes that start.
        for (String database : Bank.DATABASES) {
            bank.start(database, bank.clients() % 2 == 0 ? "" : ";TARGET=ANY");
            if (longer) {
                bank.start(database, bank.clients() % 2 == 0 ? "" : ";TARGET=ANY");
            }
        }
        if (longer) {
            bank.startSums(Bank.DATABASES.get(0), ";TARGET=ANY");
        }
        bank.awaitProgress(3);
        for (Fault fault = plan.next(random); fault != null; fault = plan.next(random)) {
            happen(fault);
            bank.awaitProgress(3);
        }
        bank.stop();
        try (Doubts doubts = new Doubts()) {
            for (String node : cluster.names()) {
                for (String database : Bank.DATABASES) {
                    doubts.add(node + " " + database, connectLocally(database, node));
                }
            }
            awaitDecided(doubts);
            bank.assertWholeOnEachNode();
            LOG.info(
                    "{} acknowledged, {} of unknown outcome, run again by SQLState {}; {} sums; longest in doubt {} ms",
                    bank.acknowledged(),
                    bank.unknown(),
                    bank.retries(),
                    bank.sums(),
                    longestDoubtMillis);
            assertTrue(bank.acknowledged() > 0, "nothing was acknowledged");
            if (longer) {
                assertTrue(bank.sums() > 0, "no sum was read");
                List<String> known = doubts.known();
                Await.until("all is forgotten of " + known, () -> doubts.known().isEmpty());
            }
        }
    }

    private void spreadLeaders() throws Exception {
        for (int i = 0; i < Bank.DATABASES.size(); i++) {
            String database = Bank.DATABASES.get(i);
            String node = cluster.names().get(i);
            try (Connection c = TestCluster.connect(cluster.urlOf(database))) {
                Await.until(node + " leads " + database, () -> {
                    Sql.run(c, "CALL SYNOD.TRANSFER('" + node + "')");
                    return cluster.awaitLeaderOf(database).equals(node);
                });
            }
        }
    }

    private void happen(Fault fault) throws Exception {
        String database = Bank.DATABASES.get(random.nextInt(Bank.DATABASES.size()));
        String victim = cluster.awaitLeaderOf(database);
        if (fault == Fault.KILL_COORDINATOR) {
            victim = bank.coordinator(random.nextInt(bank.clients()));
        }
        LOG.info("{}: {}, which leads {}", fault, fault == Fault.KILL_ALL ? cluster.names() : victim, led(victim));
        switch (fault) {
            case KILL_ALL -> {
                cluster.killAll();
                cluster.startAll();
                awaitDecided();
            }
            case PAUSE_LEADER -> {
                cluster.node(victim).pause();
                try {
                    awaitOthersLead(victim);
                    awaitDecided(victim);
                } finally {
                    cluster.node(victim).resume();
                }
                awaitDecided();
            }
            default -> {
                cluster.node(victim).kill();
                awaitOthersLead(victim);
                awaitDecided(victim);
                cluster.restart(victim);
            }
        }
    }

    private List<String> led(String node) throws Exception {
        List<String> led = new ArrayList<>();
        for (String database : Bank.DATABASES) {
            if (cluster.awaitLeaderOf(database).equals(node)) {
                led.add(database);
            }
        }
        return led;
    }

    private void awaitOthersLead(String victim) throws Exception {
        for (String database : Bank.DATABASES) {
            cluster.awaitLeaderOf(database, victim);
        }
    }

    /** Waits until all that was prepared before now, with leaders everywhere, is decided on the leaders. */
    private void awaitDecided(String... except) throws Exception {
        try (Doubts doubts = new Doubts()) {
            for (String database : Bank.DATABASES) {
                String leader = cluster.awaitLeaderOf(database, except);
                doubts.add(leader + " " + database, connectLocally(database, leader));
            }
            awaitDecided(doubts);
        }
    }

    private void awaitDecided(Doubts doubts) throws Exception {
        long from = System.nanoTime();
        Await.until("all is decided", () -> {
            long since = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from);
            List<String> waiting = doubts.olderThan(since);
            assertTrue(since <= DOUBT_MILLIS_MAX, "in doubt after " + since + " ms: " + waiting);
            if (waiting.isEmpty()) {
                longestDoubtMillis = Math.max(longestDoubtMillis, since);
                LOG.info("all decided after {} ms", since);
            }
            return waiting.isEmpty();
        });
    }

    private Connection connectLocally(String database, String node) throws SQLException {
        return TestCluster.connect(cluster.urlOf(database, node) + ";READ=LOCAL");
    }
}
