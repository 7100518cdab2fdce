package io.synod.jdbc;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.ConnectionEvent;
import javax.sql.ConnectionEventListener;
import javax.sql.PooledConnection;
import javax.sql.StatementEventListener;

/**
 * A connection that a pool keeps, and lends out as handles: closing a handle tells the pool, and leaves the connection open.
 * One handle at a time: the one before is closed, and what it left open is rolled back. Thread-safe.
 */
class SynodPooledConnection implements PooledConnection {
    private final SynodConnection physical;
    private final List<ConnectionEventListener> listeners = new CopyOnWriteArrayList<>();
    private Handle lent;
    private boolean closed;

    SynodPooledConnection(SynodConnection physical) {
        this.physical = physical;
    }

    /** The connection under all handles. */
    SynodConnection physical() {
        return physical;
    }

    /**
     * @return a handle in auto-commit mode
     * @throws SQLException 90007 once this is closed
     */
    @Override
    public synchronized Connection getConnection() throws SQLException {
        if (closed) {
            throw closedError();
        }
        if (lent != null) {
            lent.ended = true;
        }
        if (!isInBranch() && !physical.getAutoCommit()) {
            physical.rollback();
            physical.setAutoCommit(true);
        }
        lent = new Handle();
        return (Connection) Proxy.newProxyInstance(
                SynodPooledConnection.class.getClassLoader(), new Class<?>[] {Connection.class}, lent);
    }

    /** Whether the transaction is somebody else's to end. */
    boolean isInBranch() {
        return false;
    }

    private static SQLException closedError() {
        return new SQLNonTransientConnectionException(
                "the connection is closed: get another one from the pool", "90007", 90007);
    }

    @Override
    public void close() throws SQLException {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            if (lent != null) {
                lent.ended = true;
            }
        }
        physical.close();
    }

    @Override
    public void addConnectionEventListener(ConnectionEventListener listener) {
        listeners.add(listener);
    }

    @Override
    public void removeConnectionEventListener(ConnectionEventListener listener) {
        listeners.remove(listener);
    }

    /** Statements are not pooled: there are no such events. */
    @Override
    public void addStatementEventListener(StatementEventListener listener) {
        // See the interface: optional where statements are not pooled.
    }

    @Override
    public void removeStatementEventListener(StatementEventListener listener) {
        // None was added.
    }

    private final class Handle implements InvocationHandler {
        private volatile boolean ended;

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            switch (method.getName()) {
                case "close" -> {
                    giveBack();
                    return null;
                }
                case "isClosed" -> {
                    return ended || physical.isClosed();
                }
                case "isValid" -> {
                    if (ended) {
                        return false;
                    }
                }
                case "hashCode" -> {
                    return System.identityHashCode(proxy);
                }
                case "equals" -> {
                    return proxy == arguments[0];
                }
                case "toString" -> {
                    return "handle of " + physical;
                }
                case "commit", "rollback", "setAutoCommit", "setSavepoint", "releaseSavepoint", "commitAsync" -> {
                    if (ended) {
                        throw closedError();
                    }
                    if (isInBranch()) {
                        throw Errors.inBranch(method.getName());
                    }
                }
                default -> {
                    if (ended) {
                        throw closedError();
                    }
                }
            }
            return call(method, arguments);
        }

        private Object call(Method method, Object[] arguments) throws Throwable {
            try {
                return method.invoke(physical, arguments);
            } catch (InvocationTargetException e) {
                if (e.getCause() instanceof SQLException error && physical.isClosed()) {
                    ConnectionEvent event = new ConnectionEvent(SynodPooledConnection.this, error);
                    listeners.forEach(listener -> listener.connectionErrorOccurred(event));
                }
                throw e.getCause();
            }
        }

        /** The next user must not find what this one has left open. */
        private void giveBack() throws SQLException {
            synchronized (SynodPooledConnection.this) {
                if (ended) {
                    return;
                }
                ended = true;
                lent = null;
            }
            if (!isInBranch() && !physical.isClosed() && !physical.getAutoCommit()) {
                physical.rollback();
            }
            ConnectionEvent event = new ConnectionEvent(SynodPooledConnection.this);
            listeners.forEach(listener -> listener.connectionClosed(event));
        }
    }
}
