package io.synod.engine.database;

import io.synod.replica.Proposal;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.h2.engine.SessionLocal;

/** What became of commits whose clients were not told. Thread-safe. */
public final class CommitsInDoubt {
    private final HostedDatabase database;
    private final WriterRegistry writers;

    CommitsInDoubt(HostedDatabase database, WriterRegistry writers) {
        this.database = database;
        this.writers = writers;
    }

    /**
     * Finds out on the serving leader whether a commit happened; when it did not, it never will.
     *
     * @return {@code null} when this node does not serve, or stopped serving meanwhile
     */
    public Boolean fence(CommitId id) {
        long epoch = database.log().servingEpoch();
        if (epoch == 0) {
            return null;
        }
        Proposal proposal = database.log().propose(new LogRecord.Fence(id).encode(), epoch, null);
        if (proposal.await(TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis())) != Proposal.Outcome.APPLIED) {
            return null;
        }
        if (!database.votes().awaitDecided(id)) {
            return null;
        }
        SessionLocal session = database.copy().store().systemSession();
        session.lock();
        try {
            boolean committed = database.copy().entries().isCommitted(session, id);
            session.commit(false);
            return committed;
        } finally {
            session.close();
            session.unlock();
        }
    }

    /**
     * A commit whose outcome its client was not told.
     *
     * @param id as the client knows it
     * @param millis since it began, by this node's monotonic clock
     */
    public record InDoubt(String id, String user, String state, long millis) {}

    /** The commits here whose clients had to be told that nobody knows, and which are still not decided. */
    public List<InDoubt> list() {
        return writers.inDoubt();
    }
}
