package io.synod.engine.session;

import io.synod.branch.BranchRequest;
import io.synod.engine.database.CommitId;
import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.LogRecord;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.h2.command.CommandInterface;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.util.StringUtils;
import org.h2.value.Value;
import org.h2.value.ValueBigint;
import org.h2.value.ValueVarchar;

/**
 * This session's other half on the leader: runs its writing transactions there. Auto-commit is always off over there: the
 * result of a statement has arrived before its commit is asked for, so at most the commit's answer can be lost.
 *
 * <p>Called under the session's lock.
 */
final class ForwardedSession {
    private static final String COMMIT = "CALL SYNOD.COMMIT(?, ?)";

    private final String name;
    private final String leader;
    private final LeaderLink link;
    private final Session session;
    private final IdleCommands<CommandInterface> idle = new IdleCommands<>();
    private List<String> told = List.of();
    private CommitLevel toldLevel;
    private CommandInterface commit;
    private CommandInterface canCommit;
    private volatile boolean abandoned;

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

    private ForwardedSession(String name, LeaderLink link, String leader, Session session, CommitLevel toldLevel) {
        this.name = name;
        this.link = link;
        this.leader = leader;
        this.session = session;
        this.toldLevel = toldLevel;
    }

    /** A session for what the node itself asks over there. */
    static ForwardedSession open(
            LeaderLink link,
            String leader,
            String database,
            String user,
            byte[] passwordHash,
            Map<String, String> settings)
            throws SQLException {
        return open(
                link,
                leader,
                database,
                user,
                passwordHash,
                settings,
                List.of(),
                new LeaderLink.First(List.of(), List.of()));
    }

    /**
     * A session in the state of this one, and ready for a transaction.
     *
     * @param statement that runs there first; {@code null} where it is not known, or may not be kept
     * @param begun see {@link LeaderLink.First}
     */
    static ForwardedSession open(
            LeaderLink link,
            String leader,
            String database,
            String user,
            byte[] passwordHash,
            Map<String, String> settings,
            SessionLocal local,
            String statement,
            Consumer<Runnable> begun)
            throws SQLException {
        List<String> prepared = statement == null ? List.of(COMMIT) : List.of(COMMIT, statement);
        List<String> state = SessionState.forForwarding(local);
        LeaderLink.First first = new LeaderLink.First(texts(state), prepared, begun);
        return open(link, leader, database, user, passwordHash, settings, state, first);
    }

    private static ForwardedSession open(
            LeaderLink link,
            String leader,
            String database,
            String user,
            byte[] passwordHash,
            Map<String, String> settings,
            List<String> state,
            LeaderLink.First first)
            throws SQLException {
        Map<String, String> internal = new HashMap<>(settings);
        internal.put("INTERNAL", "TRUE");
        // Reads over there are inside of a transaction that may write, and are confirmed like what it writes.
        internal.remove("READ");
        internal.remove("MAX_STALENESS");
        // How long a client waits for answers, or has waited when it connected: what it asks for here may take longer.
        internal.remove("NETWORK_TIMEOUT");
        String name = SessionNames.of(link.slot()).toString();
        internal.put("SYNOD_SESSION", name);
        LeaderLink.Opened opened = link.open(leader, database, user, passwordHash, internal, first);
        ForwardedSession session = new ForwardedSession(
                name, link, leader, opened.session(), CommitLevel.parse(settings.getOrDefault("COMMIT", "QUORUM")));
        if (opened.told()) {
            session.told = state;
        }
        opened.prepared().forEach(session::ready);
        return session;
    }

    private void ready(String sql, CommandInterface command) {
        if (sql.equals(COMMIT)) {
            commit = command;
        } else {
            idle.add(sql, command);
        }
    }

    /** Of the session over there; no other one has it. */
    String name() {
        return name;
    }

    String leader() {
        return leader;
    }

    /** Prepared over there, perhaps long ago; to be given back. */
    CommandInterface take(String sql) {
        CommandInterface kept = idle.take(sql);
        return kept == null ? session.prepareCommand(sql) : kept;
    }

    /** @param again whether it is worth keeping for the next who takes it */
    void giveBack(String sql, CommandInterface command, boolean again) {
        if (isBroken()) {
            return;
        }
        if (again) {
            idle.add(sql, command);
        } else {
            command.close();
        }
    }

    /** H2's session itself knows so only when a statement has failed, not when rows of its result could not be fetched. */
    boolean isBroken() {
        return abandoned || session.isClosed();
    }

    /** Brings the other half into the state that this session has been set to since. */
    void tell(SessionLocal local) {
        List<String> state = SessionState.forForwarding(local);
        if (state.equals(told)) {
            return;
        }
        // What they mean may be another thing now.
        idle.clear();
        List<String> changes = SessionState.changes(told, state);
        texts(changes).forEach(this::execute);
        told = state;
    }

    private static List<String> texts(List<String> changes) {
        List<String> texts = new ArrayList<>();
        // A leader of an earlier release would execute nothing of what follows it in one text; first, since the others
        // are of this mode.
        changes.stream()
                .filter(sql -> sql.startsWith(LogRecord.Statement.QUIRKS))
                .forEach(texts::add);
        List<String> others = changes.stream()
                .filter(sql -> !sql.startsWith(LogRecord.Statement.QUIRKS))
                .toList();
        if (!others.isEmpty()) {
            // As one text: each costs round trips.
            texts.add(String.join("; ", others));
        }
        return texts;
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

    /** @return what the other half has drawn last, NULL if nothing since it was taken before */
    Value takeLastKey() {
        return row("CALL SYNOD.LAST_KEY()")[0];
    }

    void lastKey(Value key) {
        row("CALL SYNOD.LAST_KEY('" + key.getLong() + "')");
    }

    void rollback() {
        execute("ROLLBACK");
    }

    Committed commit(CommitId id) {
        if (commit == null) {
            commit = session.prepareCommand(COMMIT);
        }
        name(commit, 0, id);
        Value[] row = row(commit);
        return new Committed(row[0].getLong(), row[1].getBoolean(), row[2].getString());
    }

    private static void name(CommandInterface call, int first, CommitId id) {
        call.getParameters().get(first).setValue(ValueVarchar.get(id.session().toString()), true);
        call.getParameters().get(first + 1).setValue(ValueBigint.get(id.number()), true);
    }

    boolean prepare(String gid) {
        return call("CALL SYNOD.PREPARE('" + gid.replace("'", "''") + "')").getBoolean();
    }

    void canCommit(BranchRequest.CanCommit branch, CommitId id) {
        if (canCommit == null) {
            canCommit = session.prepareCommand("CALL SYNOD.CAN_COMMIT(?, ?, ?)");
        }
        canCommit.getParameters().get(0).setValue(ValueVarchar.get(BranchCommands.text(branch)), true);
        name(canCommit, 1, id);
        row(canCommit);
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

    boolean hasTemporaryTables() {
        return row("SELECT EXISTS(SELECT * FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'LOCAL TEMPORARY')")[0]
                .getBoolean();
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
        try {
            return row(command);
        } finally {
            command.close();
        }
    }

    private static Value[] row(CommandInterface command) {
        try (ResultInterface rows = command.executeQuery(0, 1, false)) {
            rows.next();
            return rows.currentRow();
        }
    }

    /** Somebody else leads: what is being waited for over there is lost, even when that node never says so. */
    void abandon() {
        abandoned = true;
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
