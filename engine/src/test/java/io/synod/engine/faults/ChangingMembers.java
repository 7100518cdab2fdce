package io.synod.engine.faults;

import io.synod.engine.failover.Await;
import io.synod.engine.failover.LogDamage;
import io.synod.engine.failover.MemberCalls;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.NodeProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableSet;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node more comes and goes, or a witness, while clients work whose URL does not name it, and somebody is killed with -9 in the middle
 * of a change. At the end those that began the cluster are its members.
 */
final class ChangingMembers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ChangingMembers.class);
    private static final int SOON_MILLIS = 1_500;
    private static final String REMOVED = " was removed from database " + FaultyCluster.DATABASE;

    /** What happens to it before it is removed. */
    private enum Course {
        /** It votes, and leads if it can. */
        LEADS,
        /** It loses its directory, and gets a place again. */
        IS_REPLACED,
        /** It is demoted, or stays a learner. */
        LEARNS,
        /** It has no copy. */
        IS_WITNESS
    }

    private final TestCluster cluster;
    private final Path directory;
    private final NodeNetwork network;
    private final Standing standing;
    private final Histories histories;
    private final FaultCounts counts;
    private final SplittableRandom random;
    private final List<Course> deck = new ArrayList<>();
    private final ExecutorService killer = Executors.newSingleThreadExecutor();
    private final NavigableSet<Integer> slots = new TreeSet<>();
    private int guests;
    /** Of the present one, 0 until it has any. */
    private int slot;

    private NodeProcess guest;
    private Path home;
    private Future<?> kill;

    /** @param directory where the new one's is made */
    ChangingMembers(
            TestCluster cluster,
            Path directory,
            NodeNetwork network,
            Standing standing,
            Histories histories,
            FaultCounts counts,
            SplittableRandom random) {
        this.cluster = cluster;
        this.directory = directory;
        this.network = network;
        this.standing = standing;
        this.histories = histories;
        this.counts = counts;
        this.random = random;
    }

    void run() throws Exception {
        if (deck.isEmpty()) {
            deck.addAll(List.of(Course.values()));
            Collections.shuffle(deck, new Random(random.nextLong()));
        }
        Course course = deck.remove(deck.size() - 1);
        LOG.info("a member comes and goes: {}", course);
        counts.step(Fault.CHANGE_MEMBERS, course.toString());
        if (course == Course.IS_WITNESS) {
            place(FaultyCluster.WITNESS, "--witness");
            addWitness();
        } else {
            place(FaultyCluster.GUEST, "--join");
            add();
            stay(course);
        }
        remove();
    }

    private void place(String name, String option) {
        home = directory.resolve(name + "-" + ++guests);
        guest = FaultyCluster.placeGuest(name, home, network, option);
        slot = 0;
        standing.with(guest);
    }

    private void addWitness() throws Exception {
        killSoon();
        call("MEMBER_ADD('w@" + guest.listen() + "', 'WITNESS')", "WITNESS");
        guest.start();
        endOfKill();
        awaitServes();
        for (String node : new String[] {leader(), guest.name()}) {
            killSoon(node);
            endOfKill();
        }
        awaitServes();
    }

    private void add() throws Exception {
        killSoon();
        call("MEMBER_ADD('x@" + guest.listen() + "')", "LEARNER");
        guest.start();
        endOfKill();
        killSoon();
        awaitServes();
        endOfKill();
        awaitServes();
        awaitNewSlot();
    }

    private void stay(Course course) throws Exception {
        if (course == Course.LEARNS && random.nextBoolean()) {
            return;
        }
        promote();
        switch (course) {
            case LEADS -> {
                Await.until("node x leads", () -> leads() || transferred() && leads());
                counts.step(Fault.CHANGE_MEMBERS, "the new one led");
                histories.awaitProgress(3);
                killSoon();
                endOfKill();
            }
            case IS_REPLACED -> {
                guest.kill();
                LogDamage.empty(home);
                guest.start();
                killSoon();
                endOfKill();
                awaitNewSlot();
                standing.awaitOnlyMembers(with(guest.name()));
                awaitServes();
            }
            case LEARNS -> {
                killSoon();
                call("MEMBER_DEMOTE('x')", "LEARNER");
                endOfKill();
            }
            case IS_WITNESS -> throw new AssertionError(course);
        }
        histories.awaitProgress(3);
    }

    private void promote() throws Exception {
        killSoon();
        call("MEMBER_PROMOTE('x')", "VOTER");
        endOfKill();
        histories.awaitProgress(3);
    }

    private boolean leads() {
        return guest.name().equals(all().leader(Set.of()));
    }

    private boolean transferred() throws SQLException {
        try {
            return standing.transfer(guest.name());
        } catch (SQLException e) {
            if ("22023".equals(e.getSQLState())) {
                return false; // the node that was asked has not heard of it yet
            }
            throw e;
        }
    }

    /** It says that it has gone, also where it was away then and hears of it when it comes back. */
    private void remove() throws Exception {
        if (random.nextInt(3) == 0) {
            guest.kill();
        } else {
            killSoon();
        }
        call("MEMBER_REMOVE('" + guest.name() + "')", "REMOVED");
        endOfKill();
        histories.awaitProgress(3);
        standing.awaitOnlyMembers(cluster.names());
        Await.until("node " + guest.name() + " says that it was removed", Standing.START_LIMIT, () -> {
            if (guest.errors().contains(REMOVED)) {
                return true;
            }
            if (!guest.isAlive()) {
                guest.start();
            }
            return false;
        });
        guest.kill();
        LogDamage.delete(home);
        standing.with(null);
        standing.awaitAllCaughtUp();
    }

    // ------------------------------------------------------------------ who is killed

    /** One in two times: the leader or the new one, while what comes next is done; it starts again. */
    private void killSoon() throws Exception {
        if (random.nextBoolean()) {
            killSoon(random.nextBoolean() ? leader() : guest.name());
        }
    }

    private void killSoon(String name) {
        NodeProcess victim = name.equals(guest.name()) ? guest : cluster.node(name);
        long before = random.nextInt(SOON_MILLIS);
        long after = random.nextInt(SOON_MILLIS);
        kill = killer.submit(() -> {
            pause(before);
            if (victim.isAlive()) {
                LOG.info("kill -9 of node {}", victim.name());
                victim.kill();
                pause(after);
                victim.start();
            }
            return null;
        });
    }

    private static void pause(long millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (System.nanoTime() - end < 0 && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    private void endOfKill() throws Exception {
        if (kill != null) {
            kill.get(Await.LIMIT.toSeconds(), TimeUnit.SECONDS);
            kill = null;
            standing.awaitAllCaughtUp();
            histories.awaitProgress(2);
        }
    }

    // ------------------------------------------------------------------ questions

    private TestCluster all() {
        List<NodeProcess> nodes = new ArrayList<>(cluster.nodes());
        nodes.add(guest);
        List<String> databases = List.of(FaultyCluster.DATABASE);
        return new TestCluster(new ClusterProcesses(nodes, databases), databases);
    }

    /** Of the nodes of the beginning, or the new one. */
    private String leader() throws Exception {
        return all().awaitLeader();
    }

    private List<String> with(String name) {
        List<String> names = new ArrayList<>(cluster.names());
        names.add(name);
        return names;
    }

    private void call(String call, String membership) throws Exception {
        MemberCalls.untilDone(
                any -> TestCluster.connect(cluster.url() + TestCluster.BUSY),
                call,
                List.of(FaultyCluster.DATABASE + "|" + guest.name() + "|" + membership),
                "any");
        LOG.info("{}: done", call);
    }

    private void awaitServes() throws Exception {
        Await.until("node " + guest.name() + " serves", Standing.START_LIMIT, () -> {
            if (!guest.isAlive() && (kill == null || kill.isDone())) {
                throw new AssertionError("node " + guest.name() + " has ended by itself: " + guest.errors());
            }
            return guest.lines().contains("synod node " + guest.name() + " ready");
        });
    }

    /** A slot is never given twice, and be it to the same name; what is in the new one's directory says which it has. */
    private void awaitNewSlot() throws Exception {
        int[] found = {0};
        Await.until("a slot of node " + guest.name() + " after " + slot, Standing.START_LIMIT, () -> {
            found[0] = slot();
            return found[0] > 0 && found[0] != slot;
        });
        slot = found[0];
        if (slot <= cluster.names().size() || !slots.isEmpty() && slot <= slots.last()) {
            throw new AssertionError("node " + guest.name() + " has slot " + slot + ", after " + slots);
        }
        slots.add(slot);
        LOG.info("node {} has slot {}", guest.name(), slot);
    }

    /** 0 where it has none yet. */
    private int slot() throws IOException {
        Properties properties = new Properties();
        try (var in = Files.newBufferedReader(home.resolve("node.properties"))) {
            properties.load(in);
        } catch (NoSuchFileException e) {
            return 0;
        }
        Matcher own =
                Pattern.compile("(?:^|,)(\\d+)=" + guest.name() + "@").matcher(properties.getProperty("members", ""));
        int greatest = 0;
        while (own.find()) {
            greatest = Math.max(greatest, Integer.parseInt(own.group(1)));
        }
        return greatest;
    }

    /** What the new one said, for whoever finds that something does not hold. */
    String story() {
        return guest == null
                ? ""
                : "\nnode " + guest.name() + (guest.isAlive() ? " runs" : " does not run") + ", printed "
                        + guest.lines() + ", logged " + guest.errors();
    }

    @Override
    public void close() {
        killer.shutdownNow();
        if (guest != null) {
            guest.kill();
        }
    }
}
