package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.XAConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.Xid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A node that does not yet remember how branches were decided is asked for it. */
@Timeout(240)
public class XaOlderNodeTest {
    private static final String ITS_ERROR = "SYNOD.DECISION is not known to this node, which is of Synod version 0.0.1";

    private record Name() implements Xid {
        @Override
        public int getFormatId() {
            return 1;
        }

        @Override
        public byte[] getGlobalTransactionId() {
            return new byte[] {1};
        }

        @Override
        public byte[] getBranchQualifier() {
            return new byte[] {2};
        }
    }

    /** Called by SQL. */
    public static String decision(String name) throws SQLException {
        throw new SQLException(ITS_ERROR, "22023", 90008);
    }

    @Test
    void the_error_names_both_versions_and_lets_the_manager_come_again() throws Exception {
        try (StockNode node = new StockNode()) {
            SynodXADataSource source = new SynodXADataSource();
            source.setUrl(node.url(""));
            source.setUser("sa");
            source.setPassword("secret");
            XAConnection pooled = source.getXAConnection();
            try (Connection c = pooled.getConnection();
                    Statement s = c.createStatement()) {
                s.execute("CREATE ALIAS SYNOD.DECISION FOR '" + XaOlderNodeTest.class.getName() + ".decision'");
            }
            for (boolean commit : new boolean[] {true, false}) {
                XAException e = assertThrows(XAException.class, () -> {
                    if (commit) {
                        pooled.getXAResource().commit(new Name(), false);
                    } else {
                        pooled.getXAResource().rollback(new Name());
                    }
                });
                assertEquals(XAException.XAER_RMFAIL, e.errorCode, e.toString());
                for (String part :
                        new String[] {"version 0.0.1", "version " + Release.version(), "Upgrade the nodes"}) {
                    assertTrue(e.getMessage().contains(part), e.getMessage());
                }
                assertEquals(
                        "22023",
                        assertInstanceOf(SQLException.class, e.getCause()).getSQLState());
            }
            assertTrue(Release.version().matches("[0-9].*"), Release.version());
            pooled.close();
        }
    }
}
