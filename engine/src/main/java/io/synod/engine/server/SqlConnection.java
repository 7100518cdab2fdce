package io.synod.engine.server;

import io.synod.engine.session.PlainRead;
import io.synod.engine.session.SynodSession;
import io.synod.jdbc.RemoteInternals;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.h2.command.Command;
import org.h2.command.CommandInterface;
import org.h2.engine.Constants;
import org.h2.engine.SessionRemote;
import org.h2.expression.ParameterInterface;
import org.h2.expression.ParameterRemote;
import org.h2.jdbc.meta.DatabaseMetaServer;
import org.h2.message.DbException;
import org.h2.result.BatchResult;
import org.h2.result.ResultInterface;
import org.h2.result.ResultWithGeneratedKeys;
import org.h2.util.TimeZoneProvider;
import org.h2.value.Transfer;
import org.h2.value.Value;

/**
 * One client's session, request after request on one thread. Only {@link #cancel} comes from other threads.
 *
 * <p>Requests that execute are numbered, for the ids of their commits: the driver says the numbers (see {@link
 * RemoteInternals}), for a stock client they are counted.
 */
final class SqlConnection {
    /** H2's numbers of what depends on nothing but its release: version, names of functions. It needs no leader. */
    private static final Set<Integer> META_OF_RELEASE = Set.of(1, 3, 4, 5, 6, 29, 30);

    private final Transfer transfer;
    private final Replies replies;
    private final SynodSession session;
    private final UUID clientSession;
    private final Arguments arguments;
    private final OpenObjects objects = new OpenObjects();
    private final HeadedOutput heads;
    private final LobStreams lobs = new LobStreams();
    private volatile String name;
    private volatile Running running;
    private CommandInterface commit;
    private long requests;
    private boolean announced;
    private long remoteSettings;
    private boolean stop;

    private record Running(int id, CommandInterface command) {}

    private record Prepared(
            CommandInterface command, boolean isQuery, int type, List<? extends ParameterInterface> parameters) {
        static Prepared of(CommandInterface command) {
            return new Prepared(command, command.isQuery(), command.getCommandType(), command.getParameters());
        }
    }

    /**
     * @param requests number of the last request that this client session made on other connections; {@code null} for a client
     *     that announces none: its requests are counted here. One that announces makes others too, which have no number of their
     *     own, and counting those would number the announced ones past what the client knows.
     * @param heads takes the heads of answers; {@code null} for a client that does not know them
     */
    SqlConnection(Transfer transfer, SynodSession session, UUID clientSession, Long requests, HeadedOutput heads) {
        this.heads = heads;
        this.transfer = transfer;
        this.replies = new Replies(transfer);
        this.session = session;
        this.arguments = new Arguments(transfer, session);
        this.clientSession = clientSession;
        this.requests = requests == null ? 0 : requests;
        this.announced = requests != null;
        this.remoteSettings = remoteSettings();
        transfer.setSession(session);
    }

    /** Serves until the client leaves. @throws IOException when the connection broke */
    void serve() throws IOException {
        while (!stop) {
            int operation;
            try {
                operation = transfer.readInt();
            } catch (EOFException e) {
                return;
            }
            try {
                serve(operation);
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                if (!isAnswered(operation)) {
                    throw new IOException("request " + operation + " failed and has no answer", e);
                }
                replies.error(e);
            } catch (Arguments.UnreadableException e) {
                if (isAnswered(operation)) {
                    replies.error(e.getCause());
                }
                throw e;
            }
        }
    }

    private static boolean isAnswered(int operation) {
        return switch (operation) {
            case SessionRemote.COMMAND_CLOSE,
                    SessionRemote.RESULT_CLOSE,
                    SessionRemote.RESULT_RESET,
                    SessionRemote.CHANGE_ID -> false;
            default -> true;
        };
    }

    private void serve(int operation) throws IOException {
        switch (operation) {
            case SessionRemote.SESSION_PREPARE -> prepare(false);
            case SessionRemote.SESSION_PREPARE_READ_PARAMS2 -> prepare(true);
            case SessionRemote.COMMAND_GET_META_DATA -> metaData();
            case SessionRemote.COMMAND_EXECUTE_QUERY -> query();
            case SessionRemote.COMMAND_EXECUTE_UPDATE -> update();
            case SessionRemote.COMMAND_EXECUTE_BATCH_UPDATE -> batch();
            case SessionRemote.COMMAND_COMMIT -> commit();
            case SessionRemote.COMMAND_CLOSE -> closeCommand(transfer.readInt());
            case SessionRemote.RESULT_FETCH_ROWS -> fetch();
            case SessionRemote.RESULT_RESET ->
                objects.result(transfer.readInt()).reset();
            case SessionRemote.RESULT_CLOSE -> closeResult(transfer.readInt());
            case SessionRemote.CHANGE_ID -> objects.changeId(transfer.readInt(), transfer.readInt());
            case SessionRemote.SESSION_SET_ID -> setId();
            case SessionRemote.SESSION_SET_AUTOCOMMIT -> setAutoCommit(transfer.readBoolean());
            case SessionRemote.SESSION_HAS_PENDING_TRANSACTION ->
                transfer.writeInt(SessionRemote.STATUS_OK)
                        .writeInt(session.hasPendingTransaction() ? 1 : 0)
                        .flush();
            case SessionRemote.LOB_READ -> readLob();
            case SessionRemote.GET_JDBC_META -> databaseMeta();
            case SessionRemote.SESSION_CLOSE -> {
                stop = true;
                close();
                transfer.writeInt(SessionRemote.STATUS_OK).flush();
            }
            default -> throw new IOException("unknown request " + operation);
        }
    }

    private void prepare(boolean withParameters) throws IOException {
        int id = transfer.readInt();
        String sql = arguments.text();
        int before = modification();
        // All that can fail comes before the first byte of the answer: a command may be compiled elsewhere, and only
        // now.
        Prepared prepared = locked(() -> Prepared.of(session.prepareCommand(sql)));
        objects.add(id, prepared.command());
        transfer.writeInt(status(before)).writeBoolean(prepared.isQuery()).writeBoolean(isReadOnly(prepared.command()));
        if (withParameters) {
            transfer.writeInt(prepared.type());
        }
        transfer.writeInt(prepared.parameters().size());
        if (withParameters) {
            for (ParameterInterface parameter : prepared.parameters()) {
                ParameterRemote.writeMetaData(transfer, parameter);
            }
        }
        transfer.flush();
    }

    /** Only our own driver knows what to do when such a promise cannot be kept. */
    private boolean isReadOnly(CommandInterface command) {
        return command instanceof PlainRead read
                ? (heads != null ? read.promisePlainRead() : read.isPlainRead())
                : command instanceof Command local && local.isReadOnly();
    }

    private void metaData() throws IOException {
        int id = transfer.readInt();
        int resultId = transfer.readInt();
        ResultInterface result = locked(objects.command(id)::getMetaData);
        objects.add(resultId, result);
        transfer.writeInt(SessionRemote.STATUS_OK);
        replies.columns(result, 0);
        transfer.flush();
    }

    private void query() throws IOException {
        int id = transfer.readInt();
        int resultId = transfer.readInt();
        long maxRows = transfer.readRowCount();
        int fetchSize = transfer.readInt();
        Value[] values = arguments.values();
        int before = modification();
        CommandInterface command = command(id, values);
        ResultInterface result = execute(id, command, () -> command.executeQuery(maxRows, fetchSize, false));
        objects.add(resultId, result);
        long rowCount = result.isLazy() ? -1 : result.getRowCount();
        transfer.writeInt(status(before));
        replies.columns(result, rowCount);
        replies.rows(result, rowCount < 0 ? fetchSize : Math.min(rowCount, fetchSize), session);
        transfer.flush();
    }

    private void update() throws IOException {
        int id = transfer.readInt();
        Value[] values = arguments.values();
        Object keys = arguments.generatedKeys();
        int before = modification();
        CommandInterface command = command(id, values);
        ResultWithGeneratedKeys result = execute(id, command, () -> command.executeUpdate(keys));
        transfer.writeInt(statusAfterUpdate(before))
                .writeRowCount(result.getUpdateCount())
                .writeBoolean(session.getAutoCommit());
        generatedKeys(keys, result.getGeneratedKeys());
        transfer.flush();
    }

    private void batch() throws IOException {
        int id = transfer.readInt();
        int size = arguments.count();
        ArrayList<Value[]> sets = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            sets.add(arguments.values());
        }
        Object keys = arguments.generatedKeys();
        int before = modification();
        CommandInterface command = objects.command(id);
        BatchResult result = execute(id, command, () -> command.executeBatchUpdate(sets, keys));
        transfer.writeInt(statusAfterUpdate(before));
        for (long count : result.getUpdateCounts()) {
            transfer.writeLong(count);
        }
        generatedKeys(keys, result.getGeneratedKeys());
        transfer.writeInt(result.getExceptions().size());
        for (SQLException exception : result.getExceptions()) {
            replies.exception(exception);
        }
        transfer.writeBoolean(session.getAutoCommit());
        transfer.flush();
    }

    private void commit() throws IOException {
        int before = modification();
        if (commit == null) {
            commit = locked(() -> session.prepareCommand("COMMIT"));
        }
        execute(-1, commit, () -> commit.executeUpdate(null));
        transfer.writeInt(status(before)).flush();
    }

    private void generatedKeys(Object request, ResultInterface keys) throws IOException {
        if (request != Boolean.FALSE) {
            replies.whole(keys, session);
            keys.close();
        }
    }

    private void fetch() throws IOException {
        int id = transfer.readInt();
        int count = transfer.readInt();
        ResultInterface result = objects.result(id);
        transfer.writeInt(SessionRemote.STATUS_OK);
        replies.rows(result, count, session);
        transfer.flush();
    }

    private void closeCommand(int id) {
        CommandInterface command = objects.removeCommand(id);
        if (command != null) {
            locked(() -> {
                command.close();
                return null;
            });
        }
    }

    private void closeResult(int id) {
        if (RemoteInternals.isAnnouncement(id)) {
            // The next request has the number after the last, or a greater one.
            requests = RemoteInternals.decode(id, requests);
            announced = true;
            if (heads != null) {
                // H2's code has the connection to itself until the driver makes its first request.
                heads.begin(session::replyHead);
            }
            return;
        }
        ResultInterface result = objects.removeResult(id);
        if (result != null) {
            result.close();
        }
    }

    private void setId() throws IOException {
        name = arguments.text();
        if (transfer.getVersion() >= Constants.TCP_PROTOCOL_VERSION_20) {
            session.local().setTimeZone(TimeZoneProvider.ofId(arguments.text()));
        }
        transfer.writeInt(SessionRemote.STATUS_OK)
                .writeBoolean(session.getAutoCommit())
                .flush();
    }

    private void setAutoCommit(boolean value) throws IOException {
        locked(() -> {
            session.setAutoCommit(value);
            return null;
        });
        transfer.writeInt(SessionRemote.STATUS_OK).flush();
    }

    private void readLob() throws IOException {
        long lob = transfer.readLong();
        byte[] mac = arguments.mac();
        long offset = transfer.readLong();
        int length = transfer.readInt();
        transfer.verifyLobMac(mac, lob);
        byte[] portion;
        try {
            portion = lobs.read(session.getDataHandler().getLobStorage(), lob, offset, length);
        } catch (IOException e) {
            throw DbException.convertIOException(e, "large object " + lob);
        }
        transfer.writeInt(SessionRemote.STATUS_OK).writeInt(portion.length);
        transfer.writeBytes(portion, 0, portion.length);
        transfer.flush();
    }

    private void databaseMeta() throws IOException {
        int code = transfer.readInt();
        Value[] values = arguments.values();
        int before = modification();
        Supplier<ResultInterface> query = () -> {
            session.local().lock();
            try {
                return DatabaseMetaServer.process(session.local(), code, values);
            } finally {
                session.local().unlock();
            }
        };
        ResultInterface result =
                locked(() -> META_OF_RELEASE.contains(code) ? query.get() : session.readCatalogue(query));
        transfer.writeInt(status(before));
        replies.whole(result, session);
        transfer.flush();
    }

    private CommandInterface command(int id, Value[] values) {
        CommandInterface command = objects.command(id);
        ArrayList<? extends ParameterInterface> parameters = command.getParameters();
        for (int i = 0; i < values.length; i++) {
            parameters.get(i).setValue(values[i], false);
        }
        return command;
    }

    private <T> T execute(int id, CommandInterface command, Supplier<T> call) {
        running = new Running(id, command);
        try {
            return locked(() -> {
                session.request(clientSession, announced ? requests : ++requests);
                return call.get();
            });
        } finally {
            running = null;
        }
    }

    private <T> T locked(Supplier<T> call) {
        session.lock();
        try {
            return call.get();
        } finally {
            session.unlock();
        }
    }

    UUID clientSession() {
        return clientSession;
    }

    /** From any thread. */
    Socket socket() {
        return transfer.getSocket();
    }

    /** Stops a statement while it runs; from any thread. */
    void cancel(String sessionName, int statement) {
        Running now = running;
        if (sessionName != null && sessionName.equals(name) && now != null && now.id() == statement) {
            now.command().cancel();
        }
    }

    private int modification() {
        return session.local().getModificationId();
    }

    private long remoteSettings() {
        return session.local().getDatabase().getRemoteSettingsId();
    }

    private int statusAfterUpdate(int before) {
        if (session.isClosed()) {
            stop = true;
            return SessionRemote.STATUS_CLOSED;
        }
        return status(before);
    }

    /** The client reads the session's state again when something that it caches may have changed. */
    private int status(int before) {
        long settings = remoteSettings();
        boolean same = modification() == before && settings == remoteSettings;
        remoteSettings = settings;
        return same ? SessionRemote.STATUS_OK : SessionRemote.STATUS_OK_STATE_CHANGED;
    }

    /** Rolls back what is open and closes the session; may be called again. */
    void close() throws IOException {
        lobs.close();
        session.lock();
        try {
            if (!session.isClosed()) {
                session.close();
            }
        } finally {
            session.unlock();
        }
    }
}
