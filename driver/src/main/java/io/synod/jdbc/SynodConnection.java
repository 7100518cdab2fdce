package io.synod.jdbc;

import java.sql.SQLException;
import java.sql.Statement;
import org.h2.api.ErrorCode;
import org.h2.engine.Session;
import org.h2.jdbc.JdbcConnection;
import org.h2.message.DbException;

/**
 * H2's JDBC connection on a session of ours. H2 expects a close watcher that the public constructor does not make, so closing
 * is done here. As thread-safe as H2's connection: calls are serialized.
 */
public final class SynodConnection extends JdbcConnection {
    private volatile boolean closed;
    private volatile boolean readOnly;

    /**
     * @param session takes it over: it is closed with the connection
     * @param url what {@code getMetaData().getURL()} gives
     */
    public SynodConnection(Session session, String user, String url) throws SQLException {
        super(session, user, url);
    }

    @Override
    public void close() throws SQLException {
        lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            Session session = getSession();
            session.cancel();
            session.lock();
            try {
                if (!session.isClosed()) {
                    session.close();
                }
            } finally {
                session.unlock();
            }
        } catch (RuntimeException e) {
            throw logAndConvert(e);
        } finally {
            unlock();
        }
    }

    /**
     * A hint, as in H2: statements that write are still executed. Transactions above READ COMMITTED begin on the node of this
     * session instead of the leader from now on; the one that is open stays where it is.
     */
    @Override
    public void setReadOnly(boolean readOnly) throws SQLException {
        lock();
        try {
            super.setReadOnly(readOnly);
            if (this.readOnly != readOnly) {
                try (Statement statement = createStatement()) {
                    statement.execute("SET READ ONLY " + (readOnly ? "TRUE" : "FALSE"));
                }
                this.readOnly = readOnly;
            }
        } finally {
            unlock();
        }
    }

    /** Whether it was set so, or the database is. */
    @Override
    public boolean isReadOnly() throws SQLException {
        return super.isReadOnly() || readOnly;
    }

    /**
     * Whether statements were executed that a failover would roll back: outside of auto-commit mode, since the last commit,
     * rollback, or statement that commits by itself, as DDL does.
     *
     * @throws SQLException 90007 when this connection is closed
     */
    public boolean hasOpenTransaction() throws SQLException {
        lock();
        try {
            checkClosed();
            return !getAutoCommit() && getSession().hasPendingTransaction();
        } finally {
            unlock();
        }
    }

    @Override
    public boolean isClosed() throws SQLException {
        return closed || super.isClosed();
    }

    @Override
    public boolean isValid(int timeoutSeconds) {
        return !closed && super.isValid(timeoutSeconds);
    }

    @Override
    protected void checkClosed() {
        if (closed) {
            throw DbException.get(ErrorCode.OBJECT_CLOSED);
        }
        super.checkClosed();
    }
}
