package io.synod.engine.session;

import java.util.ArrayList;
import org.h2.api.JavaObjectSerializer;
import org.h2.engine.IsolationLevel;
import org.h2.engine.Mode;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.message.Trace;
import org.h2.store.DataHandler;
import org.h2.util.NetworkConnectionInfo;
import org.h2.util.TimeZoneProvider;
import org.h2.value.ValueLob;
import org.h2.value.ValueTimestampTimeZone;

/** The part of a session that this node's H2 answers: types, conversions, modes, time. */
abstract class LocalView extends SynodSession {
    /** Another one after a snapshot has replaced this node's copy. */
    protected SessionLocal local;

    LocalView(SessionLocal local) {
        this.local = local;
    }

    @Override
    public final SessionLocal local() {
        return local;
    }

    @Override
    public ArrayList<String> getClusterServers() {
        return new ArrayList<>();
    }

    @Override
    public Trace getTrace() {
        return local.getTrace();
    }

    @Override
    public DataHandler getDataHandler() {
        return local.getDataHandler();
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
    public StaticSettings getStaticSettings() {
        return local.getStaticSettings();
    }

    @Override
    public DynamicSettings getDynamicSettings() {
        return local.getDynamicSettings();
    }

    @Override
    public boolean isOldInformationSchema() {
        return local.isOldInformationSchema();
    }

    @Override
    public Session setThreadLocalSession() {
        return local.setThreadLocalSession();
    }

    @Override
    public void resetThreadLocalSession(Session old) {
        local.resetThreadLocalSession(old);
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
}
