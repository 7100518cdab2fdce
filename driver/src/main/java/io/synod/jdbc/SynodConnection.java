package io.synod.jdbc;

import java.sql.SQLException;
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
