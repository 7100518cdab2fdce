package io.synod.engine.failover;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.SynodConnection;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One thread has the commits of many connections on their way while the leader is killed with -9. */
@Tag("long")
@Tag("process")
@Timeout(600)
class AsyncCommitTest {
    private static final Logger LOG = LoggerFactory.getLogger(AsyncCommitTest.class);
    private static final int CONNECTIONS = 16;
    private static final int KILLS = 2;

    @TempDir
    private Path directory;

    private final TreeSet<Integer> committed = new TreeSet<>();
    private int lost;
    private int next;

    @Test
    void each_is_told_what_became_of_it() throws Exception {
        List<Connection> connections = new ArrayList<>();
        try (TestCluster cluster = TestCluster.started(directory)) {
            try (Connection c = TestCluster.connect(cluster.url())) {
                run(c, "CREATE TABLE T(ID INT PRIMARY KEY)");
            }
            for (int i = 0; i < CONNECTIONS; i++) {
                Connection c = TestCluster.connect(cluster.url() + ";FAILOVER_TIMEOUT=60000");
                c.setAutoCommit(false);
                connections.add(c);
            }
            for (int kill = 0; kill < KILLS; kill++) {
                round(connections, () -> {});
                String leader = cluster.awaitLeader();
                round(connections, () -> cluster.node(leader).kill());
                round(connections, () -> {});
                cluster.restart(leader);
            }
            LOG.info("{} commits, {} lost", committed.size(), lost);
            for (String name : cluster.names()) {
                try (Connection c = TestCluster.connect(cluster.url(name))) {
                    assertEquals(committed.size(), number(c, "SELECT COUNT(*) FROM T"), "node " + name);
                    for (int id : committed) {
                        assertEquals(1, number(c, "SELECT COUNT(*) FROM T WHERE ID = " + id), "row on node " + name);
                    }
                }
            }
        } finally {
            for (Connection c : connections) {
                c.close();
            }
        }
        assertTrue(committed.size() >= (3 * KILLS - KILLS) * CONNECTIONS, committed.size() + " commits");
    }

    /** Has a commit of each connection on its way at a time, and notes what each was told. */
    private void round(List<Connection> connections, Runnable inTheMiddle) throws Exception {
        List<Integer> ids = new ArrayList<>();
        List<CompletableFuture<Void>> commits = new ArrayList<>();
        for (Connection c : connections) {
            insert(c);
            ids.add(next);
            commits.add(c.unwrap(SynodConnection.class).commitAsync().toCompletableFuture());
        }
        inTheMiddle.run();
        for (int i = 0; i < commits.size(); i++) {
            try {
                commits.get(i).get(Await.LIMIT.toSeconds(), TimeUnit.SECONDS);
                committed.add(ids.get(i));
            } catch (ExecutionException e) {
                assertEquals("40001", ((SQLException) e.getCause()).getSQLState(), e.toString());
                lost++;
                connections.get(i).rollback();
            }
        }
    }

    private void insert(Connection c) throws SQLException {
        next++;
        while (true) {
            try (PreparedStatement insert = c.prepareStatement("INSERT INTO T VALUES (?)")) {
                insert.setInt(1, next);
                insert.executeUpdate();
                return;
            } catch (SQLException e) {
                assertEquals("40001", e.getSQLState(), e.toString());
                c.rollback();
            }
        }
    }
}
