package io.synod.engine.federation;

import org.h2.engine.Session;
import org.h2.engine.SessionLocal;

/** One database as a federated query sees it. Not thread-safe: it belongs to the session that asked for it. */
public interface Branch {
    /** @return the name by which statements call the database, in upper case as H2 compares it */
    String database();

    /**
     * @return a session on this node's copy: its catalogue tells tables, columns and row counts; nothing is executed in it,
     *     unless it is {@link #session()} as well
     */
    SessionLocal catalogue();

    /**
     * @return the session that executes this database's part, which sees the transaction's own writes; it may be routed to
     *     another node
     */
    Session session();
}
