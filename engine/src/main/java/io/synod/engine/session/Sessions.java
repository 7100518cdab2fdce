package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.ReadLevel;
import io.synod.engine.global.WaitingSessions;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.ConnectionInfo;
import org.h2.engine.RightOwner;
import org.h2.engine.SessionLocal;
import org.h2.engine.Setting;
import org.h2.engine.SynodEngineBridge;
import org.h2.engine.User;
import org.h2.message.DbException;
import org.h2.mvstore.MVStoreException;
import org.h2.util.StringUtils;

/** Opens sessions on one database of this node: checks the user, creates the first one. Thread-safe. */
public final class Sessions {
    /** What the names of tables and columns begin with that a statement has not finished. */
    public static final String UNFINISHED = DdlPlan.UNFINISHED;

    /** Synod's own, and those of H2 that the node has looked at when it opened the database. */
    private static final Set<String> NOT_STATEMENTS = Set.of(
            "NODE",
            "LISTEN",
            "SQL",
            "PEERS",
            "JOIN",
            "REPLACE",
            "CLUSTER",
            "READ",
            "COMMIT",
            "MAX_STALENESS",
            "TARGET",
            "PRIORITY",
            "ELECTION_TIMEOUT",
            "BASE",
            "OUTSIDE_CHANGES",
            "RECLAIM",
            "SCRUB",
            "LOG_LIMIT",
            "SNAPSHOT_RATE",
            "MAX_CONNECTIONS",
            "WARM_UP",
            "CONNECT_TIMEOUT",
            "FAILOVER_TIMEOUT",
            "SYNOD_REQUESTS",
            "SYNOD_SEEN",
            "SYNOD_HEADS",
            "INTERNAL",
            "SYNOD_SESSION",
            "IFEXISTS",
            "FORBID_CREATION",
            "DB_CLOSE_DELAY",
            "DB_CLOSE_ON_EXIT",
            "AUTO_SERVER",
            "AUTO_RECONNECT",
            "AUTO_SERVER_PORT",
            "FILE_LOCK",
            "ACCESS_MODE_DATA",
            "INIT",
            "IGNORE_UNKNOWN_SETTINGS",
            "NETWORK_TIMEOUT",
            "USER",
            "PASSWORD",
            "JMX",
            "OLD_INFORMATION_SCHEMA",
            "WRITE_DELAY",
            "TRACE_LEVEL_FILE",
            "TRACE_LEVEL_SYSTEM_OUT",
            "CACHE_SIZE");

    private static final long LOGIN_WAIT_NANOS = 500_000_000L;

    private final HostedDatabase database;
    private final LeaderLink link;
    private final Neighbours neighbours;
    private final OpenSessions open = new OpenSessions();
    private final WaitingSessions waits;

    /** @param link {@code null} where the node has no peers */
    public Sessions(HostedDatabase database, LeaderLink link) {
        this(database, link, Neighbours.NONE, Map.of());
    }

    /**
     * @param link {@code null} where the node has no peers
     * @param neighbours the databases of the node, this one among them
     * @param nodeSettings what SYNOD.SETTINGS shows of the node
     */
    public Sessions(HostedDatabase database, LeaderLink link, Neighbours neighbours, Map<String, String> nodeSettings) {
        this.database = database;
        this.link = link;
        this.neighbours = neighbours;
        this.waits = new SessionWaits(database, open);
        SystemSchema.install(database, nodeSettings, open);
    }

    public HostedDatabase database() {
        return database;
    }

    /** Who waits for whom. */
    public WaitingSessions waits() {
        return waits;
    }

    /**
     * @param user as H2 compares it
     * @param passwordHash H2's user password hash; empty for an empty password and user
     * @param settings upper-case keys
     * @param onClose called once when the session is closed
     * @throws SQLException 28000 wrong user or password, HYT00 no leader to create the first user, 22023 a bad setting
     */
    public SynodSession open(String user, byte[] passwordHash, Map<String, String> settings, Runnable onClose)
            throws SQLException {
        try {
            database.checkRunning();
            SessionOptions options = SessionOptions.of(settings);
            database.upkeep().forgetTransients();
            if (options.read().level() != ReadLevel.LOCAL && database.log().servingEpoch() == 0) {
                // A password that was changed, or a user that was dropped, a moment ago must not be let in any more.
                // Without a majority whoever this node knows comes in, to see its status at least: reads wait then.
                // Once: whoever looks for a node after the loss of a leader waits as long at a copy that lags.
                database.log().awaitReadable(LOGIN_WAIT_NANOS);
            }
            if (!hasUsers()) {
                createFirstUser(user, passwordHash, settings);
            }
            SessionLocal local = login(user, passwordHash);
            Forwarding forwarding = new Forwarding(database, link, user, passwordHash, settings);
            RoutedSession session = new RoutedSession(database, local, forwarding, options, open, neighbours, onClose);
            open.add(session);
            try {
                configure(session, settings);
            } catch (RuntimeException e) {
                session.close();
                throw e;
            }
            return session;
        } catch (DbException | SQLException | MVStoreException e) {
            DbException failed = database.whyFailed();
            throw DbException.toSQLException(failed == null ? e : failed);
        }
    }

    /** A user that was created elsewhere a moment ago may not have arrived here. */
    private SessionLocal login(String user, byte[] passwordHash) throws SQLException {
        try {
            return database.store().session(user, passwordHash);
        } catch (SQLException e) {
            if (database.log().servingEpoch() != 0 || e.getErrorCode() != ErrorCode.WRONG_USER_OR_PASSWORD) {
                throw e;
            }
            database.reads().awaitReadable();
            return database.store().session(user, passwordHash);
        }
    }

    private boolean hasUsers() {
        for (RightOwner owner : database.h2().getAllUsersAndRoles()) {
            if (owner instanceof User) {
                return true;
            }
        }
        return false;
    }

    /** As H2 does: whoever comes first to a new database is its administrator. The log decides who was first. */
    private void createFirstUser(String user, byte[] passwordHash, Map<String, String> settings) throws SQLException {
        long deadline = System.nanoTime() + database.timeoutMillis() * 1_000_000L;
        Backoff backoff = new Backoff();
        database.reads().awaitReadable();
        while (!hasUsers()) {
            String name = user.isEmpty() ? "" : user;
            if (database.statement(SynodEngineBridge.createAdminSql(database.h2(), name, passwordHash))) {
                continue;
            }
            if (Boolean.parseBoolean(settings.get("INTERNAL"))) {
                throw Errors.notLeader(database.node(), database.log().leader()).getSQLException();
            }
            String leader = database.log().awaitLeader(database.timeoutMillis() * 1_000_000L);
            if (leader == null) {
                throw database.noLeader().getSQLException();
            }
            if (!leader.equals(database.node()) && link != null) {
                createThere(leader, user, passwordHash, settings, deadline, backoff);
            }
            database.reads().awaitReadable();
        }
    }

    private void createThere(
            String leader,
            String user,
            byte[] passwordHash,
            Map<String, String> settings,
            long deadline,
            Backoff backoff)
            throws SQLException {
        try {
            ForwardedSession.open(link, leader, database.name(), user, passwordHash, settings)
                    .close();
        } catch (SQLException e) {
            if (!backoff.shallAskAgain(DbException.convert(e), deadline)) {
                throw e;
            }
        }
    }

    private void configure(RoutedSession session, Map<String, String> settings) {
        SessionLocal local = session.local();
        local.setAllowLiterals(true);
        if (Boolean.parseBoolean(settings.get("OLD_INFORMATION_SCHEMA"))) {
            local.setOldInformationSchema(true);
        }
        boolean internal = Boolean.parseBoolean(settings.get("INTERNAL"));
        settings.forEach((key, value) -> {
            if (NOT_STATEMENTS.contains(key)
                    || SynodEngineBridge.isOpenSetting(key)
                    || ConnectionInfo.isIgnoredByParser(key)
                    || isSetAlready(key, value)) {
                return;
            }
            if (!internal) {
                execute(
                        session,
                        "SET " + key + ' ' + (key.equals("TIME ZONE") ? StringUtils.quoteStringSQL(value) : value));
            }
        });
        String init = settings.get("INIT");
        if (init != null && !internal) {
            execute(session, init);
        }
        local.setAllowLiterals(false);
    }

    private boolean isSetAlready(String key, String value) {
        if (key.equals("MODE")) {
            return database.h2().getMode().getName().equalsIgnoreCase(value);
        }
        Setting setting = database.h2().findSetting(key);
        if (setting == null) {
            return false;
        }
        String now =
                setting.getStringValue() != null ? setting.getStringValue() : String.valueOf(setting.getIntValue());
        return now.equalsIgnoreCase(value);
    }

    private static void execute(RoutedSession session, String sql) {
        session.lock();
        try {
            CommandInterface command = session.prepareCommand(sql);
            try {
                Execution.run(command);
            } finally {
                command.close();
            }
        } finally {
            session.unlock();
        }
    }
}
