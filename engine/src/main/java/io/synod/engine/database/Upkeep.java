package io.synod.engine.database;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done about a database now and then, and what is made up for: leftovers of lost leaders, ids of old commits, what
 * H2 forgets when it is closed. Thread-safe.
 */
public final class Upkeep {
    private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);

    private final HostedDatabase database;
    private final EntryEndings endings;
    private final Shipments shipments;
    private final CommitIdExpiry expiry;
    private final Set<Object> unfinished = ConcurrentHashMap.newKeySet();
    private boolean forgotten;

    Upkeep(HostedDatabase database, EntryEndings endings, Shipments shipments, CommitIdBounds bounds) {
        this.database = database;
        this.endings = endings;
        this.shipments = shipments;
        this.expiry = new CommitIdExpiry(bounds);
    }

    /**
     * While this node leads, has all members forget what is left of large transactions that ended before their commit. To be
     * called now and then.
     */
    public void abandonLeftOvers() {
        shipments.abandonLeftOvers(database.log(), database.copy().spool());
    }

    /** How many client sessions are remembered by the ids of their commits. */
    public long clientSessions() {
        return database.copy().state().clientSessions();
    }

    /**
     * While this node leads, lets all members forget the commit ids of long ago. To be called now and then.
     *
     * @param nanoTime by the clock of {@link System#nanoTime()}
     * @return whether they were told to
     */
    public boolean expireCommitIds(long nanoTime) {
        return expiry.propose(database.log(), database.copy().state(), database.writers(), nanoTime);
    }

    /**
     * While this node leads, tells the other members how those statements ended here of which their own leader has not: it was
     * lost meanwhile, or no session waited for them. To be called now and then.
     */
    public void confirmStatements() {
        endings.tellUnconfirmed(database.log());
    }

    /**
     * While this node leads and its H2 cannot write any more: gives it an entry that says nothing to others, at which the group stops
     * here, as it would at the next write. Sessions of other nodes cannot begin one: they are refused before. To be called now
     * and then.
     */
    public void stopWhereFailed() {
        long epoch = database.log().servingEpoch();
        if (epoch != 0 && database.whyFailed() != null) {
            database.log().propose(new LogRecord.Ended(0, 0).encode(), epoch, null);
        }
    }

    /** What this node is at work on that takes several entries of the log; whoever adds it removes it. */
    public Set<Object> unfinished() {
        return unfinished;
    }

    /**
     * While this node leads and nobody here is at work on any, drops what was not finished because its leader was lost. To be
     * called now and then.
     *
     * @param prefix of the names of unfinished tables and columns
     */
    public void dropUnfinished(String prefix) {
        if (database.log().servingEpoch() == 0 || !unfinished.isEmpty()) {
            return;
        }
        for (String sql : database.copy().tables().drops(prefix)) {
            LOG.info("database {}: {}, which a lost leader has not finished", database.name(), sql);
            database.statement(sql);
        }
    }

    /**
     * Forgets, once after it was opened, what H2 forgets when a database is closed; a database of several nodes never is. To be
     * called before a session is opened.
     */
    public synchronized void forgetTransients() {
        if (forgotten || database.log().members().all().size() > 1) {
            return;
        }
        database.reads().awaitReadable();
        List<String> statements;
        SessionLocal session = database.store().systemSession();
        session.lock();
        try {
            statements = database.copy()
                    .transients()
                    .forgetting(session, database.copy().tables());
            session.commit(false);
        } finally {
            session.close();
            session.unlock();
        }
        for (String sql : statements) {
            try {
                database.statement(sql);
            } catch (DbException e) {
                LOG.warn("database {}: {} failed, what H2 forgets at its close stays", database.name(), sql, e);
            }
        }
        forgotten = true;
    }
}
