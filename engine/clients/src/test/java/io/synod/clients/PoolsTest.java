package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.mchange.v2.c3p0.ComboPooledDataSource;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.commons.dbcp2.BasicDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Four pools at once, under load, while ten leaders are killed, each in the middle of a transaction of each pool. */
@Timeout(600)
class PoolsTest {
    private static final Logger LOG = LoggerFactory.getLogger(PoolsTest.class);
    private static final int KILLS = 10;
    private static final int SIZE = 3;
    private static final int HIKARI_SIZE = 10;

    private final AtomicInteger createdByHikari = new AtomicInteger();

    @Test
    void pools_keep_all_their_connections_through_ten_leader_kills_and_see_nothing_but_40001() throws Exception {
        Cluster cluster = Cluster.shared();
        String url = cluster.url("POOLS");
        try (HikariDataSource hikari = hikari(url);
                BasicDataSource dbcp = dbcp(url);
                AgroalDataSource agroal = agroal(url);
                ComboPooledDataSource c3p0 = c3p0(url)) {
            try (Connection c = hikari.getConnection();
                    Statement s = c.createStatement()) {
                s.execute(
                        "CREATE TABLE IF NOT EXISTS ROW_OF_POOL(POOL VARCHAR(10), WORKER INT, N INT, PRIMARY KEY(POOL, WORKER, N))");
            }
            List<PoolLoad> loads = List.of(
                    new PoolLoad("hikari", hikari, 2),
                    new PoolLoad("dbcp", dbcp, 2),
                    new PoolLoad("agroal", agroal, 2),
                    new PoolLoad("c3p0", c3p0, 2));
            int created;
            List<PoolLoad> started = new ArrayList<>();
            try {
                for (PoolLoad load : loads) {
                    load.start();
                    started.add(load);
                }
                Await.until("a full pool", () -> hikari.getHikariPoolMXBean().getTotalConnections() == HIKARI_SIZE);
                created = createdByHikari.get();
                for (int kill = 0; kill < KILLS; kill++) {
                    for (PoolLoad load : loads) {
                        load.awaitProgress(3);
                        load.holdTransaction();
                    }
                    cluster.killLeader();
                    for (PoolLoad load : loads) {
                        load.assertHeldIsLost();
                    }
                    for (PoolLoad load : loads) {
                        load.useAll(load == loads.get(0) ? HIKARI_SIZE : SIZE);
                    }
                }
                for (PoolLoad load : loads) {
                    load.awaitProgress(3);
                }
            } catch (AssertionError e) {
                throw new AssertionError(cluster.story(), e);
            } finally {
                for (PoolLoad load : started) {
                    load.stop();
                }
            }
            for (PoolLoad load : loads) {
                LOG.info("{}", load);
                load.assertExactlyOnce();
            }
            assertEquals(HIKARI_SIZE, hikari.getHikariPoolMXBean().getTotalConnections());
            assertEquals(created, createdByHikari.get(), "connections that HikariCP has made");
            for (PoolLoad load : loads) {
                assertEquals(load == loads.get(0) ? HIKARI_SIZE : SIZE, load.connections(), load.toString());
            }
            assertEquals(SIZE, agroal.getMetrics().creationCount());
            assertEquals(0, agroal.getMetrics().invalidCount());
            assertEquals(0, agroal.getMetrics().destroyCount());
            assertEquals(SIZE, dbcp.getNumActive() + dbcp.getNumIdle());
            assertEquals(0, c3p0.getNumFailedCheckinsDefaultUser() + c3p0.getNumFailedIdleTestsDefaultUser());
        }
    }

    /** Nothing but URL, user and metrics; and patience with a machine on which eight processes start and end. */
    private HikariDataSource hikari(String url) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setUsername(Cluster.USER);
        config.setPassword(Cluster.PASSWORD);
        config.setConnectionTimeout(Await.LIMIT.toMillis());
        config.setValidationTimeout(Await.LIMIT.toMillis());
        config.setMetricsTrackerFactory((name, stats) -> new IMetricsTracker() {
            @Override
            public void recordConnectionCreatedMillis(long millis) {
                createdByHikari.incrementAndGet();
            }
        });
        return new HikariDataSource(config);
    }

    private static BasicDataSource dbcp(String url) {
        BasicDataSource pool = new BasicDataSource();
        pool.setUrl(url);
        pool.setUsername(Cluster.USER);
        pool.setPassword(Cluster.PASSWORD);
        pool.setInitialSize(SIZE);
        pool.setMaxTotal(SIZE);
        pool.setMinIdle(SIZE);
        pool.setTestOnBorrow(true);
        pool.setAccessToUnderlyingConnectionAllowed(true);
        return pool;
    }

    private static AgroalDataSource agroal(String url) throws Exception {
        return AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                .metricsEnabled()
                .connectionPoolConfiguration(pool -> pool.initialSize(SIZE)
                        .minSize(SIZE)
                        .maxSize(SIZE)
                        .acquisitionTimeout(Await.LIMIT)
                        .validateOnBorrow(true)
                        .connectionFactoryConfiguration(factory -> factory.jdbcUrl(url)
                                .principal(new NamePrincipal(Cluster.USER))
                                .credential(new SimplePassword(Cluster.PASSWORD)))));
    }

    private static ComboPooledDataSource c3p0(String url) throws Exception {
        ComboPooledDataSource pool = new ComboPooledDataSource();
        pool.setJdbcUrl(url);
        pool.setUser(Cluster.USER);
        pool.setPassword(Cluster.PASSWORD);
        pool.setInitialPoolSize(SIZE);
        pool.setMinPoolSize(SIZE);
        pool.setMaxPoolSize(SIZE);
        pool.setTestConnectionOnCheckout(true);
        return pool;
    }
}
