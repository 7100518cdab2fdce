package io.synod.engine.failover;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import io.synod.engine.Sql;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

@Tag("long")
@Tag("process")
@Timeout(600)
class KilledLeaderTest {
    private static final Logger LOG = LoggerFactory.getLogger(KilledLeaderTest.class);
    private static final int POOL = 4;
    private static final int KILLS = 3;

    @TempDir
    private Path directory;

    private final AtomicInteger pooled = new AtomicInteger();

    @Test
    void nothing_acknowledged_is_lost_and_nothing_is_there_twice_when_leaders_are_killed_under_load() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        LOG.info("seed {}", seed);
        List<Connection> own = new ArrayList<>();
        try (TestCluster cluster = TestCluster.withDefaults(directory);
                HikariDataSource pool = pool(cluster.url());
                Load load = new Load(seed)) {
            try (Connection c = TestCluster.connect(cluster.url())) {
                Sql.run(c, Load.TABLES);
            }
            // A transfer that waits for a lock outlasts a change of the leader.
            String url = cluster.url() + ";LOCK_TIMEOUT=30000";
            for (int i = 0; i < 5; i++) {
                own.add(TestCluster.connect(url));
            }
            load.insert(() -> own.get(0));
            load.insert(() -> own.get(1));
            load.transfer(() -> own.get(2));
            load.transfer(() -> own.get(3));
            load.sum(() -> own.get(4));
            load.insert(Load.Source.pool(pool));
            load.transfer(Load.Source.pool(pool));
            load.sum(Load.Source.pool(pool));
            try {
                for (int kill = 0; kill < KILLS; kill++) {
                    load.awaitProgress(20);
                    load.forgetGaps();
                    String leader = cluster.awaitLeader();
                    cluster.node(leader).kill();
                    String next = cluster.awaitLeader(leader);
                    load.awaitProgress(20);
                    LOG.info(
                            "leader {} killed, {} leads now; longest time without a commit {} ms",
                            leader,
                            next,
                            load.gapMillis());
                    cluster.restart(leader);
                }
                load.awaitProgress(20);
                load.stop();
            } catch (Exception | AssertionError e) {
                cluster.addStoryTo(e);
                throw e;
            }
            load.assertExactlyOnceOnEachOf(cluster);
            LOG.info("{} acknowledged, {} transactions run again", load.acknowledged(), load.retries());
            assertTrue(load.retries() > 0, "no transaction was under way at any kill, seed " + seed);
            assertTrue(
                    pooled.get() <= POOL,
                    "the pool made " + pooled + " connections for " + POOL + ": it threw some away, seed " + seed);
        } finally {
            for (Connection c : own) {
                c.close();
            }
        }
    }

    private HikariDataSource pool(String url) {
        HikariConfig config = new HikariConfig();
        config.setDataSourceClassName("io.synod.jdbc.SynodDataSource");
        config.addDataSourceProperty("url", url + ";LOCK_TIMEOUT=30000");
        config.setUsername(TestCluster.USER);
        config.setPassword(TestCluster.PASSWORD);
        config.setMaximumPoolSize(POOL);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(60_000);
        // A connection is looked at before it is given out: it may have to find the next leader first.
        config.setValidationTimeout(30_000);
        config.setMetricsTrackerFactory((name, stats) -> new IMetricsTracker() {
            @Override
            public void recordConnectionCreatedMillis(long millis) {
                pooled.incrementAndGet();
            }
        });
        return new HikariDataSource(config);
    }
}
