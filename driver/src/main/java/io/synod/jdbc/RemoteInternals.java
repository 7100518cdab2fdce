package io.synod.jdbc;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Field;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketOption;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.command.CommandRemote;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.value.Transfer;
import org.h2.value.Value;
import org.h2.value.lob.LobDataFetchOnDemand;

/**
 * The few things that a failover needs from H2's remote session and that H2 keeps private. H2's packages are open on the class
 * path and as an automatic module, so no JVM flag is needed.
 *
 * <p><b>Request numbers.</b> The commit id of a statement is (client session, request number). Both sides could count, but
 * H2's remote session sends queries of its own (session state, settings) that its caller does not see. So the number is said:
 * as the closing of a result that does not exist, with an id below zero. It travels in front of the request in the same write,
 * has no answer, and a stock H2 server ignores it.
 */
public final class RemoteInternals {
    /** Vendor code of a node that was told to execute as a read what would write by now: it has executed nothing. */
    public static final int PREPARE_AGAIN = 90944;

    private static final Field TRANSFERS = field(SessionRemote.class, "transferList");
    private static final Field SESSION_STATE = field(SessionRemote.class, "sessionState");
    private static final Field STATE_CHANGED = field(SessionRemote.class, "sessionStateChanged");
    private static final Field STATE_READ = field(SessionRemote.class, "sessionStateUpdating");
    private static final Field IN = field(Transfer.class, "in");
    private static final Field OUT = field(Transfer.class, "out");
    private static final Field READ_ONLY = field(CommandRemote.class, "readonly");
    private static final Field LOB_MAC = field(LobDataFetchOnDemand.class, "hmac");
    private static final int NUMBER_MASK = Integer.MAX_VALUE;

    private RemoteInternals() {}

    /** @throws SQLException 08001 when the H2 on the class path is not one that this driver knows */
    static void check() throws SQLException {
        if (TRANSFERS == null
                || SESSION_STATE == null
                || STATE_CHANGED == null
                || STATE_READ == null
                || !Opening.isPossible()
                || READ_ONLY == null
                || IN == null
                || OUT == null
                || LOB_MAC == null) {
            throw Errors.incompatibleH2(null);
        }
    }

    /**
     * To be called once a session is connected. H2 forgets a connection on which it has met an error and leaves it open, be it that an
     * answer only did not come in time: its session would keep its locks on the node until this process collects its garbage.
     */
    public static void closeWhatIsForgotten(SessionRemote session) {
        set(TRANSFERS, session, new Connections(transfers(session)));
    }

    /** H2's list of a session's connections. */
    private static final class Connections extends ArrayList<Transfer> {
        private static final long serialVersionUID = 1L;

        Connections(List<Transfer> open) {
            super(open);
        }

        @Override
        public Transfer remove(int index) {
            Transfer forgotten = super.remove(index);
            close(forgotten);
            return forgotten;
        }
    }

    /** Says the number of the next execute request of this session; buffered, sent with the request. */
    static void announce(SessionRemote session, long number) {
        session.lock();
        try {
            for (Transfer transfer : transfers(session)) {
                announce(transfer, number);
            }
        } catch (IOException e) {
            throw DbException.get(ErrorCode.CONNECTION_BROKEN_1, e, e.toString());
        } finally {
            session.unlock();
        }
    }

    static void announce(Transfer transfer, long number) throws IOException {
        transfer.writeInt(SessionRemote.RESULT_CLOSE).writeInt(encode(number));
    }

    static int encode(long number) {
        return -1 - (int) (number & NUMBER_MASK);
    }

    /** @return whether a RESULT_CLOSE with this id is an announcement */
    public static boolean isAnnouncement(int resultId) {
        return resultId < 0;
    }

    /**
     * @param last the greatest number known so far
     * @return the announced number: the first one from {@code last} on that has the announced low bits
     */
    public static long decode(int resultId, long last) {
        long low = -1L - resultId;
        return last + ((low - last) & NUMBER_MASK);
    }

    /** From now on, what a node says in front of its answers is read here and not by H2. */
    static ReplyHeads takeHeads(SessionRemote session) {
        Transfer transfer = transfers(session).get(0);
        ReplyHeads heads = new ReplyHeads((InputStream) get(IN, transfer));
        set(IN, transfer, new DataInputStream(heads.in()));
        set(OUT, transfer, new DataOutputStream(heads.out((OutputStream) get(OUT, transfer))));
        return heads;
    }

    /** Statements that give a new session the state of this one, as H2 last read them from the node. */
    static List<String> sessionState(SessionRemote session) {
        List<?> state = (List<?>) get(SESSION_STATE, session);
        List<String> copy = new ArrayList<>();
        if (state != null) {
            state.forEach(sql -> copy.add((String) sql));
        }
        return copy;
    }

    /**
     * What {@link #sessionState} gives from now on, until the node says that it has changed.
     *
     * @param certain false where the node is to be asked with the next statement
     */
    static void knowState(SessionRemote session, List<String> state, boolean certain) {
        set(SESSION_STATE, session, new ArrayList<>(state));
        set(STATE_CHANGED, session, !certain);
    }

    /** Nobody asks for this session's state: H2's code would read it after each change, in two round trips. */
    public static void leaveStateUnread(SessionRemote session) {
        set(STATE_READ, session, true);
    }

    // ---- several requests in one write ----------------------------------------------------------------------------

    /** Its connection, from now on. */
    static void attach(SessionRemote session, Transfer transfer) {
        List<Transfer> list = new ArrayList<>(1);
        list.add(transfer);
        set(TRANSFERS, session, list);
    }

    static void askToPrepare(Transfer transfer, int id, String sql) throws IOException {
        transfer.writeInt(SessionRemote.SESSION_PREPARE_READ_PARAMS2)
                .writeInt(id)
                .writeString(sql);
    }

    /**
     * Prepares and executes a query, and closes it and its result; it takes this id and the next.
     *
     * @param rowsMax 0 for no limit
     */
    static void askToQuery(Transfer transfer, int id, String sql, long rowsMax, int fetchSize, Value... parameters)
            throws IOException {
        askToPrepare(transfer, id, sql);
        transfer.writeInt(SessionRemote.COMMAND_EXECUTE_QUERY).writeInt(id).writeInt(id + 1);
        transfer.writeRowCount(rowsMax).writeInt(fetchSize).writeInt(parameters.length);
        for (Value parameter : parameters) {
            transfer.writeValue(parameter);
        }
        transfer.writeInt(SessionRemote.RESULT_CLOSE).writeInt(id + 1);
        transfer.writeInt(SessionRemote.COMMAND_CLOSE).writeInt(id);
    }

    /**
     * Runs calls whose requests have been sent already, in this order: they read the answers, and what they write is dropped.
     *
     * @param heads in front of answers; {@code null} for none
     */
    static <T> T answered(SessionRemote session, ReplyHeads heads, Supplier<T> calls) {
        Transfer transfer = transfers(session).get(0);
        Object out = get(OUT, transfer);
        OutputStream dropped = OutputStream.nullOutputStream();
        set(OUT, transfer, new DataOutputStream(heads == null ? dropped : heads.out(dropped)));
        set(STATE_READ, session, true);
        try {
            return calls.get();
        } finally {
            set(STATE_READ, session, false);
            set(OUT, transfer, out);
        }
    }

    /** Reads the answer to a request that cannot have been fulfilled, because the one before it was not. */
    static void skipError(SessionRemote session, Transfer transfer) {
        try {
            session.done(transfer);
        } catch (DbException e) {
            if (Broken.isBroken(session, e)) {
                throw e;
            }
            return;
        } catch (IOException e) {
            throw DbException.get(ErrorCode.CONNECTION_BROKEN_1, e, e.toString());
        }
        throw DbException.get(ErrorCode.CONNECTION_BROKEN_1, "an answer to what was not asked");
    }

    /**
     * Executes a query without parameters in one round trip.
     *
     * @return its first row; {@code null} for none
     */
    static Value[] firstRow(SessionRemote session, ReplyHeads heads, String sql) {
        session.lock();
        try {
            session.checkClosed();
            Transfer transfer = transfers(session).get(0);
            askToQuery(transfer, session.getCurrentId(), sql, 1, 1);
            transfer.flush();
            return answered(session, heads, () -> {
                CommandInterface command;
                try {
                    command = session.prepareCommand(sql);
                } catch (DbException e) {
                    if (!session.isClosed()) {
                        skipError(session, transfer);
                    }
                    throw e;
                }
                try (ResultInterface rows = command.executeQuery(1, 1, false)) {
                    return rows.next() ? rows.currentRow() : null;
                } finally {
                    command.close();
                }
            });
        } catch (IOException e) {
            session.removeServer(e, 0, 1);
            throw DbException.get(ErrorCode.CONNECTION_BROKEN_1, e, e.toString());
        } finally {
            session.unlock();
        }
    }

    static boolean isReadOnly(CommandInterface command) {
        return command instanceof CommandRemote && (boolean) get(READ_ONLY, command);
    }

    /** What its node wants to see before it gives the content. */
    public static byte[] lobMac(LobDataFetchOnDemand lob) {
        return (byte[]) get(LOB_MAC, lob);
    }

    /**
     * After the handshake: the time limit of connecting no longer applies to answers, and a peer that vanished without a word
     * is noticed although nothing is sent.
     *
     * @param readTimeoutMillis of an answer; 0 for none
     * @throws DbException 08006 (H2's 90067) the connection is lost already
     */
    public static void established(SessionRemote session, int readTimeoutMillis) {
        for (Transfer transfer : transfers(session)) {
            Socket socket = transfer.getSocket();
            try {
                socket.setTcpNoDelay(true);
                socket.setSoTimeout(readTimeoutMillis);
                keepAlive(socket);
            } catch (IOException e) {
                throw DbException.get(ErrorCode.CONNECTION_BROKEN_1, e, e.toString());
            }
        }
    }

    /**
     * Has the system look after 5 s of silence whether the other end is there, and give the connection up when it has not answered for
     * 6 s more; by itself it would look after two hours. What waits for that end is told so, and what it has locked is free.
     *
     * @throws IOException the socket is closed
     */
    public static void keepAlive(Socket socket) throws IOException {
        socket.setKeepAlive(true);
        // By name: these options are in a module of the JDK that need not be there.
        option(socket, "TCP_KEEPIDLE", 5);
        option(socket, "TCP_KEEPINTERVAL", 2);
        option(socket, "TCP_KEEPCOUNT", 3);
    }

    /** Bounds the wait for the next answers; 0 for no bound. */
    static void readTimeout(SessionRemote session, int millis) {
        for (Transfer transfer : transfers(session)) {
            try {
                transfer.getSocket().setSoTimeout(millis);
            } catch (IOException e) {
                throw DbException.get(ErrorCode.CONNECTION_BROKEN_1, e, e.toString());
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static void option(Socket socket, String name, int value) throws IOException {
        for (SocketOption<?> option : socket.supportedOptions()) {
            if (option.name().equals(name) && option.type() == Integer.class) {
                try {
                    socket.setOption((SocketOption<Integer>) option, value);
                } catch (SocketException e) {
                    // A platform that names the option and refuses the value keeps its own.
                    return;
                }
            }
        }
    }

    /** Drops the connection without a word to the node. */
    public static void abandon(SessionRemote session) {
        for (Transfer transfer : transfers(session)) {
            transfer.close();
        }
    }

    /** Cuts the connection under whoever waits for an answer on it; from any thread, never blocks. */
    static void sever(SessionRemote session) {
        transfers(session).forEach(RemoteInternals::close);
    }

    private static void close(Transfer transfer) {
        Socket socket = transfer.getSocket();
        if (socket != null) {
            close(socket);
        }
    }

    static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Then it is closed already, or whoever waits on it sees the same error.
            return;
        }
    }

    static List<Transfer> transfers(SessionRemote session) {
        List<?> list = (List<?>) get(TRANSFERS, session);
        List<Transfer> copy = new ArrayList<>(1);
        if (list != null) {
            list.forEach(transfer -> copy.add((Transfer) transfer));
        }
        return copy;
    }

    static Object get(Field field, Object target) {
        try {
            return field.get(target);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(field + " was opened and is closed again", e);
        }
    }

    static void set(Field field, Object target, Object value) {
        try {
            field.set(target, value);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(field + " was opened and is closed again", e);
        }
    }

    static Field field(Class<?> owner, String name) {
        try {
            Field field = owner.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (ReflectiveOperationException | RuntimeException e) {
            // check() turns this into an error at the first connect.
            return null;
        }
    }
}
