package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.Writer;
import io.synod.engine.session.RoutedTransaction.Place;
import io.synod.replica.Patience;
import java.util.List;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.table.Table;

/**
 * Finds the place where a session's next writing transaction runs, and begins it there: here while this node leads, else on the
 * leader. Called under the session's lock.
 */
final class Placement {
    private final HostedDatabase database;
    private final Forwarding forwarding;
    private final boolean internal;
    private SessionLocal local;
    private Writer writer;

    /** @param internal of a session that another node has opened here: it runs here or not at all */
    Placement(HostedDatabase database, SessionLocal local, Writer writer, Forwarding forwarding, boolean internal) {
        this.database = database;
        this.local = local;
        this.writer = writer;
        this.forwarding = forwarding;
        this.internal = internal;
    }

    /** The session's inner one is another one now. */
    void move(SessionLocal session, Writer itsWriter) {
        local = session;
        writer = itsWriter;
    }

    /**
     * Waits for a leader.
     *
     * @return HERE or FORWARDED
     * @throws DbException HYT00 where there is none in time; 40001 where what the session had on an earlier leader is lost
     */
    Place await() {
        long deadline = System.nanoTime() + database.timeoutMillis() * 1_000_000L;
        while (true) {
            forwarding.checkTables();
            if (writer.begin()) {
                forwarding.leadsHere();
                if (forwarding.pinned()) {
                    writer.rollback();
                    forwarding.checkTables();
                }
                return Place.HERE;
            }
            if (internal) {
                throw Errors.notLeader(database.node(), database.log().leader());
            }
            String leader = awaitLeader(deadline);
            if (leader.equals(database.node())) {
                continue;
            }
            dropTemporaryTables();
            if (forwarding.begin(leader, local, deadline)) {
                return Place.FORWARDED;
            }
        }
    }

    /** @return whether it can be reached there; false where this node leads, or nobody yet */
    boolean isReachable(long deadlineNanos) {
        String leader = awaitLeader(deadlineNanos);
        return !leader.equals(database.node()) && forwarding.begin(leader, local, deadlineNanos);
    }

    private String awaitLeader(long deadlineNanos) {
        long left = deadlineNanos - System.nanoTime();
        String leader = left > 0 ? database.log().awaitLeader(left) : null;
        if (leader == null || Patience.isOver()) {
            throw database.noLeader();
        }
        return leader;
    }

    /**
     * This node led when they were created.
     *
     * @throws DbException 40001 when there were any: the leader does not have them
     */
    private void dropTemporaryTables() {
        List<Table> tables = local.getLocalTempTables();
        if (tables.isEmpty()) {
            return;
        }
        local.lock();
        try {
            for (Table table : List.copyOf(tables)) {
                local.removeLocalTempTable(table);
            }
        } finally {
            local.unlock();
        }
        throw Errors.retry(Errors.LEADERSHIP_LOST + ", and with it the temporary tables of this session");
    }
}
