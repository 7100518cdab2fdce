package io.synod.engine.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.synod.engine.failover.TestCluster;
import io.synod.engine.operations.Gaps;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Nodes as processes, clients that record what they are told, and faults: {@code mvn -Pfaults verify}, see docs/faults.md.
 * {@code -Dfaults.minutes=N} is how long mixes last in all, {@code -Dfaults.kills=N} how often the leader is killed,
 * {@code -Dfaults.previous=…/synod.jar} is the release before, from and to which nodes go one by one,
 * {@code -Dfaults.only=KILL_LEADER,…} which of them there are, {@code -Dfaults.nodes=5} how many nodes, {@code -Dfaults.seed=N} sets what clients and faults do, not their
 * interleaving.
 */
class FaultsIT {
    private static final Logger LOG = LoggerFactory.getLogger(FaultsIT.class);
    private static final int MINUTES = Integer.getInteger("faults.minutes", 2);
    private static final int KILLS = Integer.getInteger("faults.kills", 5);

    private static final List<Fault> ONLY = Stream.of(
                    System.getProperty("faults.only", "").split(","))
            .filter(name -> !name.isBlank())
            .map(name -> Fault.valueOf(name.strip()))
            .toList();

    @TempDir
    private Path directory;

    private final long seed = Long.getLong("faults.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private WallClocks clocks;

    @BeforeEach
    void clocks() throws IOException {
        clocks = new WallClocks(directory);
    }

    /** What a run does between the start and the end of its clients. */
    @FunctionalInterface
    private interface Course {
        void run(TestCluster cluster, Histories histories) throws Exception;
    }

    @Test
    void a_mix_of_faults_with_relays_between_the_nodes() throws Exception {
        assumeTrue(MINUTES > 0, "faults.minutes is 0");
        try (NodeNetwork network = new RelayNetwork(FaultyCluster.ALL_NAMES, random.split())) {
            run(network, mix(network, null));
        }
    }

    @Test
    void a_mix_of_faults_with_networks_and_disks_of_the_nodes_own() throws Exception {
        assumeTrue(MINUTES > 0, "faults.minutes is 0");
        try (NodeNetwork network = namespaces();
                SmallDisks disks = disks()) {
            LOG.info("{}", disks);
            run(network, mix(network, disks));
        }
    }

    @Test
    void the_leader_is_killed_again_and_again() throws Exception {
        assumeTrue(KILLS > 0, "faults.kills is 0");
        List<long[]> kills = new ArrayList<>();
        try (NodeNetwork network = new RelayNetwork(FaultyCluster.ALL_NAMES, random.split())) {
            Histories recorded = run(network, (cluster, histories) -> {
                for (int kill = 1; kill <= KILLS; kill++) {
                    String leader = cluster.awaitLeader();
                    long from = System.nanoTime();
                    cluster.node(leader).kill();
                    String next = cluster.awaitLeader(leader);
                    histories.awaitProgress(5);
                    kills.add(new long[] {from, System.nanoTime()});
                    LOG.info("kill {} of {}: leader {}, then {}", kill, KILLS, leader, next);
                    cluster.restart(leader);
                    histories.awaitProgress(5);
                }
            });
            logGaps(recorded.gaps(), kills);
        }
    }

    /**
     * From the release before to this one and back. Every mixture of both has either release lead, a copy that is lost and fetched from the
     * other release, DDL, and a transaction that is larger than an entry.
     */
    @Test
    void nodes_are_upgraded_and_taken_back_one_by_one_under_load() throws Exception {
        assumeTrue(Releases.missing().isEmpty(), Releases.missing());
        Releases releases = new Releases(directory);
        for (String node : FaultyCluster.NAMES) {
            releases.previous(node);
        }
        try (NodeNetwork network = new RelayNetwork(FaultyCluster.ALL_NAMES, random.split())) {
            run(network, releases::command, (cluster, histories) -> {
                UpgradeSteps steps = new UpgradeSteps(cluster, directory, histories, releases, random.split());
                steps.toThisRelease();
                assertEquals(
                        0,
                        releases.previousSynod("verify", cluster.url() + steps.user()),
                        "synod verify of the release before");
                steps.toTheOneBefore();
            });
        }
    }

    private static void logGaps(Gaps gaps, List<long[]> kills) {
        long[] millis = kills.stream()
                .mapToLong(kill -> TimeUnit.NANOSECONDS.toMillis(gaps.longestNanos(kill[0], kill[1])))
                .sorted()
                .toArray();
        LOG.info(
                "{} leaders killed; no commit acknowledged to any client for p50 {} ms, p90 {} ms, p99 {} ms, at most {} ms",
                millis.length,
                percentile(millis, 50),
                percentile(millis, 90),
                percentile(millis, 99),
                percentile(millis, 100));
    }

    private static long percentile(long[] sorted, int percent) {
        return sorted[(int) Math.ceil(sorted.length * percent / 100.0) - 1];
    }

    /** @param disks {@code null} when the nodes have none of their own */
    private Course mix(NodeNetwork network, SmallDisks disks) throws IOException {
        Map<Fault, String> skipped = Fault.skipped(disks);
        List<Fault> kinds = new ArrayList<>(ONLY.isEmpty() ? List.of(Fault.values()) : ONLY);
        skipped.keySet().retainAll(kinds);
        kinds.removeAll(skipped.keySet());
        assumeTrue(!kinds.isEmpty(), "none of " + ONLY + " is possible here: " + skipped);
        return (cluster, histories) -> {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(MINUTES * 60L / 2);
            try (Nemesis nemesis =
                    new Nemesis(cluster, directory, network, disks, clocks, kinds, histories, random.split())) {
                while (System.nanoTime() - end < 0) {
                    nemesis.round();
                }
                LOG.info(
                        "{} nodes, {}: {}",
                        FaultyCluster.NAMES.size(),
                        network,
                        nemesis.counts().table(skipped));
            }
        };
    }

    /** @throws AssertionError with the seed and what the nodes said, whatever does not hold */
    private Histories run(NodeNetwork network, Course course) throws Exception {
        return run(network, node -> FaultyCluster.program(), course);
    }

    private Histories run(NodeNetwork network, Function<String, List<String>> program, Course course) throws Exception {
        LOG.info("seed {}, {}", seed, network);
        try (TestCluster cluster = FaultyCluster.start(directory, network, clocks, program);
                Histories histories = new Histories()) {
            try {
                histories.create(cluster.url() + TestCluster.BUSY);
                histories.start(cluster.url(), random.split());
                histories.awaitProgress(5);
                course.run(cluster, histories);
                histories.stop();
                histories.counts().forEach(LOG::info);
                cluster.assertMembersEqual();
                assertEquals(List.of(), histories.judge(cluster.url() + TestCluster.BUSY));
                LOG.info(
                        "all nodes hold the same; nothing acknowledged is lost, nothing there twice, all histories hold");
            } catch (Exception | AssertionError e) {
                e.addSuppressed(new Throwable("seed " + seed + ", " + network));
                cluster.addStoryTo(e);
                throw e;
            }
            return histories;
        }
    }

    private static NodeNetwork namespaces() {
        try {
            return new NamespaceNetwork(FaultyCluster.ALL_NAMES);
        } catch (IOException e) {
            return abort("no network namespaces here, which need root, ip and tc: " + e.getMessage());
        }
    }

    private SmallDisks disks() {
        try {
            return new SmallDisks(
                    FaultyCluster.NAMES.stream().map(directory::resolve).toList());
        } catch (IOException e) {
            return abort("no small disks here: " + e.getMessage());
        }
    }
}
