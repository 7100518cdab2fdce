package io.synod.engine.xa;

import static io.synod.engine.xa.Branches.TABLE;
import static io.synod.engine.xa.Branches.assertCode;
import static io.synod.engine.xa.Branches.number;
import static io.synod.engine.xa.Branches.prepare;
import static io.synod.engine.xa.Branches.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.node.ClusterFixture;
import io.synod.engine.xa.Branches.Name;
import io.synod.jdbc.SynodDataSourceFactory;
import io.synod.jdbc.SynodXADataSource;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.XAConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What a transaction manager does, on every kind of URL. */
@Tag("long")
@ParameterizedClass
@ValueSource(strings = {"memory", "leader", "follower", "remote leader", "remote follower"})
@Timeout(240)
class XaContractTest {
    private static final AtomicInteger NAMES = new AtomicInteger(100);

    /** New for each test: what was decided is remembered. */
    private final Name first = new Name(NAMES.incrementAndGet());

    private final Name second = new Name(NAMES.incrementAndGet());

    @TempDir
    private static Path directory;

    private static ClusterFixture cluster;
    private static String leader;

    private final SynodXADataSource source;
    private XAConnection pooled;
    private XAResource resource;
    private Connection connection;

    XaContractTest(String where) {
        source = Branches.source(
                switch (where) {
                    case "memory" -> "jdbc:synod:mem:xa";
                    case "leader" -> cluster.url(leader, "xa");
                    case "follower" -> cluster.url(follower(), "xa");
                    case "remote leader" -> cluster.remoteUrl(leader, "xa");
                    default -> cluster.remoteUrl(follower(), "xa");
                });
    }

    private static String follower() {
        return leader.equals("a") ? "b" : "a";
    }

    @BeforeAll
    static void startNodes() throws Exception {
        cluster = new ClusterFixture(directory);
        leader = cluster.leaderOf("xa");
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
        for (Xid xid : resource.recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN)) {
            resource.rollback(xid);
        }
        pooled.close();
    }

    private long sum() throws SQLException {
        return number(source, "SELECT SUM(x) FROM t");
    }

    @Test
    void two_phases() throws Exception {
        resource.start(first, XAResource.TMNOFLAGS);
        run(connection, "UPDATE t SET x = 11 WHERE id = 1");
        assertFalse(connection.getAutoCommit());
        resource.end(first, XAResource.TMSUCCESS);
        assertEquals(XAResource.XA_OK, resource.prepare(first));
        assertTrue(connection.getAutoCommit());
        assertEquals(30, sum());
        resource.commit(first, false);
        assertEquals(31, sum());
    }

    @Test
    void what_was_decided_is_confirmed_when_the_manager_asks_again_and_told_when_it_was_otherwise() throws Exception {
        prepare(source, first, "UPDATE t SET x = 11 WHERE id = 1");
        prepare(source, second, "UPDATE t SET x = 22 WHERE id = 2");
        assertCode(XAException.XAER_NOTA, () -> resource.forget(first));
        resource.commit(first, false);
        resource.commit(first, false);
        assertCode(XAException.XA_HEURCOM, () -> resource.rollback(first));
        String name = Arrays.stream(resource.recover(XAResource.TMSTARTRSCAN))
                .filter(second::isNameOf)
                .findFirst()
                .orElseThrow()
                .toString();
        run(source, "ROLLBACK TRANSACTION \"" + name + '"');
        XAConnection other = source.getXAConnection();
        other.getXAResource().commit(first, false);
        other.getXAResource().rollback(second);
        assertCode(XAException.XA_HEURRB, () -> other.getXAResource().commit(second, false));
        other.getXAResource().forget(second);
        other.close();
        assertEquals(31, sum());
    }

    @Test
    void one_phase_and_rollback_before_it_is_prepared() throws Exception {
        resource.start(first, XAResource.TMNOFLAGS);
        run(connection, "UPDATE t SET x = 11 WHERE id = 1");
        resource.end(first, XAResource.TMSUCCESS);
        resource.commit(first, true);
        assertEquals(31, sum());
        resource.start(first, XAResource.TMNOFLAGS);
        run(connection, "UPDATE t SET x = 12 WHERE id = 1");
        resource.end(first, XAResource.TMSUCCESS);
        resource.rollback(first);
        assertEquals(31, sum());
        run(connection, "UPDATE t SET x = 13 WHERE id = 1");
        assertEquals(33, sum());
    }

    @Test
    void a_branch_that_only_reads_has_nothing_to_decide() throws Exception {
        resource.start(first, XAResource.TMNOFLAGS);
        number(connection, "SELECT SUM(x) FROM t");
        resource.end(first, XAResource.TMSUCCESS);
        assertEquals(XAResource.XA_RDONLY, resource.prepare(first));
        assertEquals(0, resource.recover(XAResource.TMSTARTRSCAN).length);
        assertCode(XAException.XAER_NOTA, () -> resource.commit(first, false));
    }

    @Test
    void what_a_lost_connection_has_prepared_is_recovered_and_decided_by_another_one() throws Exception {
        assertEquals(XAResource.XA_OK, prepare(source, first, "UPDATE t SET x = 11 WHERE id = 1"));
        assertEquals(XAResource.XA_OK, prepare(source, second, "UPDATE t SET x = 22 WHERE id = 2"));
        Xid[] found = resource.recover(XAResource.TMSTARTRSCAN);
        assertEquals(2, found.length);
        assertEquals(0, resource.recover(XAResource.TMNOFLAGS).length);
        assertEquals(0, resource.recover(XAResource.TMENDRSCAN).length);
        Xid one = Arrays.stream(found).filter(first::isNameOf).findFirst().orElseThrow();
        Xid two = Arrays.stream(found).filter(second::isNameOf).findFirst().orElseThrow();
        resource.commit(one, false);
        resource.rollback(two);
        assertEquals(31, sum());
        assertEquals(0, resource.recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN).length);
    }

    @Test
    void branches_of_one_connection_come_one_behind_the_other_and_are_decided_in_any_order() throws Exception {
        for (int i = 1; i <= 3; i++) {
            Name name = new Name(i);
            resource.start(name, XAResource.TMNOFLAGS);
            run(connection, "INSERT INTO t VALUES (" + (10 + i) + ", " + i + ")");
            resource.end(name, XAResource.TMSUCCESS);
            assertEquals(XAResource.XA_OK, resource.prepare(name));
        }
        run(connection, "INSERT INTO t VALUES (20, 100)");
        assertEquals(130, sum());
        resource.start(new Name(4), XAResource.TMNOFLAGS);
        run(connection, "INSERT INTO t VALUES (21, 1000)");
        resource.commit(new Name(3), false);
        resource.rollback(new Name(2));
        resource.end(new Name(4), XAResource.TMSUCCESS);
        resource.commit(new Name(1), false);
        resource.rollback(new Name(4));
        assertEquals(134, sum());
    }

    @Test
    void calls_out_of_order_are_protocol_errors_and_change_nothing() throws Exception {
        assertCode(XAException.XAER_NOTA, () -> resource.end(first, XAResource.TMSUCCESS));
        assertCode(XAException.XAER_NOTA, () -> resource.prepare(first));
        assertCode(XAException.XAER_NOTA, () -> resource.commit(first, true));
        assertCode(XAException.XAER_NOTA, () -> resource.rollback(first));
        assertCode(XAException.XAER_NOTA, () -> resource.forget(first));
        assertCode(XAException.XAER_NOTA, () -> resource.start(first, XAResource.TMJOIN));
        assertCode(XAException.XAER_INVAL, () -> resource.start(first, XAResource.TMFAIL));
        assertCode(XAException.XAER_INVAL, () -> resource.start(null, XAResource.TMNOFLAGS));
        assertCode(XAException.XAER_INVAL, () -> resource.recover(XAResource.TMFAIL));
        resource.start(first, XAResource.TMNOFLAGS);
        run(connection, "UPDATE t SET x = 11 WHERE id = 1");
        assertCode(XAException.XAER_DUPID, () -> resource.start(first, XAResource.TMNOFLAGS));
        assertCode(XAException.XAER_PROTO, () -> resource.start(second, XAResource.TMNOFLAGS));
        assertCode(XAException.XAER_PROTO, () -> resource.prepare(first));
        assertCode(XAException.XAER_PROTO, () -> resource.commit(first, true));
        assertCode(XAException.XAER_PROTO, () -> resource.commit(first, false));
        assertCode(XAException.XAER_PROTO, () -> resource.rollback(first));
        assertCode(XAException.XAER_NOTA, () -> resource.end(second, XAResource.TMSUCCESS));
        assertCode(XAException.XAER_INVAL, () -> resource.end(first, XAResource.TMJOIN));
        resource.end(first, XAResource.TMSUCCESS);
        assertCode(XAException.XAER_PROTO, () -> resource.end(first, XAResource.TMSUCCESS));
        assertCode(XAException.XAER_RMERR, () -> resource.start(second, XAResource.TMNOFLAGS));
        resource.commit(first, true);
        assertEquals(31, sum());
    }

    @Test
    void a_branch_is_suspended_resumed_and_joined() throws Exception {
        resource.start(first, XAResource.TMNOFLAGS);
        run(connection, "UPDATE t SET x = 11 WHERE id = 1");
        resource.end(first, XAResource.TMSUSPEND);
        assertCode(XAException.XAER_PROTO, () -> resource.start(first, XAResource.TMJOIN));
        resource.start(first, XAResource.TMRESUME);
        run(connection, "UPDATE t SET x = 21 WHERE id = 2");
        resource.end(first, XAResource.TMSUCCESS);
        resource.start(first, XAResource.TMJOIN);
        run(connection, "INSERT INTO t VALUES (3, 100)");
        resource.end(first, XAResource.TMSUCCESS);
        assertEquals(XAResource.XA_OK, resource.prepare(first));
        resource.commit(first, false);
        assertEquals(132, sum());
        assertTrue(resource.isSameRM(pooled.getXAResource()));
        XAConnection other = source.getXAConnection();
        assertFalse(resource.isSameRM(other.getXAResource()));
        other.close();
    }

    @Test
    void a_name_that_is_prepared_is_not_prepared_again() throws Exception {
        prepare(source, first, "UPDATE t SET x = 11 WHERE id = 1");
        resource.start(first, XAResource.TMNOFLAGS);
        run(connection, "UPDATE t SET x = 21 WHERE id = 2");
        resource.end(first, XAResource.TMSUCCESS);
        assertCode(XAException.XAER_DUPID, () -> resource.prepare(first));
        resource.rollback(first);
        resource.commit(first, false);
        assertEquals(31, sum());
    }

    @Test
    void a_branch_that_failed_or_is_too_old_or_lost_its_transaction_is_rolled_back() throws Exception {
        resource.start(first, XAResource.TMNOFLAGS);
        run(connection, "UPDATE t SET x = 11 WHERE id = 1");
        resource.end(first, XAResource.TMFAIL);
        assertCode(XAException.XA_RBROLLBACK, () -> resource.prepare(first));

        assertTrue(resource.setTransactionTimeout(1));
        assertEquals(1, resource.getTransactionTimeout());
        resource.start(first, XAResource.TMNOFLAGS);
        run(connection, "UPDATE t SET x = 11 WHERE id = 1");
        long began = System.nanoTime();
        while (System.nanoTime() - began < 1_100_000_000L) {
            run(connection, "UPDATE t SET x = x WHERE id = 2");
        }
        resource.end(first, XAResource.TMSUCCESS);
        assertCode(XAException.XA_RBTIMEOUT, () -> resource.commit(first, true));
        resource.setTransactionTimeout(0);
        assertCode(XAException.XAER_INVAL, () -> resource.setTransactionTimeout(-1));

        // A conflict takes the first half of the branch, and the application goes on with the second.
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        resource.start(first, XAResource.TMNOFLAGS);
        run(connection, "UPDATE t SET x = 11 WHERE id = 1");
        run(source, "UPDATE t SET x = 25 WHERE id = 2");
        SQLException e = assertThrows(SQLException.class, () -> run(connection, "UPDATE t SET x = 21 WHERE id = 2"));
        assertEquals("40001", e.getSQLState(), e.toString());
        run(connection, "UPDATE t SET x = 21 WHERE id = 2");
        resource.end(first, XAResource.TMSUCCESS);
        assertCode(XAException.XA_RBTRANSIENT, () -> resource.prepare(first));
        assertEquals(35, sum());
    }

    @Test
    void the_application_does_not_end_what_is_the_managers() throws Exception {
        connection.setAutoCommit(false);
        run(connection, "UPDATE t SET x = 12 WHERE id = 1");
        assertCode(XAException.XAER_OUTSIDE, () -> resource.start(first, XAResource.TMNOFLAGS));
        connection.rollback();
        connection.setAutoCommit(true);
        resource.start(first, XAResource.TMNOFLAGS);
        run(connection, "UPDATE t SET x = 11 WHERE id = 1");
        for (Branches.Call call : new Branches.Call[] {
            connection::commit, connection::rollback, () -> connection.setAutoCommit(true), connection::setSavepoint
        }) {
            SQLException e = assertThrows(SQLException.class, call::run);
            assertEquals("2D000", e.getSQLState(), e.toString());
        }
        connection.close();
        Connection again = pooled.getConnection();
        assertEquals(11, number(again, "SELECT x FROM t WHERE id = 1"));
        resource.end(first, XAResource.TMSUCCESS);
        resource.commit(first, true);
        assertEquals(31, sum());
        again.setAutoCommit(false);
        run(again, "UPDATE t SET x = 12 WHERE id = 1");
        again.commit();
        assertEquals(32, sum());
    }

    @Test
    void rows_of_a_prepared_branch_are_locked_for_others_as_long_as_it_takes() throws Exception {
        prepare(source, first, "UPDATE t SET x = 11 WHERE id = 1", "DELETE FROM t WHERE id = 2");
        run(connection, "SET LOCK_TIMEOUT 50");
        for (String sql :
                new String[] {"UPDATE t SET x = 0 WHERE id = 1", "UPDATE t SET x = 0 WHERE id = 2", "DROP TABLE t"}) {
            SQLException e = assertThrows(SQLException.class, () -> run(connection, sql));
            assertEquals("HYT00", e.getSQLState(), e.toString());
        }
        resource.commit(first, false);
        run(connection, "UPDATE t SET x = x + 1 WHERE id = 1");
        assertEquals(12, sum());
    }

    @Test
    void the_data_source_comes_back_from_jndi() throws Exception {
        Object found = new SynodDataSourceFactory().getObjectInstance(source.getReference(), null, null, null);
        SynodXADataSource again = assertInstanceOf(SynodXADataSource.class, found);
        assertEquals(source.getUrl(), again.getUrl());
        assertEquals(30, number(again, "SELECT SUM(x) FROM t"));
    }
}
