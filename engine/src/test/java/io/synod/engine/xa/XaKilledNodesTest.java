package io.synod.engine.xa;

import static io.synod.engine.xa.Branches.TABLE;
import static io.synod.engine.xa.Branches.number;
import static io.synod.engine.xa.Branches.prepare;
import static io.synod.engine.xa.Branches.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.engine.failover.TestCluster;
import io.synod.engine.xa.Branches.Name;
import io.synod.jdbc.SynodXADataSource;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import javax.sql.XAConnection;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Prepared branches while nodes are killed with -9. */
@Tag("long")
@Tag("process")
@Timeout(240)
class XaKilledNodesTest {
    private static final int LARGE = 20_000;
    /** Where nodes have been killed, the machine has much to do. */
    private static final String PATIENT = ";CONNECT_TIMEOUT=30000";

    @TempDir
    private Path directory;

    private static Xid find(XAResource resource, Name name) throws Exception {
        return Arrays.stream(resource.recover(XAResource.TMSTARTRSCAN))
                .filter(name::isNameOf)
                .findFirst()
                .orElseThrow();
    }

    private static void assertLocked(SynodXADataSource source, int id) throws Exception {
        XAConnection pooled = source.getXAConnection();
        try (Connection c = pooled.getConnection()) {
            run(c, "SET LOCK_TIMEOUT 100");
            SQLException e = assertThrows(SQLException.class, () -> run(c, "UPDATE t SET x = 0 WHERE id = " + id));
            assertEquals("HYT00", e.getSQLState(), e.toString());
        } finally {
            pooled.close();
        }
    }

    @Test
    void branches_survive_the_leader_and_then_all_nodes_and_are_decided_after_it() throws Exception {
        try (TestCluster cluster = TestCluster.started(directory)) {
            try {
                SynodXADataSource source = Branches.source(cluster.url() + PATIENT);
                run(source, TABLE, "INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)");
                Name one = new Name(1);
                Name two = new Name(2);
                Name large = new Name(3);
                prepare(source, one, "UPDATE t SET x = 11 WHERE id = 1");
                prepare(source, two, "UPDATE t SET x = 21 WHERE id = 2");
                prepare(source, large, "INSERT INTO t SELECT x, 1 FROM SYSTEM_RANGE(100, " + (LARGE + 99) + ")");

                // A connection with a prepared branch goes on where the next leader is.
                XAConnection pooled = source.getXAConnection();
                XAResource resource = pooled.getXAResource();
                Name four = new Name(4);
                resource.start(four, XAResource.TMNOFLAGS);
                try (Connection c = pooled.getConnection()) {
                    run(c, "UPDATE t SET x = 31 WHERE id = 3");
                }
                resource.end(four, XAResource.TMSUCCESS);
                resource.prepare(four);
                String leader = cluster.awaitLeader();
                cluster.node(leader).kill();
                cluster.awaitLeader(leader);
                resource.commit(four, false);
                pooled.close();
                assertEquals(61, number(source, "SELECT SUM(x) FROM t"));
                for (int id = 1; id <= 2; id++) {
                    assertLocked(source, id);
                }
                pooled = source.getXAConnection();
                pooled.getXAResource().commit(find(pooled.getXAResource(), one), false);
                pooled.close();
                cluster.restart(leader);

                cluster.killAll();
                cluster.startAll();
                assertEquals(62, number(source, "SELECT SUM(x) FROM t"));
                assertLocked(source, 2);
                pooled = source.getXAConnection();
                resource = pooled.getXAResource();
                assertEquals(2, resource.recover(XAResource.TMSTARTRSCAN).length);
                resource.commit(find(resource, large), false);
                resource.rollback(find(resource, two));
                assertEquals(0, resource.recover(XAResource.TMSTARTRSCAN).length);
                pooled.close();
                assertEquals(62 + LARGE, number(source, "SELECT SUM(x) FROM t"));
                run(source, "UPDATE t SET x = 22 WHERE id = 2", "ALTER TABLE t ADD COLUMN y INT DEFAULT 7");
                cluster.assertMembersEqual();
            } catch (Exception | AssertionError e) {
                cluster.addStoryTo(e);
                throw e;
            }
        }
    }

    @Test
    void no_branch_is_lost_or_decided_otherwise_while_leaders_are_killed() throws Exception {
        int branches = 60;
        try (TestCluster cluster = TestCluster.started(directory)) {
            SynodXADataSource source = Branches.source(cluster.url() + PATIENT + ";LOCK_TIMEOUT=30000");
            run(source, TABLE);
            long expected = 0;
            try {
                for (int i = 1; i <= branches; i++) {
                    if (i % 20 == 10) {
                        String leader = cluster.awaitLeader();
                        Thread kill = new Thread(() -> cluster.node(leader).kill());
                        kill.start();
                        expected += oneBranch(source, i);
                        kill.join();
                        cluster.awaitLeader(leader);
                        cluster.restart(leader);
                    } else {
                        expected += oneBranch(source, i);
                    }
                }
                assertEquals(expected, number(source, "SELECT SUM(x) FROM t"));
                XAConnection pooled = source.getXAConnection();
                assertEquals(0, pooled.getXAResource().recover(XAResource.TMSTARTRSCAN).length);
                pooled.close();
                cluster.assertMembersEqual();
            } catch (Exception | AssertionError e) {
                cluster.addStoryTo(e);
                throw e;
            }
        }
    }

    /** Tries until it is prepared, then decides: every third one rolls back. @return what it adds to the sum */
    private static long oneBranch(SynodXADataSource source, int i) throws Exception {
        Name name = new Name(i);
        while (true) {
            XAConnection pooled = source.getXAConnection();
            try {
                XAResource resource = pooled.getXAResource();
                resource.start(name, XAResource.TMNOFLAGS);
                try (Connection c = pooled.getConnection()) {
                    run(c, "INSERT INTO t VALUES (" + i + ", " + i + ")");
                } catch (SQLException e) {
                    assertEquals("40001", e.getSQLState(), e.toString());
                    continue;
                }
                resource.end(name, XAResource.TMSUCCESS);
                try {
                    resource.prepare(name);
                } catch (javax.transaction.xa.XAException e) {
                    assertEquals(javax.transaction.xa.XAException.XA_RBTRANSIENT, e.errorCode, e.toString());
                    continue;
                }
                if (i % 3 == 0) {
                    resource.rollback(name);
                    return 0;
                }
                resource.commit(name, false);
                return i;
            } finally {
                pooled.close();
            }
        }
    }
}
