package io.synod.engine.xa;

import static io.synod.engine.xa.Branches.TABLE;
import static io.synod.engine.xa.Branches.number;
import static io.synod.engine.xa.Branches.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import io.synod.engine.xa.Branches.Name;
import io.synod.jdbc.SynodXADataSource;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.sql.XAConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One global transaction in two databases of a cluster, whose node that leads the one is lost on the way. */
@Timeout(180)
class XaTwoDatabasesTest {
    private static final Set<Integer> COME_AGAIN = Set.of(XAException.XA_RETRY, XAException.XAER_RMFAIL);

    @TempDir
    private Path directory;

    private ClusterFixture cluster;
    private Party one;
    private Party two;

    /** A branch in one of the databases. */
    private record Party(SynodXADataSource source, XAConnection pooled, Name name) {
        XAResource resource() throws Exception {
            return pooled.getXAResource();
        }

        /** A transaction that loses to a change of leader is run again. */
        void work() throws Exception {
            Await.until("the branch has written", () -> {
                resource().start(name, XAResource.TMNOFLAGS);
                boolean done = false;
                try (Connection c = pooled.getConnection()) {
                    run(c, "INSERT INTO t VALUES (1, 1)");
                    done = true;
                } catch (java.sql.SQLException e) {
                    assertEquals("40001", e.getSQLState(), e.toString());
                }
                resource().end(name, done ? XAResource.TMSUCCESS : XAResource.TMFAIL);
                if (!done) {
                    resource().rollback(name);
                }
                return done;
            });
        }

        void decide(boolean commit) throws Exception {
            Await.until("the decision", () -> {
                try {
                    if (commit) {
                        resource().commit(name, false);
                    } else {
                        resource().rollback(name);
                    }
                    return true;
                } catch (XAException e) {
                    assertTrue(COME_AGAIN.contains(e.errorCode), e.toString());
                    return false;
                }
            });
        }

        long rows() throws Exception {
            return number(source, "SELECT COUNT(*) FROM t");
        }
    }

    @BeforeEach
    void start() throws Exception {
        cluster = new ClusterFixture(directory);
        cluster.leaderOf("one");
        for (String node : List.of("a", "b", "c")) {
            cluster.hosted(node, "two");
        }
        one = party("one", 1);
        two = party("two", 2);
    }

    private Party party(String database, int number) throws Exception {
        SynodXADataSource source = Branches.source(cluster.remoteUrl(database));
        run(source, TABLE);
        return new Party(source, source.getXAConnection(), new Name(number));
    }

    @AfterEach
    void stop() throws Exception {
        one.pooled().close();
        two.pooled().close();
        cluster.close();
    }

    private void stopLeaderOf(String database) throws Exception {
        String leader = cluster.hosted("a", database).log().awaitLeader(TimeUnit.SECONDS.toNanos(30));
        cluster.stop(leader);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void between_the_phases_it_changes_nothing(boolean commit) throws Exception {
        one.work();
        two.work();
        assertEquals(XAResource.XA_OK, one.resource().prepare(one.name()));
        assertEquals(XAResource.XA_OK, two.resource().prepare(two.name()));
        stopLeaderOf("one");
        one.decide(commit);
        two.decide(commit);
        assertEquals(commit ? 1 : 0, one.rows());
        assertEquals(commit ? 1 : 0, two.rows());
    }

    @Test
    void before_its_branch_is_prepared_it_takes_the_other_branch_along() throws Exception {
        one.work();
        two.work();
        assertEquals(XAResource.XA_OK, one.resource().prepare(one.name()));
        stopLeaderOf("two");
        Branches.assertCode(XAException.XA_RBTRANSIENT, () -> two.resource().prepare(two.name()));
        one.decide(false);
        assertEquals(0, one.rows());
        assertEquals(0, two.rows());
        for (Party party : List.of(one, two)) {
            assertEquals(0, party.resource().recover(XAResource.TMSTARTRSCAN).length);
        }
    }
}
