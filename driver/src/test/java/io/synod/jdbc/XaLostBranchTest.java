package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.XAConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A manager asks a connection for another branch while its own one is lost: that was not rolled back with it. */
@Timeout(240)
public class XaLostBranchTest {
    private record Name(int number) implements Xid {
        @Override
        public int getFormatId() {
            return 1;
        }

        @Override
        public byte[] getGlobalTransactionId() {
            return ByteBuffer.allocate(4).putInt(number).array();
        }

        @Override
        public byte[] getBranchQualifier() {
            return new byte[] {2};
        }
    }

    /** Called by SQL. */
    public static String decision(String name) {
        return "COMMITTED";
    }

    @Test
    void it_is_told_to_come_again_and_not_that_the_other_one_was_rolled_back() throws Exception {
        try (StockNode node = new StockNode()) {
            SynodXADataSource source = new SynodXADataSource();
            source.setUrl(node.url(""));
            source.setUser("sa");
            source.setPassword("secret");
            XAConnection pooled = source.getXAConnection();
            XAResource resource = pooled.getXAResource();
            try (Connection c = pooled.getConnection();
                    Statement s = c.createStatement()) {
                s.execute("CREATE ALIAS SYNOD.DECISION FOR '" + XaLostBranchTest.class.getName() + ".decision'");
                resource.start(new Name(1), XAResource.TMNOFLAGS);
                s.execute("INSERT INTO ITEM VALUES (1, 'x')");
                node.a.down();
                node.b.up();
                SQLException lost =
                        assertThrows(SQLException.class, () -> s.execute("INSERT INTO ITEM VALUES (2, 'x')"));
                assertEquals("40001", lost.getSQLState());
                XAException e = assertThrows(XAException.class, () -> resource.commit(new Name(2), false));
                assertEquals(XAException.XAER_RMFAIL, e.errorCode, e.toString());
                e = assertThrows(XAException.class, () -> resource.forget(new Name(2)));
                assertEquals(XAException.XAER_RMFAIL, e.errorCode, e.toString());
                e = assertThrows(XAException.class, () -> resource.recover(XAResource.TMSTARTRSCAN));
                assertEquals(XAException.XAER_RMFAIL, e.errorCode, e.toString());
                resource.end(new Name(1), XAResource.TMFAIL);
                resource.rollback(new Name(1));
                resource.commit(new Name(2), false);
                assertArrayEquals(new Xid[0], resource.recover(XAResource.TMSTARTRSCAN));
            }
            pooled.close();
        }
    }
}
