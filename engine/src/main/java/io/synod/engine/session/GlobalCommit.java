package io.synod.engine.session;

import io.synod.branch.BranchRequest;
import io.synod.engine.database.CommitId;
import io.synod.engine.database.Errors;
import io.synod.engine.global.GlobalCommits;
import io.synod.engine.global.OpenBranch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.h2.message.DbException;

/** COMMIT of a transaction that has written in several databases. Stateless. */
final class GlobalCommit {
    private GlobalCommit() {}

    /**
     * Commits what is open in these sessions together, or rolls all of it back. Each of them is idle after that, whatever
     * happens, and goes on working unless the outcome of its own part is unknown: such a session is closed.
     *
     * <p>Takes the sessions' locks. What they have open is prepared on other threads, for which this one waits.
     *
     * @param written sessions of different databases of this node, two or more, each with an open transaction that has
     *     written; the first one's database is the home of the whole
     * @param asked the one whose client is told of what is not as it should be
     * @param id by which the client knows this commit, in each of the databases
     * @throws DbException 40001 when it is aborted; 08007 when nobody can tell in time: it goes on, and is decided without
     *     this session; 0A000 when a part of it cannot be prepared, with everything rolled back, but for temporary tables of
     *     a session of this node: then it is still open
     */
    static void commit(GlobalCommits commits, RoutedSession asked, List<RoutedSession> written, CommitId id) {
        lock(written, () -> {
            for (RoutedSession session : written) {
                session.branches().checkNoTemporaryTables("COMMIT in several databases");
            }
            long millis = 0;
            List<String> databases = new ArrayList<>();
            Map<String, OpenBranch> open = new HashMap<>();
            for (RoutedSession session : written) {
                String database = session.database().name();
                millis = Math.max(millis, session.database().timeoutMillis());
                databases.add(database);
                open.put(database, open(session, id));
            }
            GlobalCommits.Outcome outcome = commits.commit(databases, open, TimeUnit.MILLISECONDS.toNanos(millis));
            written.forEach(session -> ended(session, outcome));
            if (Boolean.TRUE.equals(outcome.decision()) && !outcome.everywhere()) {
                asked.levels()
                        .warn(
                                "committed, but not all databases have answered: what they show may be without transaction "
                                        + outcome.gid() + " for a while");
            }
            check(outcome);
        });
    }

    private static OpenBranch open(RoutedSession session, CommitId id) {
        return new OpenBranch() {
            @Override
            public boolean isElsewhere() {
                return session.transaction().isForwarded();
            }

            @Override
            public long canCommit(BranchRequest.CanCommit request, Runnable meanwhile) {
                session.branches().canCommit(request, id, meanwhile);
                return session.transaction().lastCommit().index();
            }
        };
    }

    private static void lock(List<RoutedSession> sessions, Runnable then) {
        if (sessions.isEmpty()) {
            then.run();
            return;
        }
        RoutedSession first = sessions.get(0);
        first.lock();
        try {
            lock(sessions.subList(1, sessions.size()), then);
        } finally {
            first.unlock();
        }
    }

    private static void ended(RoutedSession session, GlobalCommits.Outcome outcome) {
        if (session.isClosed()) {
            return;
        }
        if (session.hasPendingTransaction()) {
            // It is not prepared, and never will be.
            session.transaction().rollback();
            if (session.isClosed()) {
                return;
            }
        }
        if (!Boolean.FALSE.equals(outcome.decision())) {
            Long index = outcome.indexes().get(session.database().name());
            if (outcome.everywhere() && index != null) {
                session.levels().seen().shown(index);
            } else {
                session.levels().seen().changedElsewhere();
            }
        }
        if (Boolean.TRUE.equals(outcome.decision())) {
            session.transaction().committedAsBranch();
        }
    }

    private static void check(GlobalCommits.Outcome outcome) {
        if (outcome.decision() == null) {
            throw Errors.unknownOutcome("transaction " + outcome.gid()
                    + " was not decided in time; its databases go on to decide it, see SYNOD.GLOBAL_TRANSACTIONS");
        }
        if (outcome.decision()) {
            return;
        }
        DbException refusal = outcome.refusal();
        if (refusal != null && Errors.isRefusal(refusal)) {
            throw refusal;
        }
        String why = refusal == null ? "not all of its databases could prepare it in time" : Errors.message(refusal);
        throw Errors.retry("transaction " + outcome.gid() + " was rolled back in all its databases: " + why);
    }
}
