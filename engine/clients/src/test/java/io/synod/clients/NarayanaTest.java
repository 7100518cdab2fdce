package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.arjuna.ats.arjuna.common.ObjectStoreEnvironmentBean;
import com.arjuna.ats.arjuna.common.arjPropertyManager;
import com.arjuna.ats.arjuna.common.recoveryPropertyManager;
import com.arjuna.ats.arjuna.recovery.RecoveryManager;
import com.arjuna.ats.internal.arjuna.recovery.AtomicActionRecoveryModule;
import com.arjuna.ats.internal.jta.recovery.arjunacore.XARecoveryModule;
import com.arjuna.ats.jta.TransactionManager;
import com.arjuna.ats.jta.common.jtaPropertyManager;
import com.arjuna.ats.jta.recovery.XAResourceRecoveryHelper;
import com.arjuna.common.internal.util.propertyservice.BeanPopulator;
import io.synod.jdbc.SynodXADataSource;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.XAConnection;
import javax.sql.XADataSource;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A cluster and a stock H2 database in one transaction of Narayana; the leader is killed between the two phases. */
@Timeout(300)
class NarayanaTest {
    private static final String NODE = "clients";

    @TempDir
    private static Path directory;

    private static RecoveryManager recovery;

    private Cluster cluster;
    private SynodXADataSource synod;
    private JdbcDataSource h2;
    private XAConnection synodXa;
    private XAConnection h2Xa;

    /** What happens when the second resource, H2, has prepared: then both have, and nothing is decided. */
    @FunctionalInterface
    private interface Between {
        void run() throws Exception;
    }

    @BeforeEach
    void start() throws Exception {
        cluster = Cluster.shared();
        synod = new SynodXADataSource();
        synod.setUrl(cluster.url("NARAYANA"));
        synod.setUser(Cluster.USER);
        synod.setPassword(Cluster.PASSWORD);
        h2 = new JdbcDataSource();
        h2.setUrl("jdbc:h2:mem:narayana;DB_CLOSE_DELAY=-1");
        for (XADataSource source : List.of(synod, h2)) {
            Retry.run(() -> {
                run(source, "DROP TABLE IF EXISTS t", "CREATE TABLE t(id INT PRIMARY KEY)");
                return source;
            });
        }
        synodXa = synod.getXAConnection();
        h2Xa = h2.getXAConnection();
        manager();
    }

    @AfterEach
    void stop() throws SQLException {
        synodXa.close();
        h2Xa.close();
        run(h2, "SHUTDOWN");
    }

    /** Narayana has one per JVM, and reads its settings once. */
    private static synchronized void manager() throws Exception {
        if (recovery != null) {
            return;
        }
        arjPropertyManager.getCoreEnvironmentBean().setNodeIdentifier(NODE);
        for (String store : new String[] {null, "communicationStore", "stateStore"}) {
            ObjectStoreEnvironmentBean bean = store == null
                    ? BeanPopulator.getDefaultInstance(ObjectStoreEnvironmentBean.class)
                    : BeanPopulator.getNamedInstance(ObjectStoreEnvironmentBean.class, store);
            bean.setObjectStoreDir(directory.toString());
        }
        jtaPropertyManager.getJTAEnvironmentBean().setXaRecoveryNodes(List.of(NODE));
        recoveryPropertyManager
                .getRecoveryEnvironmentBean()
                .setRecoveryModuleClassNames(
                        List.of(AtomicActionRecoveryModule.class.getName(), XARecoveryModule.class.getName()));
        recoveryPropertyManager.getRecoveryEnvironmentBean().setRecoveryBackoffPeriod(1);
        recoveryPropertyManager.getRecoveryEnvironmentBean().setRecoveryListener(false);
        recovery = RecoveryManager.manager(RecoveryManager.DIRECT_MANAGEMENT);
        recovery.initialize();
    }

    private static void run(XADataSource source, String... statements) throws SQLException {
        XAConnection pooled = source.getXAConnection();
        try (Connection c = pooled.getConnection();
                Statement s = c.createStatement()) {
            for (String sql : statements) {
                s.execute(sql);
            }
        } finally {
            pooled.close();
        }
    }

    private static int rows(XADataSource source) throws SQLException {
        XAConnection pooled = source.getXAConnection();
        try (Connection c = pooled.getConnection();
                Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT COUNT(*) FROM t")) {
            rows.next();
            return rows.getInt(1);
        } finally {
            pooled.close();
        }
    }

    private int inDoubt() throws Exception {
        XAConnection pooled = synod.getXAConnection();
        try {
            return pooled.getXAResource().recover(XAResource.TMSTARTRSCAN).length;
        } finally {
            pooled.close();
        }
    }

    /** No proxy: these are serializable, and Narayana would write it into its log. */
    private record Watched(XAResource resource, Between between) implements XAResource {
        @Override
        public int prepare(Xid xid) throws XAException {
            int vote = resource.prepare(xid);
            try {
                between.run();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
            return vote;
        }

        @Override
        public void start(Xid xid, int flags) throws XAException {
            resource.start(xid, flags);
        }

        @Override
        public void end(Xid xid, int flags) throws XAException {
            resource.end(xid, flags);
        }

        @Override
        public void commit(Xid xid, boolean onePhase) throws XAException {
            resource.commit(xid, onePhase);
        }

        @Override
        public void rollback(Xid xid) throws XAException {
            resource.rollback(xid);
        }

        @Override
        public void forget(Xid xid) throws XAException {
            resource.forget(xid);
        }

        @Override
        public Xid[] recover(int flags) throws XAException {
            return resource.recover(flags);
        }

        @Override
        public boolean isSameRM(XAResource other) {
            return other == this;
        }

        @Override
        public int getTransactionTimeout() throws XAException {
            return resource.getTransactionTimeout();
        }

        @Override
        public boolean setTransactionTimeout(int seconds) throws XAException {
            return resource.setTransactionTimeout(seconds);
        }
    }

    private void insertIntoBoth(Between between) throws Exception {
        var manager = TransactionManager.transactionManager();
        // The manager rolls back after a minute otherwise.
        manager.setTransactionTimeout((int) Await.LIMIT.toSeconds() * 2);
        manager.begin();
        // In the order in which they are prepared.
        assertTrue(manager.getTransaction().enlistResource(synodXa.getXAResource()));
        assertTrue(manager.getTransaction().enlistResource(new Watched(h2Xa.getXAResource(), between)));
        // H2 rolls back when a connection is closed before the manager's commit; Synod does not.
        try (Connection inH2 = h2Xa.getConnection()) {
            try (Connection inSynod = synodXa.getConnection()) {
                insert(inSynod);
            }
            insert(inH2);
            manager.commit();
        }
    }

    private static void insert(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute("INSERT INTO t VALUES (1)");
        }
    }

    @Test
    void the_manager_commits_behind_the_failover() throws Exception {
        insertIntoBoth(() -> cluster.killLeader());
        assertEquals(1, rows(h2));
        assertEquals(1, rows(synod));
        assertEquals(0, inDoubt());
    }

    @Test
    void the_managers_recovery_finishes_a_branch_whose_connection_and_leader_are_lost() throws Exception {
        insertIntoBoth(() -> {
            assertEquals(1, inDoubt());
            cluster.killLeader();
            synodXa.close();
        });
        assertEquals(1, rows(h2));
        assertEquals(0, rows(synod));
        assertEquals(1, inDoubt());
        XAConnection pooled = synod.getXAConnection();
        for (var module : recovery.getModules()) {
            if (module instanceof XARecoveryModule xa) {
                xa.addXAResourceRecoveryHelper(new XAResourceRecoveryHelper() {
                    @Override
                    public boolean initialise(String parameters) {
                        return true;
                    }

                    @Override
                    public XAResource[] getXAResources() throws SQLException {
                        return new XAResource[] {pooled.getXAResource()};
                    }
                });
            }
        }
        Await.until("the manager has recovered", () -> {
            recovery.scan();
            return inDoubt() == 0;
        });
        assertEquals(1, rows(synod));
        pooled.close();
    }
}
