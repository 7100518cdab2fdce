package io.synod.engine.node;

import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.HostedDatabase.RoleListener;
import io.synod.engine.database.MemberErrors;
import io.synod.engine.global.Deadlocks;
import io.synod.engine.global.GlobalCommits;
import io.synod.engine.session.Neighbours;
import io.synod.engine.session.SessionFactory;
import io.synod.engine.session.Sessions;
import io.synod.engine.session.SynodSession;
import io.synod.log.EntryLog;
import io.synod.replica.ReplicaNode;
import io.synod.replica.ReplicatedLog;
import io.synod.replica.Snapshots;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running node with its databases. Everything is put together here and nowhere else. Thread-safe.
 *
 * <p>Threads: {@code synod-checkpoint}, {@code synod-scrub}, {@code synod-reopen}; those of its log, transport, SQL, {@link GlobalCommits},
 * {@link Deadlocks}.
 */
public final class Node implements SessionFactory, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);
    private static final long HANDOVER_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long WRITTEN_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final NodeConfig config;
    private final NodePlace place;
    private final IdentityFile identity;
    private final Removals removals;
    private final EntryLog log;
    private final ReplicaNode replicas;
    private final SqlFrontEnd sql;
    private final RemoteLink link;
    private final CurrentMembers members;
    private final JoinAnswers joins;
    private final ReturnAnswers returns;
    private final ReturnWatch returnWatch;
    private final MemberChanges memberChanges;
    private final GlobalCommits globalCommits;
    private final Deadlocks deadlocks;
    private final Scrubber scrubber;
    private final Checkpoints checkpoints = new Checkpoints();
    private final Reopening reopening;
    private final Map<String, Sessions> databases = new ConcurrentHashMap<>();
    /** What a node that is a witness has instead of {@link #databases}. */
    private final Witnesses witnesses;

    /** Settings of those that SHUTDOWN has closed: the next session opens them again, as in H2. */
    private final Map<String, Map<String, String>> shutDown = new ConcurrentHashMap<>();

    private final Neighbours neighbours;

    private final List<RoleListener> listeners = new CopyOnWriteArrayList<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile SQLException replaced;
    private volatile boolean closed;

    /** @param identity {@code null} for a node in memory */
    Node(
            NodeConfig config,
            NodePlace place,
            IdentityFile identity,
            EntryLog log,
            ReplicaNode replicas,
            SqlFrontEnd sql) {
        this.config = config;
        this.place = place;
        this.identity = identity;
        this.removals = new Removals(config.name(), identity);
        this.log = log;
        this.replicas = replicas;
        this.sql = sql;
        this.witnesses = new Witnesses(config, place, log, replicas, new Hears());
        this.members = new CurrentMembers(place, this::logs);
        this.joins = new JoinAnswers(config, identity, members);
        this.memberChanges = new MemberChanges(config, place, identity, members, replicas.questions(), this::hosted);
        this.returns = new ReturnAnswers(config, place, identity, memberChanges, this::logs);
        this.returnWatch = config.comesBack()
                ? new ReturnWatch(
                        config,
                        place,
                        identity,
                        new Returning(config, identity),
                        memberChanges,
                        this::hosted,
                        new Ends())
                : null;
        this.link = config.isReachable() ? new RemoteLink(members) : null;
        Serials serials = Serials.of(identity);
        this.globalCommits = new GlobalCommits(
                place.slot(),
                serials.origin(),
                serials,
                this::hosted,
                this::hosted,
                new CommitPeers(replicas.questions(), members::otherSlots));
        this.deadlocks = new Deadlocks(
                place.slot(),
                () -> databases.values().stream().map(Sessions::waits).toList(),
                new DeadlockPeers(replicas.questions(), members::otherSlots));
        this.scrubber = new Scrubber(config.name(), log, this::hosted, TimeUnit.HOURS.toNanos(config.scrubHours()));
        this.reopening = new Reopening(replicas::holdsBack);
        this.neighbours =
                new HostedNeighbours(this, databases, link, globalCommits, deadlocks, memberChanges, scrubber);
        replicas.questions().answeredBy((group, question, answer) -> {
            if (Deadlocks.isAskedBy(question)) {
                deadlocks.asked(question, answer);
            } else if (MemberMessages.isOne(question)) {
                memberChanges.asked(group, question, answer);
            } else {
                globalCommits.asked(question, answer);
            }
        });
    }

    /** What the node is told of databases that it is a witness of. */
    private final class Hears implements Witness.Listener {
        @Override
        public void onRole(String database, String leader, long epoch, boolean serving) {
            tell(database, leader, epoch, serving);
        }

        @Override
        public void onRemoved(String database, long configuration) {
            removals.note(database, configuration);
        }
    }

    private void tell(String database, String leader, long epoch, boolean serving) {
        listeners.forEach(listener -> listener.onRole(database, leader, epoch, serving));
    }

    private Collection<HostedDatabase> hosted() {
        return databases.values().stream().map(Sessions::database).toList();
    }

    private Map<String, ReplicatedLog> logs() {
        Map<String, ReplicatedLog> logs = CurrentMembers.logsOf(hosted());
        logs.putAll(witnesses.logs());
        return logs;
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

    /** Its ports are open. */
    void begin() {
        checkpoints.start();
        sql.endVanished(config, members, replicas.questions());
        globalCommits.start();
        scrubber.start();
        reopening.start();
        if (returnWatch != null) {
            returnWatch.start();
        }
    }

    /** By what its peers know of it. */
    private final class Ends implements ReturnWatch.Ends {
        @Override
        public void toComeBack(String why) {
            LOG.warn("node {} stops to come back as a new member: {}", config.name(), why);
            Closing.onOwnThread(Node.this::closeOnce);
        }

        @Override
        public void replaced(String why) {
            LOG.error("node {} stops: {}", config.name(), why);
            replaced = MemberErrors.mayNotJoin(config.name(), why);
            Closing.onOwnThread(Node.this::closeOnce);
        }

        @Override
        public void mayVote() {
            replicas.speak();
        }
    }

    /**
     * Waits for the end of this node. Where it returns and nobody closed the node, that is to be started again: others know another
     * directory of it.
     *
     * @throws SQLException 90096 another directory has its place
     */
    public void awaitEnd() throws SQLException, InterruptedException {
        ended.await();
        if (replaced != null) {
            throw replaced;
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
     *     what to do; 08001 this node is a witness, or cannot open it yet
     */
    public HostedDatabase host(String database, Map<String, String> h2Settings) throws SQLException {
        String key = database.toLowerCase(Locale.ROOT);
        checkWritten(key, WRITTEN_NANOS);
        synchronized (this) {
            if (reopening.isPending(key)) {
                throw Errors.notOpenYet(key, config.name());
            }
            return host(key, h2Settings, false);
        }
    }

    /** Before its file is touched, and never long under the monitor: the disk of the log may hang. */
    private void checkWritten(String key, long patienceNanos) throws SQLException {
        if (!replicas.awaitWritten(HostedDatabase.groupId(key), patienceNanos)) {
            throw Errors.notOpenYet(key, config.name());
        }
    }

    private synchronized HostedDatabase host(String key, Map<String, String> h2Settings, boolean staysOpen)
            throws SQLException {
        Sessions open = databases.get(key);
        if (open != null) {
            return open.database();
        }
        checkRunning();
        if (isWitness()) {
            throw Errors.witness(key, config.name(), String.join(", ", endpoints(key)));
        }
        Map<String, String> settings = OpenSettings.of(h2Settings);
        removals.check(key);
        checkWritten(key, 0);
        HostedDatabase hosted = null;
        try {
            hosted = new DatabaseOpening(config, place, key, settings, log.recovered(HostedDatabase.groupId(key)))
                    .open();
            hosted.addRoleListener(this::tell);
            hosted.setStaysOpen(staysOpen);
            Sessions sessions = new Sessions(hosted, link, neighbours, config.shown());
            HostedDatabase opened = hosted;
            boolean awaitsBase = config.base() != null && !config.base().equals(config.name());
            hosted.onRemoved(configuration -> removals.note(key, configuration));
            Snapshots snapshots =
                    hosted.storage().snapshots(place.bootstrap(), awaitsBase, () -> checkpoints.soon(opened));
            hosted.attach(replicas.openGroup(
                    HostedDatabase.groupId(key),
                    place.bootstrap(),
                    place.slot(),
                    config.priority(),
                    hosted,
                    snapshots));
            if (!place.joined() && log.recovered(HostedDatabase.groupId(key)).lastIndex() == 0) {
                members.warnWithoutMajorityOf(place.known(), key);
            }
            checkpoints.add(hosted, config.reclaimPercent());
            reopening.add(hosted, () -> reopen(opened, h2Settings));
            hosted.onShutdown(immediately -> Closing.onOwnThread(() -> shutDown(key, h2Settings, immediately)));
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

    /** Whether it keeps the logs of its databases, and no copies of them. */
    boolean isWitness() {
        return identity != null && identity.isWitness();
    }

    /**
     * The log of a database on this node, which is opened, or begun, where it is not open: with a copy of the database ({@link #host}),
     * or without one where this node is a witness.
     *
     * @throws SQLException as {@link #host}
     */
    public ReplicatedLog hostLog(String database, Map<String, String> h2Settings) throws SQLException {
        if (!isWitness()) {
            return host(database, h2Settings).log();
        }
        String key = database.toLowerCase(Locale.ROOT);
        synchronized (this) {
            checkRunning();
            removals.check(key);
            return witnesses.open(key);
        }
    }

    private void checkRunning() throws SQLException {
        if (closed || replicas.failure() != null) {
            Object why = Objects.requireNonNullElse(replicas.failure(), "it is stopping");
            throw Errors.stopped("node " + config.name(), why.toString()).getSQLException();
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
        if (isWitness()) {
            throw Errors.witness(key, config.name(), String.join(", ", endpoints(key)));
        }
        Map<String, String> before = shutDown.get(key);
        if (before != null) {
            host(key, before);
        }
        Sessions sessions = databases.get(key);
        if (sessions == null) {
            removals.check(key);
            if (exists(database) || isComing()) {
                throw Errors.notOpenYet(database, config.name());
            }
            throw Errors.noSuchDatabase(database, config.name(), databases.keySet());
        }
        return sessions.open(user, passwordHash, settings, onClose);
    }

    /** As {@link Witnesses#endpoints}. */
    List<String> endpoints(String database) {
        return witnesses.endpoints(database.toLowerCase(Locale.ROOT));
    }

    @Override
    public boolean isAdministrator(String database, String user, byte[] passwordHash) {
        HostedDatabase hosted = hosted(database.toLowerCase(Locale.ROOT));
        return hosted != null && hosted.store().isAdministrator(user, passwordHash);
    }

    @Override
    public Boolean knowsLeader(String database) {
        Sessions sessions = databases.get(database.toLowerCase(Locale.ROOT));
        return sessions == null ? null : sessions.database().log().leader() != null;
    }

    @Override
    public boolean serves(String database) {
        Sessions sessions = databases.get(database.toLowerCase(Locale.ROOT));
        return sessions != null && sessions.database().log().servingEpoch() != 0;
    }

    @Override
    public String joins(String cluster, String node, UUID incarnation) {
        return joins.answer(cluster, node, incarnation);
    }

    @Override
    public String returns(String cluster, String node, UUID incarnation, String address) {
        return returns.answer(cluster, node, incarnation, address);
    }

    /** Where this node is reached by SQL clients, −1 for nowhere. */
    public int sqlPort() {
        return sql.port();
    }

    /** Hands leadership over, finishes what runs, takes a last checkpoint, and frees directory and ports. */
    @Override
    public void close() {
        Closing.onOwnThread(this::closeOnce);
    }

    /** Closes one database; the node goes with the last one, unless it serves others. */
    private synchronized void shutDown(String key, Map<String, String> h2Settings, boolean immediately) {
        Sessions sessions = databases.remove(key);
        if (closed || sessions == null) {
            return;
        }
        HostedDatabase database = sessions.database();
        checkpoints.remove(database);
        reopening.remove(database);
        if (!immediately) {
            // While its log can still hear of it: what a closed group has in the log is never forgotten.
            Checkpoints.take(database);
        }
        database.log().close();
        Closing.close(database, immediately);
        if (databases.isEmpty() && reopening.pending().isEmpty() && !config.servesOthers()) {
            closeOnce();
        } else {
            shutDown.put(key, h2Settings);
        }
    }

    /** Opens a database again whose disk was full. */
    private void reopen(HostedDatabase stopped, Map<String, String> h2Settings) throws SQLException {
        if (closeFull(stopped)) {
            checkWritten(stopped.name(), WRITTEN_NANOS);
            host(stopped.name(), h2Settings, stopped.staysOpen());
            LOG.info("database {} goes on on node {}: its disk has room again", stopped.name(), config.name());
        }
    }

    /** @return false where it is not to be opened again */
    private synchronized boolean closeFull(HostedDatabase stopped) {
        boolean closes = !closed && replicas.failure() == null && reopening.closes(stopped, checkpoints);
        if (closes) {
            databases.remove(stopped.name());
        }
        return closes;
    }

    private synchronized void closeOnce() {
        if (closed) {
            return;
        }
        closed = true;
        listeners.forEach(listener -> NodeStart.closeQuietly(listener instanceof WarmUp warmUp ? warmUp : null));
        NodeStart.closeQuietly(returnWatch);
        NodeStart.closeQuietly(sql);
        deadlocks.close();
        globalCommits.close();
        scrubber.close();
        reopening.close();
        checkpoints.close();
        Collection<HostedDatabase> hosted = hosted();
        replicas.close(config.isReachable() ? HANDOVER_NANOS : 0);
        for (HostedDatabase database : hosted) {
            Closing.close(database, false);
        }
        ended.countDown();
    }

    /** Whether it has stopped, or is about to. */
    public boolean isClosed() {
        return closed;
    }

    /** Whether a database was told by SET DB_CLOSE_DELAY to outlive its connections. */
    boolean staysOpen() {
        return Stream.concat(hosted().stream(), reopening.pending().stream()).anyMatch(HostedDatabase::staysOpen);
    }

    Set<String> databaseNames() {
        return databases.keySet();
    }

    /**
     * Whether the database is hosted here, or its file is in the directory, or its log; the file may be lost, and both where the others
     * have them.
     */
    boolean exists(String database) {
        String key = database.toLowerCase(Locale.ROOT);
        long group = HostedDatabase.groupId(key);
        return databases.containsKey(key)
                || config.directory() != null && NodeDirectory.hasFile(config.directory(), key)
                || log.recovered(group).lastIndex() > 0
                || identity != null && identity.comingBack().votesAgain(group);
    }

    /** A node that others let in has nothing at its first start that says which databases it is about to open. */
    private boolean isComing() {
        return place.joined() && databases.isEmpty() && shutDown.isEmpty();
    }
}
