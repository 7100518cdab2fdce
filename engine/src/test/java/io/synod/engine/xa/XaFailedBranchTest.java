package io.synod.engine.xa;

import static io.synod.engine.xa.Branches.TABLE;
import static io.synod.engine.xa.Branches.assertCode;
import static io.synod.engine.xa.Branches.number;
import static io.synod.engine.xa.Branches.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.node.ClusterFixture;
import io.synod.engine.xa.Branches.Name;
import io.synod.jdbc.SynodXADataSource;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.XAConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A branch whose transaction is lost, or cannot be prepared. What JTA asks for: {@code end} may keep silent about it; {@code
 * prepare} and {@code commit} in one phase say XA_RB…, and then the branch is rolled back and forgotten (XAER_NOTA);
 * {@code rollback} is a success. Nothing of it is ever committed.
 */
@ParameterizedClass
@ValueSource(strings = {"memory", "remote follower"})
@Timeout(240)
class XaFailedBranchTest {
    private static final AtomicInteger NAMES = new AtomicInteger(1000);

    private final Name name = new Name(NAMES.incrementAndGet());

    @TempDir
    private static Path directory;

    private static ClusterFixture cluster;
    private static String remote;

    private final SynodXADataSource source;
    private XAConnection pooled;
    private XAResource resource;
    private Connection connection;

    XaFailedBranchTest(String where) {
        source = Branches.source(where.equals("memory") ? "jdbc:synod:mem:xa" : remote);
    }

    @BeforeAll
    static void startNodes() throws Exception {
        cluster = new ClusterFixture(directory);
        remote = cluster.remoteUrl(cluster.leaderOf("xa").equals("a") ? "b" : "a", "xa") + ";TARGET=ANY";
    }

    @AfterAll
    static void stopNodes() {
        cluster.close();
    }

    @BeforeEach
    void open() throws Exception {
        pooled = source.getXAConnection();
        resource = pooled.getXAResource();
        connection = pooled.getConnection();
        run(connection, "DROP TABLE IF EXISTS t", TABLE, "INSERT INTO t VALUES (1, 10), (2, 20)");
    }

    @AfterEach
    void close() throws Exception {
        for (Xid xid : resource.recover(XAResource.TMSTARTRSCAN)) {
            resource.rollback(xid);
        }
        pooled.close();
    }

    private long sum() throws SQLException {
        return number(source, "SELECT SUM(x) FROM t");
    }

    /** A branch that has written, and then lost its transaction to a conflict. */
    private void startAndLose() throws Exception {
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        resource.start(name, XAResource.TMNOFLAGS);
        run(connection, "UPDATE t SET x = 11 WHERE id = 1");
        run(source, "UPDATE t SET x = x + 1 WHERE id = 2");
        SQLException e = assertThrows(SQLException.class, () -> run(connection, "UPDATE t SET x = 21 WHERE id = 2"));
        assertEquals("40001", e.getSQLState(), e.toString());
    }

    private void assertForgotten() throws Exception {
        assertCode(XAException.XAER_NOTA, () -> resource.rollback(name));
        assertCode(XAException.XAER_NOTA, () -> resource.commit(name, false));
        assertCode(XAException.XAER_NOTA, () -> resource.forget(name));
        assertEquals(0, resource.recover(XAResource.TMSTARTRSCAN).length);
        assertTrue(connection.getAutoCommit());
    }

    @Test
    void prepare_says_that_it_is_rolled_back_and_then_it_is_forgotten() throws Exception {
        startAndLose();
        resource.end(name, XAResource.TMSUCCESS);
        assertCode(XAException.XA_RBTRANSIENT, () -> resource.prepare(name));
        assertForgotten();
        assertEquals(31, sum());
    }

    @Test
    void so_does_commit_in_one_phase_also_where_the_application_went_on() throws Exception {
        startAndLose();
        run(connection, "INSERT INTO t VALUES (3, 100)");
        resource.end(name, XAResource.TMSUCCESS);
        assertCode(XAException.XAER_PROTO, () -> resource.commit(name, false));
        assertCode(XAException.XA_RBTRANSIENT, () -> resource.commit(name, true));
        assertForgotten();
        assertEquals(31, sum());
    }

    @Test
    void rollback_of_it_is_a_success_and_the_next_branch_starts_afresh() throws Exception {
        for (int end : new int[] {XAResource.TMFAIL, XAResource.TMSUCCESS}) {
            startAndLose();
            resource.end(name, end);
            resource.rollback(name);
            assertForgotten();
        }
        resource.start(name, XAResource.TMNOFLAGS);
        run(connection, "UPDATE t SET x = 11 WHERE id = 1");
        resource.end(name, XAResource.TMSUCCESS);
        assertEquals(XAResource.XA_OK, resource.prepare(name));
        resource.commit(name, false);
        assertEquals(33, sum());
    }

    /** H2 and Synod have one code for every transaction that is to be run again, so it is not XA_RBDEADLOCK. */
    @Test
    void of_two_branches_in_a_deadlock_one_is_rolled_back_and_the_other_commits() throws Exception {
        Name other = new Name(NAMES.incrementAndGet());
        XAConnection second = source.getXAConnection();
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (Connection c = second.getConnection()) {
            run(connection, "SET LOCK_TIMEOUT 60000");
            run(c, "SET LOCK_TIMEOUT 60000");
            resource.start(name, XAResource.TMNOFLAGS);
            second.getXAResource().start(other, XAResource.TMNOFLAGS);
            run(connection, "UPDATE t SET x = x + 1 WHERE id = 1");
            run(c, "UPDATE t SET x = x + 1 WHERE id = 2");
            Future<Boolean> first = thread.submit(() -> loses(connection, 2));
            boolean lost = loses(c, 1);
            assertTrue(lost ^ first.get(60, TimeUnit.SECONDS), "one of the two loses");
            resource.end(name, XAResource.TMSUCCESS);
            second.getXAResource().end(other, XAResource.TMSUCCESS);
            if (lost) {
                assertCode(
                        XAException.XA_RBTRANSIENT, () -> second.getXAResource().prepare(other));
                resource.prepare(name);
                resource.commit(name, false);
            } else {
                assertCode(XAException.XA_RBTRANSIENT, () -> resource.prepare(name));
                second.getXAResource().prepare(other);
                second.getXAResource().commit(other, false);
            }
        } finally {
            thread.shutdownNow();
            second.close();
        }
        assertEquals(32, sum());
    }

    private static boolean loses(Connection c, int id) throws SQLException {
        try {
            run(c, "UPDATE t SET x = x + 1 WHERE id = " + id);
            return false;
        } catch (SQLException e) {
            assertEquals("40001", e.getSQLState(), e.toString());
            return true;
        }
    }

    @Test
    void what_is_one_too_many_to_be_prepared_is_rolled_back() throws Exception {
        List<Name> prepared = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            Name next = new Name(NAMES.incrementAndGet());
            resource.start(next, XAResource.TMNOFLAGS);
            run(connection, "INSERT INTO t VALUES (" + (10 + i) + ", 1)");
            resource.end(next, XAResource.TMSUCCESS);
            assertEquals(XAResource.XA_OK, resource.prepare(next));
            prepared.add(next);
        }
        resource.start(name, XAResource.TMNOFLAGS);
        run(connection, "UPDATE t SET x = 11 WHERE id = 1");
        resource.end(name, XAResource.TMSUCCESS);
        assertCode(XAException.XA_RBTRANSIENT, () -> resource.prepare(name));
        assertEquals(30, sum());
        assertForgottenBut(prepared.size());
        run(source, "UPDATE t SET x = 12 WHERE id = 1");
        assertEquals(32, sum());
    }

    private void assertForgottenBut(int others) throws Exception {
        assertCode(XAException.XAER_NOTA, () -> resource.rollback(name));
        assertEquals(others, resource.recover(XAResource.TMSTARTRSCAN).length);
        assertTrue(connection.getAutoCommit());
    }
}
