package io.synod.engine.xa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.SynodXADataSource;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import javax.sql.XADataSource;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;

/** What the tests of XA have in common: names of branches and a table. */
final class Branches {
    static final String TABLE = "CREATE TABLE t(id INT PRIMARY KEY, x INT)";

    private Branches() {}

    /** The name of a branch, as a manager's own class would have it. */
    record Name(int number) implements Xid {
        @Override
        public int getFormatId() {
            return 4711;
        }

        @Override
        public byte[] getGlobalTransactionId() {
            return ("global " + number).getBytes(java.nio.charset.StandardCharsets.UTF_8);
        }

        @Override
        public byte[] getBranchQualifier() {
            return new byte[] {(byte) number, -1, 0};
        }

        boolean isNameOf(Xid other) {
            return other.getFormatId() == getFormatId()
                    && Arrays.equals(other.getGlobalTransactionId(), getGlobalTransactionId())
                    && Arrays.equals(other.getBranchQualifier(), getBranchQualifier());
        }
    }

    static SynodXADataSource source(String url) {
        SynodXADataSource source = new SynodXADataSource();
        source.setUrl(url);
        source.setUser("sa");
        source.setPassword("secret");
        return source;
    }

    static void run(Connection c, String... statements) throws SQLException {
        try (Statement s = c.createStatement()) {
            for (String sql : statements) {
                s.execute(sql);
            }
        }
    }

    static void run(XADataSource source, String... statements) throws SQLException {
        var pooled = source.getXAConnection();
        try (Connection c = pooled.getConnection()) {
            run(c, statements);
        } finally {
            pooled.close();
        }
    }

    static long number(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            assertTrue(rows.next(), sql);
            return rows.getLong(1);
        }
    }

    static long number(XADataSource source, String sql) throws SQLException {
        var pooled = source.getXAConnection();
        try (Connection c = pooled.getConnection()) {
            return number(c, sql);
        } finally {
            pooled.close();
        }
    }

    /** Runs a branch to its end and prepares it, in a connection that is closed then. */
    static int prepare(XADataSource source, Xid xid, String... statements) throws Exception {
        var pooled = source.getXAConnection();
        try {
            XAResource resource = pooled.getXAResource();
            resource.start(xid, XAResource.TMNOFLAGS);
            try (Connection c = pooled.getConnection()) {
                run(c, statements);
            }
            resource.end(xid, XAResource.TMSUCCESS);
            return resource.prepare(xid);
        } finally {
            pooled.close();
        }
    }

    @FunctionalInterface
    interface Call {
        void run() throws Exception;
    }

    static void assertCode(int code, Call call) {
        XAException e = assertThrows(XAException.class, call::run);
        assertEquals(code, e.errorCode, e.toString());
    }
}
