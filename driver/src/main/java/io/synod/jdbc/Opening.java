package io.synod.jdbc;

import java.io.IOException;
import java.lang.reflect.Field;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.ConnectionInfo;
import org.h2.engine.Constants;
import org.h2.engine.GeneratedKeysMode;
import org.h2.engine.SessionRemote;
import org.h2.engine.SynodConnectionBridge;
import org.h2.engine.SysProperties;
import org.h2.expression.ParameterInterface;
import org.h2.message.DbException;
import org.h2.message.Trace;
import org.h2.message.TraceSystem;
import org.h2.store.fs.FileUtils;
import org.h2.util.DateTimeUtils;
import org.h2.util.MathUtils;
import org.h2.util.StringUtils;
import org.h2.util.TimeZoneProvider;
import org.h2.value.Transfer;
import org.h2.value.Value;

/**
 * Opens H2's remote session on a node and tells it, in the same write, what it has to be told and asked first: a connect and one
 * round trip, whatever that is. H2's own code waits for the answer to each request before it makes the next one. A node of any
 * release, and a stock server, answers them one after the other, so they may be on their way together.
 *
 * <p>What the node refuses of it, but for the session itself, does not spoil the session; it can be asked for again in the ordinary way.
 *
 * <p>Used once, by one thread.
 */
public final class Opening {
    private static final Field DATABASE = RemoteInternals.field(SessionRemote.class, "databaseName");
    private static final Field TRACE_SYSTEM = RemoteInternals.field(SessionRemote.class, "traceSystem");
    private static final Field TRACE = RemoteInternals.field(SessionRemote.class, "trace");
    private static final Field ID = RemoteInternals.field(SessionRemote.class, "sessionId");
    private static final Field VERSION = RemoteInternals.field(SessionRemote.class, "clientVersion");
    private static final Field AUTO_COMMIT = RemoteInternals.field(SessionRemote.class, "autoCommit");

    /** @param number of the request; 0 for none */
    private record Told(String sql, List<Value> parameters, long number) {}

    private final ConnectionInfo info;
    private final String endpoint;
    private final String database;
    private final List<Told> told = new ArrayList<>();
    private final List<String> toPrepare = new ArrayList<>();
    private final List<CommandInterface> prepared = new ArrayList<>();
    private boolean headed;
    private boolean autoCommit = true;
    private ReplyHeads heads;
    private DbException refused;

    /**
     * @param endpoint {@code HOST:PORT} of the node
     * @param info user, password and settings
     */
    public Opening(String endpoint, String database, ConnectionInfo info) {
        this.endpoint = endpoint;
        this.database = database;
        this.info = info;
    }

    static boolean isPossible() {
        return DATABASE != null
                && TRACE_SYSTEM != null
                && TRACE != null
                && ID != null
                && VERSION != null
                && AUTO_COMMIT != null;
    }

    /** The node puts heads in front of its answers. */
    Opening headed() {
        headed = true;
        return this;
    }

    /** The session is to be in this mode before it is told anything else. */
    public Opening autoCommit(boolean on) {
        autoCommit = on;
        return this;
    }

    /** It executes this statement, without parameters and a number. */
    public Opening tell(String sql) {
        told.add(new Told(sql, List.of(), 0));
        return this;
    }

    /** @param number of the request */
    Opening tell(SessionState.Replay replay, long number) {
        told.add(new Told(replay.sql(), replay.parameters(), number));
        return this;
    }

    /** It prepares this statement, after all that it was told. */
    public Opening prepare(String sql) {
        toPrepare.add(sql);
        return this;
    }

    /**
     * Opens the session.
     *
     * @param connectMillis for connecting; 0 for no bound
     * @param answerMillis for each answer from now on; 0 for no bound
     * @throws DbException 08006 (H2's 90067) the node cannot be reached or is lost; else what it says
     */
    public SessionRemote open(int connectMillis, int answerMillis) {
        SessionRemote session = new SessionRemote(info);
        Socket socket = new Socket();
        boolean opened = false;
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(answerMillis);
            socket.connect(new InetSocketAddress(HostPort.host(endpoint), HostPort.port(endpoint)), connectMillis);
            Transfer transfer = new Transfer(session, socket);
            transfer.init();
            begin(session, transfer);
            ask(session, transfer);
            transfer.flush();
            session.done(transfer);
            int version = transfer.readInt();
            transfer.setVersion(version);
            RemoteInternals.set(VERSION, session, version);
            session.done(transfer);
            RemoteInternals.set(AUTO_COMMIT, session, transfer.readBoolean());
            readAnswers(session, transfer);
            opened = true;
            return session;
        } catch (IOException e) {
            throw DbException.get(ErrorCode.CONNECTION_BROKEN_1, e, e + ": " + endpoint);
        } finally {
            if (!opened) {
                RemoteInternals.close(socket);
            }
        }
    }

    /** @return what is said in front of answers; {@code null} where nothing is */
    ReplyHeads heads() {
        return heads;
    }

    /** @return the first thing that the node refused to be told; {@code null} for nothing */
    public DbException refused() {
        return refused;
    }

    /** @return what was to be prepared, in that order; {@code null} in the place of what could not be */
    public List<CommandInterface> prepared() {
        return prepared;
    }

    private void begin(SessionRemote session, Transfer transfer) throws IOException {
        TraceSystem traces = traces();
        RemoteInternals.set(TRACE_SYSTEM, session, traces);
        RemoteInternals.set(TRACE, session, traces.getTrace(Trace.JDBC));
        RemoteInternals.set(DATABASE, session, database);
        RemoteInternals.set(ID, session, StringUtils.convertBytesToHex(MathUtils.secureRandomBytes(32)));
        RemoteInternals.attach(session, transfer);
        if (headed) {
            heads = RemoteInternals.takeHeads(session);
        }
    }

    /** As H2's code has them. */
    private TraceSystem traces() throws IOException {
        TraceSystem traces = new TraceSystem(null);
        String toFile = SynodConnectionBridge.setting(info, "TRACE_LEVEL_FILE");
        if (toFile != null) {
            int level = Integer.parseInt(toFile);
            traces.setLevelFile(level);
            if (level > TraceSystem.OFF && level < TraceSystem.ADAPTER) {
                String prefix = SysProperties.CLIENT_TRACE_DIRECTORY + '/' + database.replaceAll("[^A-Za-z0-9]", "_");
                traces.setFileName(FileUtils.createTempFile(prefix, Constants.SUFFIX_TRACE_FILE, false));
            }
        }
        String toOutput = SynodConnectionBridge.setting(info, "TRACE_LEVEL_SYSTEM_OUT");
        if (toOutput != null) {
            traces.setLevelSystemOut(Integer.parseInt(toOutput));
        }
        return traces;
    }

    // ---- what is sent ---------------------------------------------------------------------------------------------

    private void ask(SessionRemote session, Transfer transfer) throws IOException {
        // What follows is said before the node has named the version that it speaks. From this one on it is the same in
        // all.
        transfer.setVersion(Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED);
        transfer.writeInt(Constants.TCP_PROTOCOL_VERSION_20);
        transfer.writeInt(Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED);
        SynodConnectionBridge.greet(info, database, transfer);
        TimeZoneProvider zone = info.getTimeZone() == null ? DateTimeUtils.getTimeZone() : info.getTimeZone();
        transfer.writeInt(SessionRemote.SESSION_SET_ID)
                .writeString((String) RemoteInternals.get(ID, session))
                .writeString(zone.getId());
        if (!autoCommit) {
            transfer.writeInt(SessionRemote.SESSION_SET_AUTOCOMMIT).writeBoolean(false);
        }
        int id = session.getCurrentId();
        for (Told each : told) {
            RemoteInternals.askToPrepare(transfer, id, each.sql());
            if (each.number() > 0) {
                RemoteInternals.announce(transfer, each.number());
            }
            transfer.writeInt(SessionRemote.COMMAND_EXECUTE_UPDATE).writeInt(id);
            transfer.writeInt(each.parameters().size());
            for (Value value : each.parameters()) {
                transfer.writeValue(value);
            }
            transfer.writeInt(GeneratedKeysMode.NONE);
            transfer.writeInt(SessionRemote.COMMAND_CLOSE).writeInt(id);
            id++;
        }
        for (String sql : toPrepare) {
            RemoteInternals.askToPrepare(transfer, id++, sql);
        }
    }

    // ---- what is answered -----------------------------------------------------------------------------------------

    private void readAnswers(SessionRemote session, Transfer transfer) {
        RemoteInternals.closeWhatIsForgotten(session);
        RemoteInternals.answered(session, heads, () -> {
            if (!autoCommit) {
                session.setAutoCommit(false);
            }
            for (Told each : told) {
                readTold(session, transfer, each);
            }
            for (String sql : toPrepare) {
                prepared.add(readPrepared(session, sql));
            }
            return null;
        });
    }

    private void readTold(SessionRemote session, Transfer transfer, Told each) {
        try {
            CommandInterface command;
            try {
                command = session.prepareCommand(each.sql());
            } catch (DbException e) {
                if (!session.isClosed()) {
                    RemoteInternals.skipError(session, transfer);
                }
                throw e;
            }
            List<? extends ParameterInterface> parameters = command.getParameters();
            if (parameters.size() != each.parameters().size()) {
                throw DbException.get(ErrorCode.CONNECTION_BROKEN_1, "another number of parameters: " + each.sql());
            }
            for (int i = 0; i < parameters.size(); i++) {
                parameters.get(i).setValue(each.parameters().get(i), false);
            }
            command.executeUpdate(null);
            command.close();
        } catch (DbException e) {
            if (Broken.isBroken(session, e)) {
                throw e;
            }
            refused = refused == null ? e : refused;
        }
    }

    private static CommandInterface readPrepared(SessionRemote session, String sql) {
        try {
            return session.prepareCommand(sql);
        } catch (DbException e) {
            if (Broken.isBroken(session, e)) {
                throw e;
            }
            return null;
        }
    }
}
