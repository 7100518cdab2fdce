package io.synod.engine.server;

import io.synod.engine.session.SynodSession;
import java.util.ArrayList;
import java.util.UUID;
import java.util.function.Supplier;
import org.h2.api.JavaObjectSerializer;
import org.h2.command.CommandInterface;
import org.h2.engine.IsolationLevel;
import org.h2.engine.Mode;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.meta.DatabaseMeta;
import org.h2.message.Trace;
import org.h2.store.DataHandler;
import org.h2.util.NetworkConnectionInfo;
import org.h2.util.TimeZoneProvider;
import org.h2.value.ValueLob;
import org.h2.value.ValueTimestampTimeZone;

/** A session without replication: H2's own, with the ids of its requests kept by a {@link CommitLedger}. */
final class PlainSession extends SynodSession {
    private final SessionLocal local;
    private final CommitLedger ledger;
    private volatile CommitLedger.Id request = CommitLedger.Id.NONE;

    PlainSession(SessionLocal local, CommitLedger ledger) {
        this.local = local;
        this.ledger = ledger;
    }

    CommitLedger.Id request() {
        return request;
    }

    CommitLedger ledger() {
        return ledger;
    }

    @Override
    public SessionLocal local() {
        return local;
    }

    @Override
    public void request(UUID clientSession, long number) {
        request = new CommitLedger.Id(clientSession, number);
        ledger.requested(request);
    }

    @Override
    public CommandInterface prepareCommand(String sql) {
        return new LedgerCommand(this, local.prepareCommand(sql), sql);
    }

    @Override
    public ArrayList<String> getClusterServers() {
        return local.getClusterServers();
    }

    @Override
    public void close() {
        local.close();
    }

    @Override
    public Trace getTrace() {
        return local.getTrace();
    }

    @Override
    public boolean isClosed() {
        return local.isClosed();
    }

    @Override
    public DataHandler getDataHandler() {
        return local.getDataHandler();
    }

    @Override
    public boolean hasPendingTransaction() {
        return local.hasPendingTransaction();
    }

    @Override
    public void cancel() {
        local.cancel();
    }

    @Override
    public boolean getAutoCommit() {
        return local.getAutoCommit();
    }

    @Override
    public void setAutoCommit(boolean autoCommit) {
        local.setAutoCommit(autoCommit);
    }

    @Override
    public ValueLob addTemporaryLob(ValueLob v) {
        return local.addTemporaryLob(v);
    }

    @Override
    public boolean isRemote() {
        return false;
    }

    @Override
    public void setCurrentSchemaName(String schema) {
        local.setCurrentSchemaName(schema);
    }

    @Override
    public String getCurrentSchemaName() {
        return local.getCurrentSchemaName();
    }

    @Override
    public void setNetworkConnectionInfo(NetworkConnectionInfo info) {
        local.setNetworkConnectionInfo(info);
    }

    @Override
    public IsolationLevel getIsolationLevel() {
        return local.getIsolationLevel();
    }

    @Override
    public void setIsolationLevel(IsolationLevel level) {
        local.setIsolationLevel(level);
    }

    @Override
    public StaticSettings getStaticSettings() {
        return local.getStaticSettings();
    }

    @Override
    public DynamicSettings getDynamicSettings() {
        return local.getDynamicSettings();
    }

    @Override
    public <T> T readCatalogue(Supplier<T> query) {
        return query.get();
    }

    @Override
    public DatabaseMeta getDatabaseMeta() {
        return local.getDatabaseMeta();
    }

    @Override
    public boolean isOldInformationSchema() {
        return local.isOldInformationSchema();
    }

    @Override
    public ValueTimestampTimeZone currentTimestamp() {
        return local.currentTimestamp();
    }

    @Override
    public TimeZoneProvider currentTimeZone() {
        return local.currentTimeZone();
    }

    @Override
    public Mode getMode() {
        return local.getMode();
    }

    @Override
    public JavaObjectSerializer getJavaObjectSerializer() {
        return local.getJavaObjectSerializer();
    }

    @Override
    public boolean zeroBasedEnums() {
        return local.zeroBasedEnums();
    }

    @Override
    public Session setThreadLocalSession() {
        return local.setThreadLocalSession();
    }

    @Override
    public void resetThreadLocalSession(Session oldSession) {
        local.resetThreadLocalSession(oldSession);
    }
}
