package io.synod.engine.node;

import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.HostedDatabase.RoleListener;
import io.synod.engine.federation.Federation;
import io.synod.engine.global.Deadlocks;
import io.synod.engine.global.GlobalCommits;
import io.synod.engine.session.Neighbours;
import io.synod.engine.session.SessionFactory;
import io.synod.engine.session.Sessions;
import io.synod.engine.session.SynodSession;
import io.synod.group.Member;
import io.synod.log.ChronicleEntryLog;
import io.synod.log.EntryLog;
import io.synod.log.LogConfig;
import io.synod.log.LogLockedException;
import io.synod.log.MemoryEntryLog;
import io.synod.paxos.Timing;
import io.synod.replica.ReplicaNode;
import io.synod.replica.Snapshots;
import io.synod.transport.SocketTransport;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.h2.message.DbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running node with its databases. Everything is put together here and nowhere else. Thread-safe.
 *
 * <p>Threads: those of its {@link ReplicaNode}, transport and SQL server, {@code synod-checkpoint}, and those of its {@link
 * GlobalCommits} and {@link Deadlocks}.
 */
public final class Node implements SessionFactory, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);
    private static final long HANDOVER_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final NodeConfig config;
    private final EntryLog log;
    private final ReplicaNode replicas;
    private final SqlFrontEnd sql;
    private final RemoteLink link;
    private final GlobalCommits globalCommits;
    private final Deadlocks deadlocks;
    private final Checkpoints checkpoints = new Checkpoints();
    private final Map<String, Sessions> databases = new ConcurrentHashMap<>();
    /** Settings of those that SHUTDOWN has closed: the next session opens them again, as in H2. */
    private final Map<String, Map<String, String>> shutDown = new ConcurrentHashMap<>();

    private final Federation federation = new Federation();

    private final Neighbours neighbours = new Neighbours() {
        @Override
        public Sessions find(String name) {
            return databases.get(name.toLowerCase(Locale.ROOT));
        }

        @Override
        public boolean open(String name) {
            if (!exists(name)) {
                return false;
            }
            try {
                host(name, Map.of());
                return true;
            } catch (SQLException e) {
                throw DbException.convert(e);
            }
        }

        @Override
        public Collection<String> names() {
            return databases.keySet().stream()
                    .map(name -> name.toUpperCase(Locale.ROOT))
                    .toList();
        }

        @Override
        public List<String> nodesWith(String name) {
            return link == null ? List.of() : link.nodesWith(name, config.name());
        }

        @Override
        public Federation federation() {
            return federation;
        }

        @Override
        public GlobalCommits commits() {
            return globalCommits;
        }

        @Override
        public Deadlocks deadlocks() {
            return deadlocks;
        }
    };

    private final List<RoleListener> listeners = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    private Node(NodeConfig config, EntryLog log, ReplicaNode replicas, SqlFrontEnd sql, Serials serials) {
        this.config = config;
        this.log = log;
        this.replicas = replicas;
        this.sql = sql;
        this.link = config.members().all().size() > 1 ? new RemoteLink(config.members()) : null;
        List<Integer> others = config.members().all().stream()
                .map(Member::slot)
                .filter(slot -> slot != config.slot())
                .toList();
        this.globalCommits = new GlobalCommits(
                config.slot(),
                serials.origin(),
                serials,
                this::hosted,
                () -> databases.values().stream().map(Sessions::database).toList(),
                new CommitPeers(replicas.questions(), others));
        this.deadlocks = new Deadlocks(
                config.slot(),
                () -> databases.values().stream().map(Sessions::waits).toList(),
                new DeadlockPeers(replicas.questions(), others));
        replicas.questions().answeredBy((group, question, answer) -> {
            if (Deadlocks.isAskedBy(question)) {
                deadlocks.asked(question, answer);
            } else {
                globalCommits.asked(question, answer);
            }
        });
    }

    /** @return {@code null} where it is not open on this node */
    private HostedDatabase hosted(String database) {
        Sessions sessions = databases.get(database);
        return sessions == null ? null : sessions.database();
    }

    /** Commits of this node's sessions that have written in several of its databases. */
    public GlobalCommits globalCommits() {
        return globalCommits;
    }

    /**
     * Starts a node; its databases are opened after that.
     *
     * @throws SQLException 90020 another process or node has the directory, 90031 it cannot be written or its log not be
     *     read, 90061 a port is in use, 90096 the directory belongs to another node
     */
    static Node start(NodeConfig config) throws SQLException {
        EntryLog log = null;
        ServerSocket listener = null;
        SqlFrontEnd sql = null;
        try {
            IdentityFile identity = null;
            if (config.directory() == null) {
                log = new MemoryEntryLog();
            } else {
                Files.createDirectories(config.directory());
                Path logDirectory = config.directory().resolve("log");
                if (IdentityFile.isIn(config.directory()) && !ChronicleEntryLog.isIn(logDirectory)) {
                    throw Errors.logGone(logDirectory.toString());
                }
                log = ChronicleEntryLog.open(logDirectory, LogConfig.standard(config.name()));
                identity = IdentityFile.open(config.directory(), config);
            }
            sql = new SqlFrontEnd();
            SocketTransport transport = null;
            SplittableRandom random = new SplittableRandom();
            if (config.members().all().size() > 1) {
                listener = listen(config.listen());
                transport = new SocketTransport(
                        new SocketTransport.Identity(
                                config.cluster(),
                                config.members(),
                                config.slot(),
                                identity.incarnation(),
                                config.clientAddress()),
                        listener,
                        sql,
                        identity,
                        System::nanoTime,
                        random.split());
            }
            ReplicaNode replicas = new ReplicaNode(
                    log,
                    transport,
                    Timing.patient(config.electionTimeoutMillis()),
                    config.logLimits(),
                    System::nanoTime,
                    random.split());
            Node node = new Node(config, log, replicas, sql, Serials.of(identity));
            sql.start(config.sql(), node);
            node.checkpoints.start();
            node.globalCommits.start();
            return node;
        } catch (IOException | SQLException | RuntimeException e) {
            closeQuietly(sql);
            closeQuietly(listener);
            closeQuietly(log);
            throw e instanceof SQLException s ? s : explained(config, e);
        }
    }

    private static ServerSocket listen(String address) throws SQLException {
        try {
            return SocketTransport.listen(address);
        } catch (IOException e) {
            throw Errors.portInUse(e.getMessage(), e);
        }
    }

    private static SQLException explained(NodeConfig config, Exception e) {
        if (e instanceof LogLockedException locked) {
            return Errors.inUse(String.valueOf(config.directory()), locked.holder(), e);
        }
        if (e instanceof AccessDeniedException) {
            return Errors.notWritable(String.valueOf(config.directory()), e);
        }
        return Errors.cannotStart(config.name(), e);
    }

    private static void closeQuietly(AutoCloseable resource) {
        if (resource != null) {
            try {
                resource.close();
            } catch (Exception e) {
                LOG.debug("closing after a failed start", e);
            }
        }
    }

    public String name() {
        return config.name();
    }

    NodeConfig config() {
        return config;
    }

    /** Is told of the roles of all databases of this node, from now on. */
    public void addRoleListener(RoleListener listener) {
        listeners.add(listener);
    }

    /**
     * Hosts a database: opens it, or creates it.
     *
     * @param h2Settings H2's settings, upper-case keys
     * @throws SQLException 90031 its file cannot be used, 0A000 a setting cannot be kept, and others of H2 with the value and
     *     what to do
     */
    public synchronized HostedDatabase host(String database, Map<String, String> h2Settings) throws SQLException {
        String key = database.toLowerCase(Locale.ROOT);
        Sessions open = databases.get(key);
        if (open != null) {
            return open.database();
        }
        checkRunning();
        if (Boolean.parseBoolean(h2Settings.get("DATABASE_TO_LOWER"))) {
            throw Errors.refused(
                            "DATABASE_TO_LOWER=TRUE",
                            "this version looks for the names of statements in upper case",
                            "leave it away; CASE_INSENSITIVE_IDENTIFIERS=TRUE finds names that are written in another way")
                    .getSQLException();
        }
        HostedDatabase hosted = null;
        try {
            hosted = new DatabaseOpening(
                            config, key, OpenSettings.of(h2Settings), log.recovered(HostedDatabase.groupId(key)))
                    .open();
            hosted.addRoleListener((name, leader, epoch, serving) -> {
                for (RoleListener listener : listeners) {
                    listener.onRole(name, leader, epoch, serving);
                }
            });
            Sessions sessions = new Sessions(hosted, link, neighbours, config.shown());
            HostedDatabase opened = hosted;
            boolean awaitsBase = config.base() != null && !config.base().equals(config.name());
            Snapshots snapshots =
                    hosted.storage().snapshots(config.members(), awaitsBase, () -> checkpoints.soon(opened));
            hosted.attach(replicas.openGroup(
                    HostedDatabase.groupId(key),
                    config.members(),
                    config.slot(),
                    config.priority(),
                    hosted,
                    snapshots));
            checkpoints.add(hosted, config.reclaimPercent());
            hosted.onShutdown(immediately -> onOwnThread(() -> shutDown(key, h2Settings, immediately)));
            databases.put(key, sessions);
            shutDown.remove(key);
            return hosted;
        } catch (IOException | RuntimeException e) {
            if (hosted != null) {
                hosted.abandon();
            }
            throw Errors.cannotOpen(key, e);
        }
    }

    private void checkRunning() throws SQLException {
        if (closed || replicas.failure() != null) {
            String why = replicas.failure() == null
                    ? "it is stopping"
                    : replicas.failure().toString();
            throw Errors.stopped("node " + config.name(), why).getSQLException();
        }
    }

    @Override
    public SynodSession open(String database, String user, byte[] passwordHash, Map<String, String> settings)
            throws SQLException {
        return open(database, user, passwordHash, settings, () -> {});
    }

    SynodSession open(String database, String user, byte[] passwordHash, Map<String, String> settings, Runnable onClose)
            throws SQLException {
        checkRunning();
        String key = database.toLowerCase(Locale.ROOT);
        Map<String, String> before = shutDown.get(key);
        if (before != null) {
            host(key, before);
        }
        Sessions sessions = databases.get(key);
        if (sessions == null) {
            if (exists(database)) {
                throw Errors.notOpenYet(database, config.name());
            }
            throw Errors.noSuchDatabase(database, config.name(), databases.keySet());
        }
        return sessions.open(user, passwordHash, settings, onClose);
    }

    @Override
    public Boolean knowsLeader(String database) {
        Sessions sessions = databases.get(database.toLowerCase(Locale.ROOT));
        return sessions == null ? null : sessions.database().log().leader() != null;
    }

    /** Where this node is reached by SQL clients, −1 for nowhere. */
    public int sqlPort() {
        return sql.port();
    }

    /** Hands leadership over, finishes what runs, takes a last checkpoint, and frees directory and ports. */
    @Override
    public void close() {
        onOwnThread(this::closeOnce);
    }

    /**
     * An interrupted wait inside H2 counts as one that ended, which no checkpoint may be built on: an application's thread
     * closes on a thread that nobody interrupts.
     */
    private static void onOwnThread(Runnable close) {
        Thread closer = new Thread(close, "synod-close");
        closer.start();
        boolean interrupted = false;
        while (true) {
            try {
                closer.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Closes one database; the node goes with the last one, unless it serves others. */
    private synchronized void shutDown(String key, Map<String, String> h2Settings, boolean immediately) {
        Sessions sessions = databases.remove(key);
        if (closed || sessions == null) {
            return;
        }
        HostedDatabase database = sessions.database();
        checkpoints.remove(database);
        if (!immediately) {
            // While its log can still hear of it: what a closed group has in the log is never forgotten.
            Checkpoints.take(database);
        }
        database.log().close();
        close(database, immediately);
        if (databases.isEmpty() && !config.servesOthers()) {
            closeOnce();
        } else {
            shutDown.put(key, h2Settings);
        }
    }

    private static void close(HostedDatabase database, boolean immediately) {
        try {
            if (immediately) {
                database.abandon();
            } else {
                database.close();
            }
        } catch (RuntimeException e) {
            // The next start cuts the file back to its last checkpoint and replays the log.
            LOG.warn("database {} was closed without a last checkpoint", database.name(), e);
        }
    }

    private synchronized void closeOnce() {
        if (closed) {
            return;
        }
        closed = true;
        closeQuietly(sql);
        deadlocks.close();
        globalCommits.close();
        checkpoints.close();
        List<HostedDatabase> hosted = new ArrayList<>();
        databases.values().forEach(s -> hosted.add(s.database()));
        replicas.close(config.members().all().size() > 1 ? HANDOVER_NANOS : 0);
        for (HostedDatabase database : hosted) {
            close(database, false);
        }
    }

    boolean isClosed() {
        return closed;
    }

    /** Whether a database was told by SET DB_CLOSE_DELAY to outlive its connections. */
    boolean staysOpen() {
        return databases.values().stream().anyMatch(s -> s.database().staysOpen());
    }

    Set<String> databaseNames() {
        return databases.keySet();
    }

    /** Whether the database is hosted here, or its file is in the directory. */
    boolean exists(String database) {
        String key = database.toLowerCase(Locale.ROOT);
        return databases.containsKey(key) || config.directory() != null && hasFile(key);
    }

    /** Clients choose the name: it must not lead out of the directory. */
    private boolean hasFile(String key) {
        try {
            Path file = Path.of(key + ".mv.db");
            return file.equals(file.getFileName())
                    && Files.exists(config.directory().resolve(file));
        } catch (InvalidPathException e) {
            return false;
        }
    }
}
