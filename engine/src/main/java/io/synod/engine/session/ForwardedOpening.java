package io.synod.engine.session;

import io.synod.engine.database.HostedDatabase;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;

/** Opens one session's other halves on the leader of the moment. Called under the session's lock, but for {@link #onLeader}. */
final class ForwardedOpening {
    private final HostedDatabase database;
    private final LeaderLink link;
    private final String user;
    private final byte[] passwordHash;
    private final Map<String, String> settings;
    private volatile Attempt attempt;
    private String next;

    private record Attempt(String leader, Runnable cut) {}

    /** @param link {@code null} where the node has no peers */
    ForwardedOpening(
            HostedDatabase database, LeaderLink link, String user, byte[] passwordHash, Map<String, String> settings) {
        this.database = database;
        this.link = link;
        this.user = user;
        this.passwordHash = passwordHash;
        this.settings = settings;
    }

    /**
     * What a transaction is about to begin with, so that a session which is opened for that can prepare it at once.
     *
     * @param sql {@code null} for nothing, or what may not be kept
     */
    void next(String sql) {
        next = sql;
    }

    /**
     * A session in this one's state. Until {@link #over} it is cut off when another node leads.
     *
     * @param local whose state it gets
     */
    ForwardedSession open(String leader, SessionLocal local) throws SQLException {
        checkLink(leader);
        try {
            return ForwardedSession.open(
                    link,
                    leader,
                    database.name(),
                    user,
                    passwordHash,
                    settings,
                    local,
                    next,
                    cut -> attempt = new Attempt(leader, cut));
        } catch (DbException e) {
            throw e.getSQLException();
        }
    }

    /** One that is told nothing. */
    ForwardedSession openBare(String leader) throws SQLException {
        checkLink(leader);
        try {
            return ForwardedSession.open(link, leader, database.name(), user, passwordHash, settings);
        } catch (DbException e) {
            throw e.getSQLException();
        }
    }

    /** A session of the same user in another database of this node. */
    RoutedSession openBranch(Sessions there) throws SQLException {
        Map<String, String> itsSettings = new HashMap<>(settings);
        itsSettings.remove("INIT");
        itsSettings.remove("SYNOD_SEEN");
        // A schema is this database's, a mode would become that one's; what is the session's own it is told.
        itsSettings.keySet().removeIf(name -> SettingKinds.of(name) != null);
        return (RoutedSession) there.open(user, passwordHash, itsSettings, () -> {});
    }

    private void checkLink(String leader) throws SQLException {
        if (link == null) {
            throw new SQLException("no way to node " + leader, "08001");
        }
    }

    /** Whoever has asked for the session has it, or knows that there is none. */
    void over() {
        attempt = null;
    }

    /** From any thread: a leader that was paused would be waited for. */
    void onLeader(String leader) {
        Attempt now = attempt;
        if (now != null && !now.leader().equals(leader)) {
            now.cut().run();
        }
    }
}
