package io.synod.engine.xa;

import static io.synod.engine.xa.Branches.TABLE;
import static io.synod.engine.xa.Branches.assertCode;
import static io.synod.engine.xa.Branches.prepare;
import static io.synod.engine.xa.Branches.run;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import io.synod.engine.xa.Branches.Name;
import io.synod.jdbc.SynodXADataSource;
import java.nio.file.Path;
import java.util.List;
import javax.sql.XAConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Without a majority nothing is decided, and the manager is told to come again. */
@Timeout(240)
class XaLostMajorityTest {
    /** Long enough for what comes before the loss, on a machine that stands still for a moment. */
    private static final String IMPATIENT = ";FAILOVER_TIMEOUT=4000";

    @TempDir
    private Path directory;

    @Test
    void a_manager_that_decides_without_a_majority_is_told_to_come_again() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)
                .with("a", IMPATIENT)
                .with("b", IMPATIENT)
                .with("c", IMPATIENT)) {
            String survivor = cluster.leaderOf("xa");
            SynodXADataSource source = Branches.source(cluster.url(survivor, "xa"));
            run(source, TABLE);
            Name one = new Name(1);
            Name two = new Name(2);
            Name late = new Name(3);
            prepare(source, one, "INSERT INTO t VALUES (1, 1)");
            prepare(source, two, "INSERT INTO t VALUES (2, 2)");
            XAConnection pooled = source.getXAConnection();
            XAResource resource = pooled.getXAResource();
            resource.start(late, XAResource.TMNOFLAGS);
            run(pooled.getConnection(), "INSERT INTO t VALUES (3, 3)");
            resource.end(late, XAResource.TMSUCCESS);
            XAConnection other = source.getXAConnection();
            for (String node : List.of("a", "b", "c")) {
                if (!node.equals(survivor)) {
                    cluster.stop(node);
                }
            }
            Await.until("no leader", () -> cluster.hosted(survivor, "xa").log().leader() == null);
            assertCode(XAException.XAER_RMFAIL, () -> other.getXAResource().commit(one, false));
            assertCode(XAException.XAER_RMFAIL, () -> other.getXAResource().rollback(two));
            assertCode(XAException.XAER_RMFAIL, () -> other.getXAResource().forget(one));
            assertCode(XAException.XAER_RMFAIL, () -> other.getXAResource().recover(XAResource.TMSTARTRSCAN));
            // Its transaction went with the leadership.
            assertCode(XAException.XA_RBTRANSIENT, () -> resource.prepare(late));
            assertEquals(2, cluster.hosted(survivor, "xa").branches().waiting().size());
            pooled.close();
            other.close();
        }
    }
}
