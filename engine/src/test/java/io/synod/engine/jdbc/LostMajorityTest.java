package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What waits for a majority that is lost ends when its client wants it to, long before FAILOVER_TIMEOUT. */
@Timeout(240)
class LostMajorityTest {
    private static final String READ = "SELECT COUNT(*) FROM T";
    private static final String WRITE = "INSERT INTO T VALUES(7)";

    @TempDir
    Path directory;

    @Test
    void statements_are_cancelled_timed_out_and_aborted() throws Exception {
        String patient = ";FAILOVER_TIMEOUT=3600000";
        try (ClusterFixture cluster = new ClusterFixture(directory)
                .with("a", patient)
                .with("b", patient)
                .with("c", patient)) {
            String survivor = cluster.leaderOf("shop");
            List<Party> parties = new ArrayList<>();
            for (String url : List.of(
                    cluster.url(survivor, "shop"),
                    cluster.remoteUrl(survivor, "shop") + patient + ";CONNECT_TIMEOUT=30000")) {
                for (String sql : List.of(READ, WRITE)) {
                    // A remote client does not come in without a majority, unless it reads at LOCAL.
                    parties.add(new Party(url + ": " + sql, sql, connect(url), connect(url), connect(url)));
                }
            }
            try (Statement s = parties.get(0).first().createStatement()) {
                s.execute("CREATE TABLE T(ID INT PRIMARY KEY)");
            }
            for (String node : List.of("a", "b", "c")) {
                if (!node.equals(survivor)) {
                    cluster.stop(node);
                }
            }
            Await.until(
                    "no leader", () -> cluster.hosted(survivor, "shop").log().leader() == null);
            for (Party party : parties) {
                cancelled(party);
                timedOut(party);
                aborted(party);
            }
        }
    }

    private record Party(String name, String sql, Connection first, Connection second, Connection third) {}

    private static void cancelled(Party party) throws Exception {
        try (Connection c = party.first();
                Statement s = c.createStatement()) {
            CompletableFuture<SQLException> end = ending(s, party.sql());
            while (!end.isDone()) {
                // Before it runs there is nothing to cancel.
                s.cancel();
                try {
                    end.get(20, TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    continue;
                }
            }
            assertState("57014", end, party.name());
            assertFalse(c.isClosed());
        }
    }

    private static void timedOut(Party party) throws Exception {
        try (Connection c = party.second();
                Statement s = c.createStatement()) {
            s.setQueryTimeout(1);
            assertState("57014", ending(s, party.sql()), party.name());
        }
    }

    private static void aborted(Party party) throws Exception {
        Connection c = party.third();
        CompletableFuture<SQLException> end = ending(c.createStatement(), party.sql());
        c.abort(Runnable::run);
        assertTrue(c.isClosed());
        assertNotNull(end.get(60, TimeUnit.SECONDS), party.name());
    }

    private static CompletableFuture<SQLException> ending(Statement s, String sql) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                s.execute(sql);
                return null;
            } catch (SQLException e) {
                return e;
            }
        });
    }

    private static void assertState(String state, CompletableFuture<SQLException> end, String what) throws Exception {
        SQLException e = end.get(60, TimeUnit.SECONDS);
        assertNotNull(e, what);
        assertEquals(state, e.getSQLState(), what + ": " + e);
    }

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }
}
