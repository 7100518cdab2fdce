package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.Errors;
import io.synod.engine.session.SqlText.Token;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.value.Value;

/**
 * The branches of a session's transaction in other databases of its node: in each that a statement has named, the transaction of
 * one session of the same user. They end with the session's own transaction, and as that does. Under the session's lock.
 */
final class OtherBranches {
    private final RoutedSession session;
    private final Neighbours neighbours;
    /** By the name of the database. */
    private final Map<String, RoutedSession> open = new LinkedHashMap<>();
    /** By name, those in which it was set. */
    private final Map<String, Set<RoutedSession>> savepoints = new HashMap<>();

    /** {@code null} until one of them is open. */
    private SpanningTransaction spanning;

    /** Variables of this session that a statement names, with their values when it began; empty for none. */
    private Map<String, Value> told = Map.of();

    private String names = "";
    private boolean executing;
    private boolean committing;

    OtherBranches(RoutedSession session, Neighbours neighbours) {
        this.session = session;
        this.neighbours = neighbours;
    }

    // ---- their sessions -------------------------------------------------------------------------------------------

    /**
     * The session there, which is opened where there is none yet.
     *
     * @return {@code null} where this node has no such database
     * @throws DbException 40001 where what it had open there is lost; 90032 where its user was dropped there
     */
    RoutedSession find(String database) {
        RoutedSession branch = open.get(database);
        if (branch != null && branch.isClosed() && branch.transaction().hasBegun()) {
            // Another session would go on with half of the transaction.
            open.remove(database);
            throw lost(database);
        }
        if (branch == null || branch.isClosed()) {
            Sessions there = neighbours.find(database);
            if (there == null) {
                return null;
            }
            branch = open(there);
            open.put(database, branch);
            watch(branch);
            names = String.join(",", open.keySet());
        }
        branch.goOn();
        if (branch.local().getUser().getName() == null) {
            throw DbException.get(
                    ErrorCode.USER_NOT_FOUND_1,
                    "of this session in database " + database + ", who was dropped meanwhile");
        }
        return branch;
    }

    /** @return as it was found last: it may be closed; {@code null} for none */
    RoutedSession found(String database) {
        return open.get(database);
    }

    /** From now on its transactions may be in a deadlock with those of other databases. */
    private void watch(RoutedSession branch) {
        if (spanning == null) {
            spanning = new SpanningTransaction(session);
            neighbours.deadlocks().watch(spanning);
        }
        spanning.add(branch);
        if (executing) {
            spanning.begin();
        }
    }

    private RoutedSession open(Sessions there) {
        try {
            RoutedSession branch = session.forwarding().openBranch(there);
            branch.setAutoCommit(false);
            adjust(branch);
            return branch;
        } catch (SQLException e) {
            throw Errors.wrap(e);
        }
    }

    /** The databases that this session has been in, with commas between. */
    String names() {
        return names;
    }

    /** After a commit in the middle of a statement: this session and they have inner sessions again. */
    void goOn() {
        session.goOn();
        open.values().forEach(RoutedSession::goOn);
    }

    /** They are in the state of this session. */
    void adjust() {
        open.values().stream().filter(branch -> !branch.isClosed()).forEach(this::adjust);
    }

    private void adjust(RoutedSession branch) {
        branch.goOn();
        SessionLocal from = session.local();
        SessionLocal to = branch.local();
        if (from.getIsolationLevel() != to.getIsolationLevel()) {
            branch.setIsolationLevel(from.getIsolationLevel());
        }
        SessionState.adjust(from, to);
        branch.levels().read(session.levels().read());
        branch.levels().commit(session.levels().commit());
        branch.transaction().setReadOnly(session.transaction().isReadOnly());
        told.forEach((name, value) -> {
            if (!value.equals(to.getVariable(name))) {
                SessionVariables.set(to, name, value);
            }
        });
    }

    /** Until {@link #takeVariables} these variables are so in them as in this session. */
    void tellVariables(Collection<String> variables) {
        if (!variables.isEmpty()) {
            told = new HashMap<>();
            variables.forEach(name -> told.put(name, session.local().getVariable(name)));
        }
    }

    /** What a statement has assigned in one of them is so in this session. */
    void takeVariables() {
        if (told.isEmpty()) {
            return;
        }
        for (RoutedSession branch : open.values()) {
            told.forEach((name, value) -> {
                Value now = branch.local().getVariable(name);
                if (!branch.isClosed() && !now.equals(value)) {
                    SessionVariables.set(session.local(), name, now);
                }
            });
        }
        told = Map.of();
    }

    void close() {
        if (spanning != null) {
            neighbours.deadlocks().unwatch(spanning);
        }
        open.values().forEach(RoutedSession::drop);
        open.clear();
    }

    // ---- the transaction ------------------------------------------------------------------------------------------

    /** A statement that names them is about to be executed. */
    void begin() {
        executing = true;
        if (spanning != null) {
            spanning.begin();
        }
    }

    /** That statement has ended. */
    void rest() {
        executing = false;
    }

    /** Whether any of them has done something that binds it to a place. */
    boolean haveBegun() {
        for (RoutedSession branch : open.values()) {
            if (branch.transaction().hasBegun() || branch.transaction().isLost()) {
                return true;
            }
        }
        return false;
    }

    boolean haveWritten() {
        return open.values().stream().anyMatch(branch -> branch.transaction().hasWritten());
    }

    /**
     * Commits what was written, here and there; without effect where it was written here only. When it fails the whole
     * transaction is over, unless it was refused.
     *
     * @return whether anything was committed that was written elsewhere too
     */
    boolean commit(CommitId id, CommitLevel level) {
        if (!haveBegun()) {
            return false;
        }
        try {
            return commitWritten(id, level);
        } catch (DbException e) {
            if (!Errors.isRefusal(e) || !session.transaction().hasWritten() && !haveWritten()) {
                session.transaction().rollback();
            }
            throw e;
        }
    }

    private boolean commitWritten(CommitId id, CommitLevel level) {
        open.forEach((name, branch) -> {
            RoutedTransaction transaction = branch.transaction();
            if (transaction.isLost() || branch.isClosed() && transaction.hasBegun()) {
                throw lost(name);
            }
        });
        session.transaction().checkReads();
        open.values().forEach(branch -> branch.transaction().checkReads());
        List<RoutedSession> written = new ArrayList<>();
        if (session.transaction().hasWritten()) {
            written.add(session);
        }
        for (RoutedSession branch : open.values()) {
            if (branch.transaction().hasWritten()) {
                written.add(branch);
            }
        }
        if (written.isEmpty() || written.size() == 1 && written.get(0) == session) {
            return false;
        }
        if (written.size() == 1) {
            commitOne(written.get(0), id, level);
            return true;
        }
        if (written.stream().noneMatch(s -> s.transaction().hasChanged())) {
            // Each confirms that its locks have held; there is nothing that would be in all or in none.
            written.stream().filter(s -> s != session).forEach(branch -> commitOne(branch, id, level));
            return false;
        }
        committing = true;
        try {
            GlobalCommit.commit(neighbours.commits(), session, written, id);
        } finally {
            committing = false;
            // Whatever has come of it.
            spanning.ended();
        }
        if (level == CommitLevel.ALL) {
            session.levels()
                    .warn(
                            "committed on a majority of the nodes of each database, but COMMIT=ALL was not reached: a transaction"
                                    + " that has written several databases does not wait for all nodes");
        }
        return true;
    }

    /** At level LOCAL nobody would wait for its end before the next statement, nor tell the client that it was lost. */
    private void commitOne(RoutedSession branch, CommitId id, CommitLevel level) {
        branch.transaction().commitBranch(id, level == CommitLevel.LOCAL ? CommitLevel.QUORUM : level);
        for (SQLWarning w = branch.takeWarnings(); w != null; w = w.getNextWarning()) {
            session.levels().warn(w.getMessage());
        }
    }

    private static DbException lost(String database) {
        return Errors.leaderLost("what it had open in database " + database + " was lost");
    }

    /** A savepoint of this session is one in each of them that has begun. */
    void savepoint(RoutedCommand command) {
        Set<RoutedSession> begun = new HashSet<>();
        for (RoutedSession branch : open.values()) {
            if (branch.transaction().hasBegun()) {
                run(branch, command.sql());
                begun.add(branch);
            }
        }
        if (!open.isEmpty()) {
            savepoints.put(command.tokens().get(1).text(), begun);
        }
    }

    /** What began after it is rolled back as a whole. */
    void backToSavepoint(RoutedCommand command) {
        List<Token> tokens = command.tokens();
        Set<RoutedSession> begun =
                savepoints.getOrDefault(tokens.get(tokens.size() - 1).text(), Set.of());
        for (RoutedSession branch : open.values()) {
            if (begun.contains(branch)) {
                run(branch, command.sql());
            } else {
                branch.transaction().rollback();
            }
        }
    }

    private static void run(RoutedSession branch, String sql) {
        CommandInterface command = branch.prepareCommand(sql);
        try {
            Execution.run(command);
        } finally {
            command.close();
        }
    }

    /** Rolls back what is open in them; never fails. */
    void rollback() {
        if (committing) {
            // One after the other ends because it is prepared.
            return;
        }
        savepoints.clear();
        if (spanning != null) {
            spanning.ended();
        }
        open.values().removeIf(RoutedSession::isClosed);
        open.values().forEach(branch -> branch.transaction().rollback());
        open.values().removeIf(RoutedSession::isClosed);
    }
}
