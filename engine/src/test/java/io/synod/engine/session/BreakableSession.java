package io.synod.engine.session;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.UUID;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.api.JavaObjectSerializer;
import org.h2.command.CommandInterface;
import org.h2.engine.IsolationLevel;
import org.h2.engine.Mode;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.expression.ParameterInterface;
import org.h2.jdbc.meta.DatabaseMeta;
import org.h2.message.DbException;
import org.h2.message.Trace;
import org.h2.result.ResultInterface;
import org.h2.result.ResultWithGeneratedKeys;
import org.h2.store.DataHandler;
import org.h2.util.NetworkConnectionInfo;
import org.h2.util.TimeZoneProvider;
import org.h2.value.ValueBlob;
import org.h2.value.ValueLob;
import org.h2.value.ValueTimestampTimeZone;

/**
 * A session on another node whose connection breaks around a commit when the test says so, and when rows are asked for that
 * the other node cannot send any more.
 */
final class BreakableSession extends SynodSession {
    private final TestNode node;
    private final SynodSession inner;
    private boolean broken;
    /** Rows could not be fetched: as H2's, it does not know yet that it is broken. */
    private boolean severed;

    BreakableSession(TestNode node, SynodSession inner) {
        this.node = node;
        this.inner = inner;
    }

    private void breakWith(Runnable then) {
        if (then != null) {
            sever(then);
            checkSevered();
        }
    }

    private void sever(Runnable then) {
        severed = true;
        inner.lock();
        try {
            inner.close();
        } finally {
            inner.unlock();
        }
        then.run();
    }

    private void checkSevered() {
        if (severed) {
            broken = true;
            throw DbException.get(ErrorCode.CONNECTION_BROKEN_1, "test");
        }
    }

    @Override
    public CommandInterface prepareCommand(String sql) {
        checkSevered();
        node.countPrepared();
        CommandInterface command = inner.prepareCommand(sql);
        boolean commits = sql.startsWith("CALL SYNOD.COMMIT")
                || sql.startsWith("CALL SYNOD.PREPARE(")
                || sql.startsWith("CALL SYNOD.CAN_COMMIT(")
                || sql.startsWith("COMMIT TRANSACTION")
                || sql.startsWith("ROLLBACK TRANSACTION")
                || sql.startsWith("ROLLBACK TO SAVEPOINT")
                || sql.startsWith("CALL FT_")
                || sql.startsWith("CREATE TABLE")
                || sql.startsWith("ALTER TABLE")
                || sql.startsWith("SELECT EXISTS(SELECT * FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE")
                || sql.startsWith("UPDATE /* may break */");
        return new Asking(command, commits);
    }

    private void portion(int rows) {
        Runnable then = severed || !node.isReachable() ? () -> {} : node.sends(rows);
        if (then != null) {
            sever(then);
            throw DbException.convertIOException(new IOException("test"), null);
        }
    }

    private final class Asking extends WrappedCommand {
        private final boolean commits;

        private Asking(CommandInterface command, boolean commits) {
            super(command);
            this.commits = commits;
        }

        @Override
        public ResultInterface executeQuery(long maxRows, int fetchSize, boolean scrollable) {
            if (!commits) {
                return LinkRows.of(
                        command.executeQuery(maxRows, -1, false),
                        scrollable ? Integer.MAX_VALUE : fetchSize,
                        BreakableSession.this::portion);
            }
            return asked(() -> command.executeQuery(maxRows, fetchSize, scrollable));
        }

        @Override
        public ResultWithGeneratedKeys executeUpdate(Object keys) {
            lobsArrive();
            return commits ? asked(() -> command.executeUpdate(keys)) : command.executeUpdate(keys);
        }

        /** Their content has come over the wire, and is not read from the sender's store any more. */
        private void lobsArrive() {
            for (ParameterInterface parameter : command.getParameters()) {
                if (parameter.isValueSet() && parameter.getParamValue() instanceof ValueBlob lob) {
                    try (InputStream in = lob.getInputStream()) {
                        parameter.setValue(ValueBlob.createSmall(in.readAllBytes()), true);
                    } catch (IOException e) {
                        throw DbException.convertIOException(e, "test");
                    }
                }
            }
        }

        /** The answer is lost, whether it is a result or an error. */
        private <T> T asked(Supplier<T> call) {
            breakWith(node.takeBreakBefore());
            T result;
            try {
                result = call.get();
            } catch (DbException e) {
                breakWith(node.takeBreakAfter());
                throw e;
            }
            breakWith(node.takeBreakAfter());
            return result;
        }
    }

    @Override
    public SessionLocal local() {
        return inner.local();
    }

    @Override
    public void request(UUID clientSession, long number) {
        inner.request(clientSession, number);
    }

    @Override
    public ArrayList<String> getClusterServers() {
        return inner.getClusterServers();
    }

    @Override
    public void close() {
        inner.lock();
        try {
            inner.close();
        } finally {
            inner.unlock();
        }
    }

    @Override
    public Trace getTrace() {
        return inner.getTrace();
    }

    @Override
    public boolean isClosed() {
        return broken || !severed && inner.isClosed();
    }

    @Override
    public DataHandler getDataHandler() {
        return inner.getDataHandler();
    }

    @Override
    public boolean hasPendingTransaction() {
        return inner.hasPendingTransaction();
    }

    @Override
    public void cancel() {
        inner.cancel();
    }

    @Override
    public boolean getAutoCommit() {
        return inner.getAutoCommit();
    }

    @Override
    public void setAutoCommit(boolean on) {
        inner.setAutoCommit(on);
    }

    @Override
    public ValueLob addTemporaryLob(ValueLob v) {
        return inner.addTemporaryLob(v);
    }

    @Override
    public boolean isRemote() {
        return true;
    }

    @Override
    public void setCurrentSchemaName(String schema) {
        inner.setCurrentSchemaName(schema);
    }

    @Override
    public String getCurrentSchemaName() {
        return inner.getCurrentSchemaName();
    }

    @Override
    public void setNetworkConnectionInfo(NetworkConnectionInfo info) {
        inner.setNetworkConnectionInfo(info);
    }

    @Override
    public IsolationLevel getIsolationLevel() {
        return inner.getIsolationLevel();
    }

    @Override
    public void setIsolationLevel(IsolationLevel level) {
        inner.setIsolationLevel(level);
    }

    @Override
    public StaticSettings getStaticSettings() {
        return inner.getStaticSettings();
    }

    @Override
    public DynamicSettings getDynamicSettings() {
        return inner.getDynamicSettings();
    }

    @Override
    public <T> T readCatalogue(Supplier<T> query) {
        return inner.readCatalogue(query);
    }

    @Override
    public DatabaseMeta getDatabaseMeta() {
        return inner.getDatabaseMeta();
    }

    @Override
    public boolean isOldInformationSchema() {
        return inner.isOldInformationSchema();
    }

    @Override
    public Session setThreadLocalSession() {
        return inner.setThreadLocalSession();
    }

    @Override
    public void resetThreadLocalSession(Session old) {
        inner.resetThreadLocalSession(old);
    }

    @Override
    public ValueTimestampTimeZone currentTimestamp() {
        return inner.currentTimestamp();
    }

    @Override
    public TimeZoneProvider currentTimeZone() {
        return inner.currentTimeZone();
    }

    @Override
    public Mode getMode() {
        return inner.getMode();
    }

    @Override
    public JavaObjectSerializer getJavaObjectSerializer() {
        return inner.getJavaObjectSerializer();
    }

    @Override
    public boolean zeroBasedEnums() {
        return inner.zeroBasedEnums();
    }
}
