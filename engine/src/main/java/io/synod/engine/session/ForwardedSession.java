package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.LogRecord;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.h2.command.CommandInterface;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.util.StringUtils;
import org.h2.value.Value;

/**
 * This session's other half on the leader: runs its writing transactions there. Auto-commit is always off over there: the
 * result of a statement has arrived before its commit is asked for, so at most the commit's answer can be lost.
 *
 * <p>Called under the session's lock.
 */
final class ForwardedSession {
    private final String leader;
    private final LeaderLink link;
    private final Session session;
    private List<String> told = List.of();
    private CommitLevel toldLevel;

    /**
     * How a commit was answered.
     *
     * @param index its place in the log; 0 where it is not known, or nothing was logged
     * @param settled false at level LOCAL: it may still be lost
     * @param warning {@code null} for none
     */
    record Committed(long index, boolean settled, String warning) {
        static final Committed SOMEWHERE = new Committed(0, true, null);
    }

    private ForwardedSession(LeaderLink link, String leader, Session session, CommitLevel toldLevel) {
        this.link = link;
        this.leader = leader;
        this.session = session;
        this.toldLevel = toldLevel;
    }

    static ForwardedSession open(
            LeaderLink link,
            String leader,
            String database,
            String user,
            byte[] passwordHash,
            Map<String, String> settings)
            throws SQLException {
        Map<String, String> internal = new HashMap<>(settings);
        internal.put("INTERNAL", "TRUE");
        internal.put("SYNOD_SESSION", UUID.randomUUID().toString());
        Session session = link.open(leader, database, user, passwordHash, internal);
        session.setAutoCommit(false);
        return new ForwardedSession(
                link, leader, session, CommitLevel.parse(settings.getOrDefault("COMMIT", "QUORUM")));
    }

    String leader() {
        return leader;
    }

    Session session() {
        return session;
    }

    boolean isBroken() {
        return session.isClosed();
    }

    /** Brings the other half into the state that this session has been set to since. */
    void tell(SessionLocal local) {
        List<String> state = SessionState.forForwarding(local);
        if (state.equals(told)) {
            return;
        }
        List<String> news = new ArrayList<>(state);
        news.removeAll(told);
        String quirks = LogRecord.Statement.QUIRKS;
        if (told.contains(quirks + " TRUE") && !state.contains(quirks + " TRUE")) {
            news.add(quirks + " FALSE");
        }
        for (String sql : news) {
            execute(sql);
        }
        told = state;
    }

    void tell(SessionLocal local, CommitLevel level) {
        tell(local);
        if (level != toldLevel) {
            execute("SET COMMIT " + level);
            toldLevel = level;
        }
    }

    /** Brings this session into the state that a statement over there has left behind. */
    void takeVariables(SessionLocal local, Collection<String> names) {
        for (String name : names) {
            Value value = row("SELECT @" + StringUtils.quoteIdentifier(name))[0];
            local.lock();
            try {
                local.setVariable(name, value);
            } finally {
                local.unlock();
            }
        }
        told = SessionState.forForwarding(local);
    }

    private void execute(String sql) {
        CommandInterface command = session.prepareCommand(sql);
        try {
            command.executeUpdate(null);
        } finally {
            command.close();
        }
    }

    void rollback() {
        execute("ROLLBACK");
    }

    Committed commit(CommitId id) {
        Value[] row = row(text("COMMIT", id));
        return new Committed(row[0].getLong(), row[1].getBoolean(), row[2].getString());
    }

    long settle() {
        return call("CALL SYNOD.SETTLE()").getLong();
    }

    /** Names the commit that the next statement makes by itself. */
    void name(CommitId id) {
        call("REQUEST", id);
    }

    boolean resolve(CommitId id) {
        return call("RESOLVE", id);
    }

    long startDigest() {
        return call("CALL SYNOD.DIGEST_START()").getLong();
    }

    /** @param member {@code null} for any other */
    boolean transfer(String member) {
        String argument = member == null ? "" : StringUtils.quoteStringSQL(member);
        return call("CALL SYNOD.TRANSFER(" + argument + ")").getBoolean();
    }

    private boolean call(String name, CommitId id) {
        return call(text(name, id)).getBoolean();
    }

    private static String text(String name, CommitId id) {
        return "CALL SYNOD." + name + "('" + id.session() + "', " + id.number() + ")";
    }

    private Value call(String sql) {
        return row(sql)[0];
    }

    private Value[] row(String sql) {
        CommandInterface command = session.prepareCommand(sql);
        try (ResultInterface rows = command.executeQuery(0, 1, false)) {
            rows.next();
            return rows.currentRow();
        } finally {
            command.close();
        }
    }

    /** Somebody else leads: what is being waited for over there is lost, even when that node never says so. */
    void abandon() {
        link.abandon(session);
    }

    void close() {
        try {
            if (!session.isClosed()) {
                session.close();
            }
        } catch (DbException e) {
            org.slf4j.LoggerFactory.getLogger(ForwardedSession.class)
                    .debug("closing a forwarded session on {}: {}", leader, e.toString());
        }
    }
}
