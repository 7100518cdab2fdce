package io.synod.jdbc;

import java.util.ArrayList;
import java.util.function.Function;
import org.h2.api.ErrorCode;
import org.h2.api.JavaObjectSerializer;
import org.h2.engine.IsolationLevel;
import org.h2.engine.Mode;
import org.h2.engine.SessionRemote;
import org.h2.engine.SynodSessionBridge;
import org.h2.message.DbException;
import org.h2.message.Trace;
import org.h2.store.DataHandler;
import org.h2.util.NetworkConnectionInfo;
import org.h2.util.StringUtils;
import org.h2.util.TimeZoneProvider;
import org.h2.value.ValueLob;
import org.h2.value.ValueTimestampTimeZone;

/** What JDBC asks a session of itself: asked of, or set on, H2's remote session of the moment. */
abstract class RemoteView extends SynodSessionBridge {
    /** Runs what changes nothing: repeated elsewhere, unless a transaction was lost. */
    abstract <T> T read(Function<SessionRemote, T> call);

    /** Executes a statement without a result. */
    abstract void update(String sql);

    @Override
    public void setCurrentSchemaName(String schema) {
        if (schema == null) {
            throw DbException.get(ErrorCode.SCHEMA_NOT_FOUND_1, (String) null);
        }
        update(StringUtils.quoteIdentifier(new StringBuilder("SET SCHEMA "), schema)
                .toString());
    }

    @Override
    public void setIsolationLevel(IsolationLevel level) {
        update("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL " + level.getSQL());
    }

    @Override
    public String getCurrentSchemaName() {
        return read(SessionRemote::getCurrentSchemaName);
    }

    @Override
    public IsolationLevel getIsolationLevel() {
        return read(SessionRemote::getIsolationLevel);
    }

    @Override
    public ArrayList<String> getClusterServers() {
        return read(SessionRemote::getClusterServers);
    }

    @Override
    public Trace getTrace() {
        return read(SessionRemote::getTrace);
    }

    @Override
    public DataHandler getDataHandler() {
        return read(SessionRemote::getDataHandler);
    }

    @Override
    public ValueLob addTemporaryLob(ValueLob value) {
        return value;
    }

    @Override
    public boolean isRemote() {
        return true;
    }

    @Override
    public void setNetworkConnectionInfo(NetworkConnectionInfo networkConnectionInfo) {
        // The node knows where its client is.
    }

    @Override
    public StaticSettings getStaticSettings() {
        return read(SessionRemote::getStaticSettings);
    }

    @Override
    public DynamicSettings getDynamicSettings() {
        return read(SessionRemote::getDynamicSettings);
    }

    @Override
    public boolean isOldInformationSchema() {
        return read(SessionRemote::isOldInformationSchema);
    }

    @Override
    public ValueTimestampTimeZone currentTimestamp() {
        return read(SessionRemote::currentTimestamp);
    }

    @Override
    public TimeZoneProvider currentTimeZone() {
        return read(SessionRemote::currentTimeZone);
    }

    @Override
    public Mode getMode() {
        return read(SessionRemote::getMode);
    }

    @Override
    public JavaObjectSerializer getJavaObjectSerializer() {
        return read(SessionRemote::getJavaObjectSerializer);
    }

    @Override
    public boolean zeroBasedEnums() {
        return false;
    }
}
