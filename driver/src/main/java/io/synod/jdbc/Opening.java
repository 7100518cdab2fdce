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
import org.h2.value.ValueVarchar;

/**
 * Opens H2's remote session on a node and tells it, in the same write, what it has to be told and asked first: a connect and one
 * round trip. H2's own code waits for the answer to each request before it makes the next one. A node of any release reads each
 * request to its end and answers one after the other, so they may be on their way together. A stock server does so too as long as it
 * refuses nothing: of a request to execute what it has refused to prepare it reads the beginning only, and takes the rest for the next
 * request. Which of the two it is, is not known before it has answered; a stock server refuses the settings with which Synod's sessions
 * are opened, unless it is told to ignore them.
 *
 * <p>What the node refuses of it, but for the session itself, does not spoil the session; it can be asked for again in the ordinary way.
 * So can what is too long: nobody reads answers while this is written, and what the system does not take at once would wait for a node
 * that stands still, or for one whose own answers nobody takes.
 *
 * <p>Used once, by one thread, but for {@link #cut}.
 */
public final class Opening {
    private static final Field DATABASE = RemoteInternals.field(SessionRemote.class, "databaseName");
    private static final Field TRACE_SYSTEM = RemoteInternals.field(SessionRemote.class, "traceSystem");
    private static final Field TRACE = RemoteInternals.field(SessionRemote.class, "trace");
    private static final Field ID = RemoteInternals.field(SessionRemote.class, "sessionId");
    private static final Field VERSION = RemoteInternals.field(SessionRemote.class, "clientVersion");
    private static final Field AUTO_COMMIT = RemoteInternals.field(SessionRemote.class, "autoCommit");

    /** Far less than the system's buffers of a connection hold. */
    private static final int BYTES_AHEAD = 16 * 1024;

    private static final int BYTES_OF_REQUEST = 64;
    private static final String SETTINGS =
            "SELECT SETTING_NAME, SETTING_VALUE FROM INFORMATION_SCHEMA.SETTINGS WHERE SETTING_NAME IN (?, ?, ?)";
    private static final String OLD_SETTINGS =
            "SELECT NAME, `VALUE` FROM INFORMATION_SCHEMA.SETTINGS WHERE NAME IN (?, ?, ?)";
    private static final Value[] SETTINGS_ASKED = {
        ValueVarchar.get("MODE"), ValueVarchar.get("TIME ZONE"), ValueVarchar.get("JAVA_OBJECT_SERIALIZER")
    };

    /** @param number of the request; 0 for none */
    private record Told(String sql, List<Value> parameters, long number) {}

    private final ConnectionInfo info;
    private final String endpoint;
    private final String database;
    private final List<Told> told = new ArrayList<>();
    private final List<String> toPrepare = new ArrayList<>();
    private final List<CommandInterface> prepared = new ArrayList<>();
    private final Socket socket = new Socket();
    private long left = BYTES_AHEAD;
    private boolean headed;
    private boolean asksSettings;
    private boolean autoCommit = true;
    private TraceSystem traces;
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

    /**
     * As H2's code does when it connects, it asks for the database's settings. A node answers that only when it can be read from: else
     * the session is not opened.
     */
    Opening readable() {
        asksSettings = true;
        return this;
    }

    /** The session is to be in this mode before it is told anything else. */
    public Opening autoCommit(boolean on) {
        autoCommit = on;
        return this;
    }

    /**
     * It executes this statement, without parameters and a number.
     *
     * @return false when it will not, nor anything that it is told after that, which would be too long
     */
    public boolean tell(String sql) {
        return tell(new Told(sql, List.of(), 0));
    }

    /**
     * As {@link #tell(String)}.
     *
     * @param number of the request
     */
    boolean tell(SessionState.Replay replay, long number) {
        return tell(new Told(replay.sql(), replay.parameters(), number));
    }

    private boolean tell(Told next) {
        long parameters = next.parameters().stream().mapToLong(Value::getMemory).sum();
        return fits(next.sql(), parameters) && told.add(next);
    }

    private boolean fits(String sql, long parameters) {
        left -= BYTES_OF_REQUEST + 2L * sql.length() + parameters;
        return left >= 0;
    }

    /** It prepares this statement, after all that it was told, where that is not too long. */
    public Opening prepare(String sql) {
        toPrepare.add(fits(sql, 0) ? sql : null);
        return this;
    }

    /** From any thread: whoever opens the session gets an error at once. */
    public void cut() {
        RemoteInternals.close(socket);
    }

    /**
     * Opens the session.
     *
     * @param connectMillis for connecting; 0 for no bound
     * @param answerMillis for each answer to this; 0 for no bound
     * @param readMillis for each answer from then on; 0 for no bound
     * @throws DbException 08006 (H2's 90067) the node cannot be reached or is lost; else what it says
     */
    public SessionRemote open(int connectMillis, int answerMillis, int readMillis) {
        SessionRemote session = new SessionRemote(info);
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
            RemoteInternals.established(session, readMillis);
            opened = true;
            return session;
        } catch (IOException e) {
            throw DbException.get(ErrorCode.CONNECTION_BROKEN_1, e, e + ": " + endpoint);
        } finally {
            if (!opened) {
                cut();
                if (traces != null) {
                    traces.close();
                }
            }
        }
    }

    /** @return how many of the statements that it was told have been on their way */
    int told() {
        return told.size();
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
        traces = new TraceSystem(null);
        setLevels();
        RemoteInternals.set(TRACE_SYSTEM, session, traces);
        RemoteInternals.set(TRACE, session, traces.getTrace(Trace.JDBC));
        RemoteInternals.set(DATABASE, session, database);
        // Until the node has named its own.
        RemoteInternals.set(VERSION, session, Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED);
        RemoteInternals.set(ID, session, StringUtils.convertBytesToHex(MathUtils.secureRandomBytes(32)));
        RemoteInternals.attach(session, transfer);
        if (headed) {
            heads = RemoteInternals.takeHeads(session);
        }
    }

    /** As H2's code has them. */
    private void setLevels() throws IOException {
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
        int id = session.getCurrentId();
        if (asksSettings) {
            // Before the mode: it would begin a transaction.
            String sql = session.isOldInformationSchema() ? OLD_SETTINGS : SETTINGS;
            RemoteInternals.askToQuery(transfer, id, sql, 0, Integer.MAX_VALUE, SETTINGS_ASKED);
            // The query's, and its result's.
            id += 2;
        }
        if (!autoCommit) {
            transfer.writeInt(SessionRemote.SESSION_SET_AUTOCOMMIT).writeBoolean(false);
        }
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
            if (sql != null) {
                RemoteInternals.askToPrepare(transfer, id++, sql);
            }
        }
    }

    // ---- what is answered -----------------------------------------------------------------------------------------

    private void readAnswers(SessionRemote session, Transfer transfer) {
        RemoteInternals.closeWhatIsForgotten(session);
        RemoteInternals.answered(session, heads, () -> {
            if (asksSettings) {
                session.getDynamicSettings();
            }
            if (!autoCommit) {
                session.setAutoCommit(false);
            }
            for (Told each : told) {
                readTold(session, transfer, each);
            }
            for (String sql : toPrepare) {
                prepared.add(sql == null ? null : readPrepared(session, sql));
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
