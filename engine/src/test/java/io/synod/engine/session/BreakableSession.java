package io.synod.engine.session;

import java.util.ArrayList;
import java.util.UUID;
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
import org.h2.result.BatchResult;
import org.h2.result.ResultInterface;
import org.h2.result.ResultWithGeneratedKeys;
import org.h2.store.DataHandler;
import org.h2.util.NetworkConnectionInfo;
import org.h2.util.TimeZoneProvider;
import org.h2.value.Value;
import org.h2.value.ValueLob;
import org.h2.value.ValueTimestampTimeZone;

/** A session on another node whose connection breaks around a commit when the test says so. */
final class BreakableSession extends SynodSession {
    private final TestNode node;
    private final SynodSession inner;
    private boolean broken;

    BreakableSession(TestNode node, SynodSession inner) {
        this.node = node;
        this.inner = inner;
    }

    private void breakWith(Runnable then) {
        if (then != null) {
            broken = true;
            inner.lock();
            try {
                inner.close();
            } finally {
                inner.unlock();
            }
            then.run();
            throw DbException.get(ErrorCode.CONNECTION_BROKEN_1, "test");
        }
    }

    @Override
    public CommandInterface prepareCommand(String sql) {
        CommandInterface command = inner.prepareCommand(sql);
        return sql.startsWith("CALL SYNOD.COMMIT") ? new Committing(command) : command;
    }

    private final class Committing implements CommandInterface {
        private final CommandInterface command;

        private Committing(CommandInterface command) {
            this.command = command;
        }

        @Override
        public ResultInterface executeQuery(long maxRows, int fetchSize, boolean scrollable) {
            breakWith(node.takeBreakBefore());
            ResultInterface rows = command.executeQuery(maxRows, fetchSize, scrollable);
            breakWith(node.takeBreakAfter());
            return rows;
        }

        @Override
        public int getCommandType() {
            return command.getCommandType();
        }

        @Override
        public boolean isQuery() {
            return command.isQuery();
        }

        @Override
        public ArrayList<? extends ParameterInterface> getParameters() {
            return command.getParameters();
        }

        @Override
        public ResultWithGeneratedKeys executeUpdate(Object keys) {
            return command.executeUpdate(keys);
        }

        @Override
        public BatchResult executeBatchUpdate(ArrayList<Value[]> parameters, Object keys) {
            return command.executeBatchUpdate(parameters, keys);
        }

        @Override
        public void stop(boolean commitIfAutoCommit) {
            command.stop(commitIfAutoCommit);
        }

        @Override
        public void close() {
            command.close();
        }

        @Override
        public void cancel() {
            command.cancel();
        }

        @Override
        public ResultInterface getMetaData() {
            return command.getMetaData();
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
        return broken || inner.isClosed();
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
