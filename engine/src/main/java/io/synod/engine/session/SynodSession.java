package io.synod.engine.session;

import io.synod.jdbc.ReplyHead;
import io.synod.jdbc.SessionNotices;
import java.sql.SQLWarning;
import java.util.UUID;
import java.util.function.Supplier;
import org.h2.engine.SessionLocal;
import org.h2.engine.SynodSessionBridge;

/**
 * A session on a node as its front ends see it: H2's JDBC classes in this process, or the SQL server. Calls are made
 * under {@link #lock()}, as H2 does.
 */
public abstract class SynodSession extends SynodSessionBridge implements SessionNotices {
    /** The session of this node's own H2 below, for metadata and conversions; never to be executed on directly. */
    public abstract SessionLocal local();

    /** Reads from this node's catalogue what the session's read level promises. */
    public abstract <T> T readCatalogue(Supplier<T> query);

    /**
     * Names the client's session and the number of the request that is about to be executed: the id of the commit that
     * the request may make. A front end counts execute requests (query, update, batch) of a connection from 1; the
     * client counts the same requests, so both know the id without saying it.
     */
    public abstract void request(UUID clientSession, long number);

    /** What the driver is told with each answer. */
    public ReplyHead replyHead() {
        return new ReplyHead(true, false, 0, 0, "");
    }

    @Override
    public SQLWarning takeWarnings() {
        return null;
    }
}
