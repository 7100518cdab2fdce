package io.synod.engine.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.operations.NodeProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Killed nodes lose their directories, or find a damaged log in them, and are started again with the command line that they had. */
@Tag("long")
@Tag("process")
@Timeout(600)
class LostNodeTest {
    private static final Logger LOG = LoggerFactory.getLogger(LostNodeTest.class);

    @TempDir
    private Path directory;

    private final long seed = Long.getLong("synod.seed", System.nanoTime());
    private final List<Connection> clients = new ArrayList<>();
    private TestCluster cluster;

    @AfterEach
    void close() throws Exception {
        for (Connection client : clients) {
            client.close();
        }
        if (cluster != null) {
            cluster.close();
        }
    }

    private Load load() throws Exception {
        try (Connection c = TestCluster.connect(cluster.url() + TestCluster.BUSY)) {
            Sql.untilDone(c, Load.TABLES);
        }
        for (int i = 0; i < 4; i++) {
            clients.add(TestCluster.connect(
                    cluster.url() + ";LOCK_TIMEOUT=30000;FAILOVER_TIMEOUT=60000;CONNECT_TIMEOUT=30000"));
        }
        Load load = new Load(seed);
        load.insert(() -> clients.get(0));
        load.insert(() -> clients.get(1));
        load.transfer(() -> clients.get(2));
        load.sum(() -> clients.get(3));
        return load;
    }

    private String follower(String leader, String other) {
        return cluster.names().stream()
                .filter(name -> !name.equals(leader) && !name.equals(other))
                .findFirst()
                .orElseThrow();
    }

    private void awaitVotesAgain(String name) throws Exception {
        NodeProcess node = cluster.node(name);
        node.start();
        node.awaitReady(Await.LIMIT);
        Await.until(name + " votes again", () -> node.errors().contains("node " + name + " has caught up and votes"));
        try (Connection c = TestCluster.connect(cluster.url() + TestCluster.BUSY)) {
            assertEquals(
                    List.of("a|VOTER", "b|VOTER", "c|VOTER"),
                    TestCluster.rows(c, "SELECT NODE, MEMBERSHIP FROM SYNOD.MEMBERS ORDER BY NODE"));
        }
    }

    /** A statement of the beginning: much stands behind it. */
    private void damageLog(String node) throws IOException {
        Path log = directory.resolve(node).resolve("log");
        assertTrue(LogDamage.flipIn(log, Load.TABLES[0].substring(0, 20)), "nothing was found in " + log);
    }

    @Test
    void one_after_the_other_loses_what_it_had_under_load_and_no_commit_is_lost_or_doubled() throws Exception {
        LOG.info("seed {}", seed);
        cluster = TestCluster.started(directory);
        try (Load load = load()) {
            try {
                load.awaitProgress(20);
                String leader = cluster.awaitLeader();
                String damaged = follower(leader, leader);
                cluster.node(damaged).kill();
                damageLog(damaged);
                awaitVotesAgain(damaged);
                assertTrue(Files.exists(directory.resolve(damaged).resolve("set-aside-1")));
                load.awaitProgress(20);
                String lost = follower(leader, damaged);
                cluster.node(lost).kill();
                LogDamage.delete(directory.resolve(lost));
                awaitVotesAgain(lost);
                load.awaitProgress(20);
                cluster.node(leader).kill();
                LogDamage.delete(directory.resolve(leader));
                awaitVotesAgain(leader);
                load.awaitProgress(20);
                // None of those that began the cluster is left.
                cluster.killAll();
                cluster.startAll();
                load.awaitProgress(20);
                load.stop();
            } catch (Exception | AssertionError e) {
                cluster.addStoryTo(e);
                throw e;
            }
            load.assertExactlyOnceOnEachOf(cluster);
            LOG.info("{} acknowledged, {} transactions run again", load.acknowledged(), load.retries());
        }
        cluster.assertMembersEqual();
    }
}
