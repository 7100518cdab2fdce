package io.synod.engine.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.operations.NodeProcess;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

@Tag("long")
@Tag("process")
@Timeout(600)
class RestartTest {
    private static final Logger LOG = LoggerFactory.getLogger(RestartTest.class);
    private static final long HANDOVER_MILLIS_MAX = 10_000;

    @TempDir
    private Path directory;

    private final long seed = Long.getLong("seed", System.nanoTime());
    private final List<Connection> own = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (Connection c : own) {
            c.close();
        }
    }

    private Load load(TestCluster cluster) throws Exception {
        LOG.info("seed {}", seed);
        try (Connection c = TestCluster.connect(cluster.url())) {
            Sql.untilDone(c, Load.TABLES);
        }
        for (int i = 0; i < 5; i++) {
            own.add(TestCluster.connect(
                    cluster.url() + ";LOCK_TIMEOUT=30000;FAILOVER_TIMEOUT=60000;CONNECT_TIMEOUT=30000"));
        }
        Load load = new Load(seed);
        load.insert(() -> own.get(0));
        load.insert(() -> own.get(1));
        load.transfer(() -> own.get(2));
        load.transfer(() -> own.get(3));
        load.sum(() -> own.get(4));
        return load;
    }

    /** One cluster for both: to start three processes is what takes the time. */
    @Test
    void everything_acknowledged_is_there_after_leaders_handed_over_and_all_nodes_were_killed_at_once()
            throws Exception {
        try (TestCluster cluster = TestCluster.withDefaults(directory);
                Load load = load(cluster)) {
            try {
                stopLeader(cluster, load);
                for (int round = 0; round < 2; round++) {
                    cluster.killAll();
                    cluster.startAll();
                    load.awaitProgress(30);
                }
                stopLeader(cluster, load);
                load.stop();
            } catch (Exception | AssertionError e) {
                cluster.addStoryTo(e);
                throw e;
            }
            load.assertExactlyOnceOnEachOf(cluster);
            LOG.info("{} acknowledged, {} transactions run again", load.acknowledged(), load.retries());
        }
    }

    /** A leader that is asked to stop hands over and ends with 0. */
    private static void stopLeader(TestCluster cluster, Load load) throws Exception {
        load.awaitProgress(20);
        String leader = cluster.awaitLeader();
        load.forgetGaps();
        assertEquals(0, cluster.node(leader).stop(Await.LIMIT), "exit code");
        String next = cluster.awaitLeader(leader);
        load.awaitProgress(20);
        LOG.info(
                "leader {} stopped, {} leads now; longest time without a commit {} ms", leader, next, load.gapMillis());
        assertTrue(load.gapMillis() < HANDOVER_MILLIS_MAX, load.gapMillis() + " ms");
        cluster.restart(leader);
    }

    @Test
    void nodes_serve_in_whatever_order_they_are_started() throws Exception {
        LOG.info("seed {}", seed);
        Random random = new Random(seed);
        try (TestCluster cluster = new TestCluster(directory, 3)) {
            for (int round = 1; round <= 2; round++) {
                List<String> order = new ArrayList<>(cluster.names());
                Collections.shuffle(order, random);
                long lastNanos = 0;
                for (String name : order) {
                    lastNanos = System.nanoTime();
                    cluster.node(name).start();
                }
                for (NodeProcess node : cluster.nodes()) {
                    node.awaitReady(Await.LIMIT);
                }
                LOG.info(
                        "started in the order {}: all serve {} ms after the last",
                        order,
                        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastNanos));
                for (String name : order) {
                    try (Connection c = TestCluster.connect(cluster.url(name))) {
                        Sql.untilDone(
                                c,
                                "CREATE TABLE IF NOT EXISTS t(round INT, node VARCHAR(1))",
                                "INSERT INTO t VALUES (" + round + ", '" + name + "')");
                    }
                }
                cluster.assertMembersEqual();
                try (Connection c = TestCluster.connect(cluster.url())) {
                    assertEquals(3 * round, Sql.number(c, "SELECT COUNT(*) FROM t"));
                }
                cluster.killAll();
            }
        }
    }
}
