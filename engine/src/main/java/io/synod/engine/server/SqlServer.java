package io.synod.engine.server;

import io.synod.engine.session.SessionFactory;
import io.synod.engine.session.SessionNames;
import io.synod.engine.session.SynodSession;
import io.synod.jdbc.LeaderQuestion;
import io.synod.jdbc.RemoteInternals;
import io.synod.jdbc.ReplyHead;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.h2.api.ErrorCode;
import org.h2.engine.Constants;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;
import org.h2.value.Transfer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts SQL clients: stock H2 clients and Synod's driver. A connection has a thread of its own, {@code synod-sql-n}; their
 * number is bounded by {@link ConnectionPlaces}, and one too many is told so. Those that have not said yet who they are have a
 * bound of their own: while it is reached the next ones wait in the listener's queue. Thread-safe.
 */
public final class SqlServer implements AutoCloseable {
    /** Connections without a session: on their way to one, being refused, or saying nothing. */
    private static final int GREETINGS_MAX = 512;

    /** Then it is closed without a word: places are kept by clients that say nothing. */
    private static final long GREETING_WAIT_MILLIS = 1_000;

    /** Of the listener's queue: all clients of a lost node come at once. */
    private static final int BACKLOG = 1_024;

    /** For all that a client says first. */
    static final int HELLO_TIMEOUT_MILLIS = 10_000;

    /** For a refused client to close its end, and what it may have sent until then. */
    private static final int LEAVE_MILLIS = 1_000;

    private static final int LEAVE_BYTES = 1 << 20;
    private static final long ACCEPT_PAUSE_NANOS = 50_000_000;
    private static final Logger LOG = LoggerFactory.getLogger(SqlServer.class);

    private final SessionFactory sessions;
    private final ConnectionPlaces places;
    private final int helloMillis;
    private final ServerSocket listener;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Set<SqlConnection> connections = ConcurrentHashMap.newKeySet();
    private final Semaphore greetings = new Semaphore(GREETINGS_MAX);
    private final AtomicInteger threads = new AtomicInteger();
    private volatile boolean closed;

    private SqlServer(ServerSocket listener, SessionFactory sessions, ConnectionPlaces places, int helloMillis) {
        this.listener = listener;
        this.sessions = sessions;
        this.places = places;
        this.helloMillis = helloMillis;
    }

    /**
     * Listens and serves.
     *
     * @param host name or address of this machine on which to listen
     * @param port 0 for any free one
     * @param places may be shared with another server
     * @throws IOException when the address cannot be listened on; the message names it
     */
    public static SqlServer start(String host, int port, SessionFactory sessions, ConnectionPlaces places)
            throws IOException {
        return start(host, port, sessions, places, HELLO_TIMEOUT_MILLIS);
    }

    /** @param helloMillis within which a client has to have said who it is */
    static SqlServer start(String host, int port, SessionFactory sessions, ConnectionPlaces places, int helloMillis)
            throws IOException {
        ServerSocket listener = new ServerSocket();
        try {
            listener.setReuseAddress(true);
            listener.bind(new InetSocketAddress(InetAddress.getByName(host), port), BACKLOG);
        } catch (IOException e) {
            listener.close();
            throw new IOException(
                    "Cannot listen for SQL clients on " + host + ":" + port + ": " + e.getMessage()
                            + ". Give another address (SQL= or --sql), or stop the process that uses it",
                    e);
        }
        SqlServer server = new SqlServer(listener, sessions, places, helloMillis);
        Thread thread = new Thread(server::accept, "synod-sql-accept");
        thread.setDaemon(true);
        thread.start();
        return server;
    }

    /** A server without a port of its own: connections come through {@link #serve}. */
    public static SqlServer withoutPort(SessionFactory sessions, ConnectionPlaces places) {
        return new SqlServer(null, sessions, places, HELLO_TIMEOUT_MILLIS);
    }

    /** @return the port that is listened on */
    public int port() {
        return listener.getLocalPort();
    }

    /** @return connections that have a session now */
    public int connections() {
        return connections.size();
    }

    /** @return connections that have a socket now, with a session or without */
    int sockets() {
        return sockets.size();
    }

    private void accept() {
        while (!closed) {
            try {
                Socket socket = listener.accept();
                if (greetings.tryAcquire(GREETING_WAIT_MILLIS, TimeUnit.MILLISECONDS)) {
                    greet(socket, socket.getInputStream());
                } else {
                    closeQuietly(socket);
                }
            } catch (InterruptedException e) {
                return;
            } catch (IOException e) {
                if (!closed) {
                    // Out of file descriptors, most likely: going on at once would only burn the processor.
                    LOG.warn("cannot accept an SQL client: {}", e.getMessage());
                    LockSupport.parkNanos(ACCEPT_PAUSE_NANOS);
                }
            }
        }
    }

    /**
     * Takes over a connection that another port accepted.
     *
     * @param in the socket's input, with what was already read put back in front
     * @return true: the socket is ours from now on, closed by us also when it is refused
     */
    public boolean serve(Socket socket, InputStream in) {
        if (greetings.tryAcquire()) {
            greet(socket, in);
        } else {
            closeQuietly(socket);
        }
        return true;
    }

    /** It has a place among those that say who they are. */
    private void greet(Socket socket, InputStream in) {
        Greeting greeting = new Greeting();
        sockets.add(socket);
        if (closed) {
            forget(socket, greeting);
            return;
        }
        Thread thread = new Thread(() -> run(socket, in, greeting), "synod-sql-" + threads.incrementAndGet());
        thread.setDaemon(true);
        try {
            thread.start();
        } catch (OutOfMemoryError e) {
            LOG.warn("no thread left for an SQL client: {}", e.getMessage());
            forget(socket, greeting);
        }
    }

    /** A place that is given back once. */
    private final class Greeting {
        private boolean over;

        void end() {
            if (!over) {
                over = true;
                greetings.release();
            }
        }
    }

    private void run(Socket socket, InputStream in, Greeting greeting) {
        boolean greeted = false;
        try {
            socket.setTcpNoDelay(true);
            // Else who vanishes without a word would keep its rows locked for two hours.
            RemoteInternals.keepAlive(socket);
            HelloInput limited = new HelloInput(socket, in, helloMillis);
            BufferedInputStream buffered = new BufferedInputStream(limited);
            buffered.mark(1);
            if (buffered.read() < 0) {
                // Somebody only looked whether anyone listens: drivers of earlier releases do before they connect.
                return;
            }
            buffered.reset();
            ClientHello hello = ClientHello.read(new DataInputStream(buffered));
            greeted = true;
            limited.greeted();
            answer(hello, new TakenOverSocket(socket, buffered), greeting);
        } catch (IOException e) {
            if (closed) {
                return;
            }
            if (greeted) {
                LOG.debug("SQL client {} is gone: {}", socket.getRemoteSocketAddress(), e.toString());
            } else {
                String why = e instanceof EOFException ? "it left in the middle of its greeting" : e.getMessage();
                LOG.warn("dropped {}, not an SQL client: {}", socket.getRemoteSocketAddress(), why);
            }
        } catch (RuntimeException | Error e) {
            LOG.error("the connection of SQL client {} failed", socket.getRemoteSocketAddress(), e);
        } finally {
            forget(socket, greeting);
        }
    }

    private void answer(ClientHello hello, TakenOverSocket socket, Greeting greeting) throws IOException {
        Transfer transfer = new Transfer(null, socket);
        transfer.init();
        if (hello instanceof ClientHello.Cancel cancel) {
            connections.forEach(connection -> connection.cancel(cancel.session(), cancel.statement()));
        } else if (hello instanceof ClientHello.CheckKey check && JoinQuestion.of(check.key()) != null) {
            JoinQuestion asked = JoinQuestion.of(check.key());
            JoinQuestion.write(sessions.joins(asked.cluster(), asked.node(), asked.incarnation()), transfer);
        } else if (hello instanceof ClientHello.CheckKey check && ReturnQuestion.of(check.key()) != null) {
            ReturnQuestion asked = ReturnQuestion.of(check.key());
            JoinQuestion.write(
                    sessions.returns(asked.cluster(), asked.node(), asked.incarnation(), asked.address()), transfer);
        } else if (hello instanceof ClientHello.CheckKey check) {
            transfer.writeInt(ofLeader(check.key())).flush();
        } else if (hello instanceof ClientHello.WrongVersion version) {
            new Replies(transfer)
                    .error(DbException.get(
                            ErrorCode.DRIVER_VERSION_ERROR_2,
                            Integer.toString(version.max()),
                            Integer.toString(Constants.TCP_PROTOCOL_VERSION_MIN_SUPPORTED)));
        } else if (hello instanceof ClientHello.Open request) {
            try {
                open(request, transfer, socket.output(), greeting);
            } catch (SQLException e) {
                new Replies(transfer).error(e);
                leave(socket);
            } catch (DbException e) {
                new Replies(transfer).error(e);
                leave(socket);
            }
        }
    }

    /**
     * Before a refused client's connection is closed. It may have sent more than its greeting: closed over what nobody has read, the
     * connection is reset, and the error may be lost on its way.
     */
    private static void leave(TakenOverSocket socket) throws IOException {
        socket.shutdownOutput();
        InputStream in = socket.getInputStream();
        byte[] dropped = new byte[4096];
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LEAVE_MILLIS);
        for (int left = LEAVE_BYTES; left > 0; ) {
            long millis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (millis <= 0) {
                return;
            }
            socket.setSoTimeout((int) millis);
            int read = in.read(dropped);
            if (read < 0) {
                return;
            }
            left -= read;
        }
    }

    private int ofLeader(String key) {
        String database = LeaderQuestion.database(key);
        if (database != null) {
            return LeaderQuestion.answer(sessions.knowsLeader(database));
        }
        String served = LeaderQuestion.servedDatabase(key);
        return served == null
                ? SessionRemote.STATUS_ERROR
                : LeaderQuestion.answer(sessions.knowsLeader(served), sessions.serves(served));
    }

    private void open(ClientHello.Open request, Transfer transfer, HeadedOutput out, Greeting greeting)
            throws SQLException, IOException {
        if (request.filePasswordHash() != null) {
            throw new SQLException(
                    "Encrypted databases (CIPHER) are not served: connect without CIPHER",
                    "90113",
                    ErrorCode.UNSUPPORTED_SETTING_1);
        }
        Map<String, String> settings = new HashMap<>(request.settings());
        // Of one that another node has opened here it is the name of the session for which it has.
        boolean internal = Boolean.parseBoolean(settings.get("INTERNAL"));
        String clientSession = internal ? settings.get("SYNOD_SESSION") : settings.remove("SYNOD_SESSION");
        String requests = settings.remove("SYNOD_REQUESTS");
        String heads = settings.remove(ReplyHead.SETTING);
        if (heads != null && !heads.equals(ReplyHead.FORM)) {
            throw badSetting(
                    ReplyHead.SETTING, heads, ReplyHead.FORM + " (upgrade this node, or take its driver)", null);
        }
        if (request.version() < Constants.TCP_PROTOCOL_VERSION_20) {
            settings.put("OLD_INFORMATION_SCHEMA", "TRUE");
            settings.put("NON_KEYWORDS", "VALUE");
        }
        UUID id = clientSession == null ? UUID.randomUUID() : uuid(clientSession);
        byte[] hash = request.passwordHash() == null ? new byte[0] : request.passwordHash();
        Long first = requests == null ? null : (Long) number(requests);
        places.enter(internal, () -> sessions.isAdministrator(request.database(), request.user(), hash));
        try {
            SynodSession session = sessions.open(request.database(), request.user(), hash, settings);
            greeting.end();
            transfer.setVersion(request.version());
            serve(
                    new SqlConnection(transfer, session, id, first, heads == null ? null : out),
                    transfer,
                    request.version());
        } finally {
            places.leave(internal);
        }
    }

    private void serve(SqlConnection connection, Transfer transfer, int version) throws IOException {
        connections.add(connection);
        try {
            transfer.writeInt(SessionRemote.STATUS_OK).writeInt(version).flush();
            connection.serve();
        } finally {
            connections.remove(connection);
            connection.close();
        }
    }

    /**
     * Cuts the connections of sessions that a node has opened here; their threads roll them back and close them.
     *
     * @return how many there are
     */
    public int endSessionsOf(int slot) {
        int ended = 0;
        for (SqlConnection connection : connections) {
            if (SessionNames.slot(connection.clientSession()) == slot) {
                closeQuietly(connection.socket());
                ended++;
            }
        }
        return ended;
    }

    private static UUID uuid(String text) throws SQLException {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw badSetting("SYNOD_SESSION", text, "a UUID", e);
        }
    }

    private static long number(String text) throws SQLException {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw badSetting("SYNOD_REQUESTS", text, "a whole number", e);
        }
    }

    private static SQLException badSetting(String key, String value, String expected, Throwable cause) {
        return new SQLException(
                "Bad value \"" + value + "\" for " + key + ": expected " + expected
                        + "; the driver sends it, do not set it",
                "90113",
                ErrorCode.UNSUPPORTED_SETTING_1,
                cause);
    }

    private void forget(Socket socket, Greeting greeting) {
        sockets.remove(socket);
        closeQuietly(socket);
        greeting.end();
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("closing {}: {}", socket.getRemoteSocketAddress(), e.toString());
        }
    }

    /** Stops to accept and cuts all connections; their sessions are rolled back and closed by their threads. */
    @Override
    public void close() throws IOException {
        closed = true;
        if (listener != null) {
            listener.close();
        }
        sockets.forEach(SqlServer::closeQuietly);
    }
}
