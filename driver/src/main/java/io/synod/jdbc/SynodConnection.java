package io.synod.jdbc;

import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.concurrent.Executor;
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
    /** Under the connection's lock. */
    private SQLWarning warnings;

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
            end(session);
        } catch (RuntimeException e) {
            throw logAndConvert(e);
        } finally {
            unlock();
        }
    }

    /**
     * Closes the connection from any thread: at once for whoever uses it from now on, its session in the executor. A
     * statement that runs is cancelled (57014), unless its commit is on its way. H2 itself does nothing here.
     *
     * @param executor {@code null} for the calling thread
     */
    @Override
    public void abort(Executor executor) {
        if (closed) {
            return;
        }
        closed = true;
        Session session = getSession();
        session.cancel();
        if (executor == null) {
            end(session);
        } else {
            executor.execute(() -> end(session));
        }
    }

    private static void end(Session session) {
        session.lock();
        try {
            if (!session.isClosed()) {
                session.close();
            }
        } finally {
            session.unlock();
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

    /** What came up beside the results, as SQLState 01000 for a commit that did not reach all members at COMMIT=ALL. */
    @Override
    public SQLWarning getWarnings() throws SQLException {
        lock();
        try {
            checkClosed();
            if (getSession() instanceof SessionNotices notices) {
                getSession().lock();
                try {
                    add(notices.takeWarnings());
                } finally {
                    getSession().unlock();
                }
            }
            return warnings;
        } finally {
            unlock();
        }
    }

    private void add(SQLWarning more) {
        if (warnings == null) {
            warnings = more;
        } else if (more != null) {
            warnings.setNextWarning(more);
        }
    }

    @Override
    public void clearWarnings() throws SQLException {
        SQLWarning cleared = getWarnings();
        if (cleared != null) {
            warnings = null;
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
