package io.synod.engine.jdbc.recorded;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.List;

/** Transactions, savepoints, batches, what a commit does to open result sets. */
final class TransactionCalls {
    static final List<Program> PROGRAMS = List.of(
            new Program("auto-commit, commit and rollback", TransactionCalls::commits),
            new Program("isolation levels", TransactionCalls::isolation),
            new Program("savepoints", TransactionCalls::savepoints),
            new Program("batches of statements", TransactionCalls::statementBatches),
            new Program("batches of parameters", TransactionCalls::parameterBatches),
            new Program("result sets over the end of a transaction", TransactionCalls::holdability));

    private TransactionCalls() {}

    private static void count(Calls calls, Connection c) {
        calls.attempt(() -> {
            try (Statement s = c.createStatement()) {
                Results.dump(s.executeQuery("SELECT COUNT(*), SUM(x) FROM t"));
            }
        });
    }

    private static void commits(Calls calls) throws SQLException {
        Connection c = calls.connection();
        Connection other = calls.another();
        calls.run("CREATE TABLE t(x INT PRIMARY KEY)");
        c.commit();
        c.rollback();
        c.setAutoCommit(false);
        Statement s = c.createStatement();
        s.executeUpdate("INSERT INTO t VALUES (1)");
        count(calls, other);
        c.commit();
        count(calls, other);
        s.executeUpdate("INSERT INTO t VALUES (2)");
        calls.attempt(() -> s.executeUpdate("INSERT INTO t VALUES (3), (2)"));
        c.rollback();
        count(calls, c);
        s.executeUpdate("INSERT INTO t VALUES (4)");
        c.setAutoCommit(false);
        count(calls, other);
        c.setAutoCommit(true);
        count(calls, other);
        s.execute("BEGIN");
        c.getAutoCommit();
        s.executeUpdate("INSERT INTO t VALUES (5)");
        s.execute("ROLLBACK");
        c.getAutoCommit();
        s.execute("SET AUTOCOMMIT FALSE");
        c.getAutoCommit();
        s.executeUpdate("INSERT INTO t VALUES (6)");
        s.execute("SET AUTOCOMMIT TRUE");
        c.getAutoCommit();
        count(calls, other);
        c.setReadOnly(true);
        s.executeUpdate("INSERT INTO t VALUES (7)");
        c.setReadOnly(false);
        c.setAutoCommit(false);
        s.executeUpdate("INSERT INTO t VALUES (8)");
        other.setAutoCommit(false);
        count(calls, other);
        c.close();
        count(calls, other);
        other.rollback();
        other.close();
    }

    private static void isolation(Calls calls) throws SQLException {
        Connection c = calls.connection();
        Connection other = calls.another();
        calls.run("CREATE TABLE t(x INT)");
        c.getTransactionIsolation();
        for (int level : new int[] {0, 1, 2, 4, 6, 8, 77}) {
            calls.recorder().note("level " + level);
            calls.attempt(() -> c.setTransactionIsolation(level));
            c.getTransactionIsolation();
            c.setAutoCommit(false);
            count(calls, c);
            try (Statement s = other.createStatement()) {
                s.executeUpdate("INSERT INTO t VALUES (1)");
            }
            count(calls, c);
            c.commit();
            count(calls, c);
            c.rollback();
            // In an open transaction it commits.
            try (Statement s = c.createStatement()) {
                s.executeUpdate("INSERT INTO t VALUES (2)");
            }
            c.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            c.rollback();
            count(calls, other);
            c.setAutoCommit(true);
        }
        try (Statement s = c.createStatement()) {
            for (String level :
                    new String[] {"READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SNAPSHOT", "SERIALIZABLE"
                    }) {
                s.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL " + level);
                c.getTransactionIsolation();
            }
        }
        other.close();
    }

    private static void savepoints(Calls calls) throws SQLException {
        Connection c = calls.connection();
        calls.run("CREATE TABLE t(x INT)");
        calls.attempt(() -> c.setSavepoint("under auto-commit"));
        c.setAutoCommit(false);
        Statement s = c.createStatement();
        s.executeUpdate("INSERT INTO t VALUES (1)");
        Savepoint named = c.setSavepoint("a name");
        named.getSavepointName();
        calls.attempt(named::getSavepointId);
        s.executeUpdate("INSERT INTO t VALUES (2)");
        Savepoint unnamed = c.setSavepoint();
        unnamed.getSavepointId();
        calls.attempt(unnamed::getSavepointName);
        s.executeUpdate("INSERT INTO t VALUES (3)");
        calls.attempt(() -> s.executeUpdate("INSERT INTO t VALUES ('nonsense')"));
        c.rollback(unnamed);
        count(calls, c);
        c.rollback(unnamed);
        Savepoint same = c.setSavepoint("same");
        s.executeUpdate("INSERT INTO t VALUES (4)");
        Savepoint again = c.setSavepoint("same");
        s.executeUpdate("INSERT INTO t VALUES (5)");
        c.rollback(same);
        calls.attempt(() -> c.rollback(again));
        count(calls, c);
        c.releaseSavepoint(named);
        calls.attempt(() -> c.rollback(named));
        calls.attempt(() -> c.releaseSavepoint(named));
        calls.attempt(named::getSavepointName);
        c.commit();
        calls.attempt(() -> c.rollback(unnamed));
        count(calls, c);
        s.execute("INSERT INTO t VALUES (6)");
        s.execute("SAVEPOINT sql");
        s.execute("INSERT INTO t VALUES (7)");
        s.execute("ROLLBACK TO SAVEPOINT sql");
        calls.attempt(() -> s.execute("ROLLBACK TO SAVEPOINT nothing"));
        count(calls, c);
        // A savepoint as the first thing of a transaction.
        c.rollback();
        Savepoint first = c.setSavepoint();
        count(calls, c);
        s.execute("INSERT INTO t VALUES (8)");
        c.rollback(first);
        s.execute("INSERT INTO t VALUES (9)");
        c.commit();
        count(calls, c);
    }

    private static void statementBatches(Calls calls) throws SQLException {
        Connection c = calls.connection();
        calls.run("CREATE TABLE t(x INT PRIMARY KEY)");
        for (boolean autoCommit : new boolean[] {true, false}) {
            c.setAutoCommit(autoCommit);
            Statement s = c.createStatement();
            int base = autoCommit ? 0 : 100;
            calls.attempt(s::executeBatch);
            s.addBatch("INSERT INTO t VALUES (" + (base + 1) + "), (" + (base + 2) + ")");
            s.addBatch("UPDATE t SET x = x WHERE x > " + base);
            s.executeBatch();
            count(calls, c);
            calls.attempt(() -> {
                s.addBatch("INSERT INTO t VALUES (" + (base + 3) + ")");
                s.addBatch("INSERT INTO t VALUES (" + (base + 1) + ")");
                s.addBatch("SELECT 1");
                s.addBatch("nonsense");
                s.addBatch("INSERT INTO t VALUES (" + (base + 4) + ")");
                s.executeBatch();
            });
            count(calls, c);
            calls.attempt(s::executeLargeBatch);
            s.addBatch("DELETE FROM t WHERE x = " + (base + 4));
            s.clearBatch();
            calls.attempt(s::executeBatch);
            s.addBatch("DELETE FROM t WHERE x = " + (base + 4));
            s.executeLargeBatch();
            calls.attempt(() -> s.addBatch(null));
            s.addBatch("CREATE TABLE made" + base + "(x INT)");
            s.addBatch("INSERT INTO made" + base + " VALUES (1)");
            s.executeBatch();
            c.rollback();
            count(calls, c);
            s.addBatch("INSERT INTO t VALUES (" + (base + 50) + ")");
            s.executeBatch();
            Results.dump(s.getGeneratedKeys());
            s.close();
            calls.attempt(s::executeBatch);
            c.commit();
        }
        count(calls, c);
    }

    private static void parameterBatches(Calls calls) throws SQLException {
        Connection c = calls.connection();
        calls.run("CREATE TABLE t(id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, x INT UNIQUE)");
        for (boolean autoCommit : new boolean[] {true, false}) {
            int base = autoCommit ? 0 : 100;
            c.setAutoCommit(autoCommit);
            PreparedStatement p = c.prepareStatement("INSERT INTO t(x) VALUES (?)", Statement.RETURN_GENERATED_KEYS);
            calls.attempt(p::executeBatch);
            for (int x : new int[] {1, 2, 1, 3}) {
                p.setInt(1, base + x);
                p.addBatch();
            }
            calls.attempt(p::executeBatch);
            Results.dump(p.getGeneratedKeys());
            count(calls, c);
            p.setInt(1, base + 4);
            p.addBatch();
            p.setString(1, "nonsense");
            p.addBatch();
            p.setInt(1, base + 5);
            p.addBatch();
            calls.attempt(p::executeLargeBatch);
            Results.dump(p.getGeneratedKeys());
            count(calls, c);
            p.clearParameters();
            calls.attempt(p::addBatch);
            p.setInt(1, 1000);
            p.addBatch();
            p.clearBatch();
            calls.attempt(p::executeBatch);
            calls.attempt(() -> p.addBatch("INSERT INTO t(x) VALUES (77)"));
            p.close();
            PreparedStatement q = c.prepareStatement("SELECT ?");
            q.setInt(1, 1);
            q.addBatch();
            calls.attempt(q::executeBatch);
            PreparedStatement u = c.prepareStatement("UPDATE t SET x = x + 1000 WHERE x > ?");
            for (int x : new int[] {base + 2, base + 50}) {
                u.setInt(1, x);
                u.addBatch();
            }
            u.executeLargeBatch();
            c.commit();
            count(calls, c);
        }
    }

    private static void holdability(Calls calls) throws SQLException {
        Connection c = calls.connection();
        calls.run("CREATE TABLE t(x INT)", "INSERT INTO t SELECT x FROM SYSTEM_RANGE(1, 10)");
        for (int holdability : new int[] {ResultSet.HOLD_CURSORS_OVER_COMMIT, ResultSet.CLOSE_CURSORS_AT_COMMIT}) {
            c.setAutoCommit(false);
            for (boolean commit : new boolean[] {true, false}) {
                Statement s = c.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY, holdability);
                try (Statement w = c.createStatement()) {
                    w.executeUpdate("INSERT INTO t VALUES (100)");
                }
                ResultSet r = s.executeQuery("SELECT x FROM t ORDER BY x");
                r.next();
                if (commit) {
                    c.commit();
                } else {
                    c.rollback();
                }
                calls.attempt(() -> Results.dump(r));
                s.isClosed();
            }
            c.setAutoCommit(true);
            Statement s = c.createStatement();
            ResultSet r = s.executeQuery("SELECT x FROM t ORDER BY x");
            r.next();
            try (Statement w = c.createStatement()) {
                w.executeUpdate("DELETE FROM t WHERE x = 100");
            }
            Results.dump(r);
        }
    }
}
