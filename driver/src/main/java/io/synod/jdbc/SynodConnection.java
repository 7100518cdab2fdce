package io.synod.jdbc;

import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.Session;
import org.h2.jdbc.JdbcConnection;
import org.h2.message.DbException;

/**
 * H2's JDBC connection on a session of ours. H2 expects a close watcher that the public constructor does not make, so closing
 * is done here. As thread-safe as H2's connection: calls are serialized.
 */
public final class SynodConnection extends JdbcConnection {
    private static final Executor LATER =
            CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS, AsyncCommits.EXECUTOR);

    private volatile boolean closed;
    private volatile boolean readOnly;
    /** The commit that is on its way; {@code null} for none. */
    private volatile CompletableFuture<Void> committing;

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
     * statement that runs is cancelled (57014); a commit that is on its way gets a second more, then its outcome is not known
     * (08007). H2 itself does nothing here.
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
        AtomicBoolean over = new AtomicBoolean();
        cancelUntil(over, session);
        session.lock();
        try {
            over.set(true);
            if (!session.isClosed()) {
                session.close();
            }
        } finally {
            session.unlock();
        }
    }

    /** A statement that was about to begin when it was cancelled does not know of it. */
    private static void cancelUntil(AtomicBoolean over, Session session) {
        LATER.execute(() -> {
            if (!over.get()) {
                session.cancel();
                cancelUntil(over, session);
            }
        });
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

    /** See {@link SessionNotices#lostTransactions()}. */
    long lostTransactions() throws SQLException {
        lock();
        try {
            checkClosed();
            return getSession() instanceof SessionNotices notices ? notices.lostTransactions() : 0;
        } finally {
            unlock();
        }
    }

    /**
     * Commits without waiting for it, so that one thread can have commits of several connections on their way at a time; they
     * then share forces and round trips. Works on every kind of connection and on every node.
     *
     * <p><b>Order.</b> The commit has begun when this returns, with the transaction's locks held until it ends. Every other
     * call on this connection or its statements waits for that end first, this method included: there is one commit of a
     * connection at a time. {@link #close()} and {@code abort} do not wait for the outcome to be told.
     *
     * <p><b>Errors.</b> The stage ends exceptionally with the {@link SQLException} that {@link #commit()} would have thrown,
     * with the same SQLStates (40001 surely not committed, 08007 not known). The call itself throws only for what is known
     * before anything is sent: a closed connection, or auto-commit mode.
     *
     * <p><b>Threads.</b> The commit is made by a daemon thread of the driver ({@code synod-commit-n}, at most 512 in the JVM;
     * beyond, the caller's thread makes it before this returns). Stages that depend on the result without an executor of
     * their own run on that thread, or on the caller's when the commit has ended already: they must not wait for long. This
     * connection may be used in them.
     *
     * @return ends when {@code commit()} would have returned at this connection's commit level
     * @throws SQLException 90007 the connection is closed; HY010 it is in auto-commit mode
     */
    public CompletionStage<Void> commitAsync() throws SQLException {
        lock();
        try {
            checkClosed();
            if (getAutoCommit()) {
                throw Errors.autoCommit();
            }
            CompletableFuture<Void> done = new CompletableFuture<>();
            CompletableFuture<Void> told = new CompletableFuture<>();
            committing = done;
            AsyncCommits.EXECUTOR.execute(() -> {
                SQLException failure = commitNow();
                // First those who wait for the connection: what depends on the stage may use it.
                done.complete(null);
                if (failure == null) {
                    told.complete(null);
                } else {
                    told.completeExceptionally(failure);
                }
            });
            return told;
        } catch (RuntimeException e) {
            throw logAndConvert(e);
        } finally {
            unlock();
        }
    }

    /** Past H2's connection, whose lock may be held by somebody who waits for just this. */
    private SQLException commitNow() {
        Session session = getSession();
        try {
            session.lock();
            try (CommandInterface commit = session.prepareCommand("COMMIT")) {
                commit.executeUpdate(null);
            } finally {
                session.unlock();
            }
            return null;
        } catch (RuntimeException e) {
            return DbException.convert(e).getSQLException();
        } catch (Error e) {
            return new SQLException("the commit failed: " + e, "HY000", e);
        }
    }

    private void awaitCommit() {
        CompletableFuture<Void> last = committing;
        if (last != null) {
            // Ends with the commit, which is bounded by the time-outs of the session.
            last.join();
            committing = null;
        }
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
        } catch (RuntimeException e) {
            throw logAndConvert(e);
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

    /**
     * Whether this connection can go on: remotely, whether its node answers, or else another one does, within the time. It need not
     * have a leader. Changes nothing: a transaction that was lost with its node stays lost, and the next statement says so. Waits for a
     * call of another thread on this connection, whatever the time.
     *
     * @param timeoutSeconds 0 for no limit of its own; H2 ignores it
     */
    @Override
    public boolean isValid(int timeoutSeconds) {
        if (closed || !(getSession() instanceof FailoverSession session)) {
            return !closed && super.isValid(timeoutSeconds);
        }
        awaitCommit();
        return session.isValid(timeoutSeconds);
    }

    @Override
    protected void checkClosed() {
        if (closed) {
            throw DbException.get(ErrorCode.OBJECT_CLOSED);
        }
        awaitCommit();
        super.checkClosed();
    }
}
