package io.synod.engine.session;

import java.sql.SQLException;
import java.util.Map;
import org.h2.engine.Session;

/** Opens sessions on another node of the group. Thread-safe. */
public interface LeaderLink {
    /**
     * @param node name of the node
     * @param user as H2 compares it
     * @param passwordHash H2's hash, as the user gave it on this node
     * @param settings of the session; INTERNAL=TRUE is among them: the session runs there or fails
     * @return a session of that node; closed by the caller
     * @throws SQLException when the node cannot be reached or refuses
     */
    Session open(String node, String database, String user, byte[] passwordHash, Map<String, String> settings)
            throws SQLException;

    /** The slot of this node, by which the others know whose sessions are open there; 0 where it has none. */
    default int slot() {
        return 0;
    }

    /** Cuts a session off whose node may have stopped answering: its callers get an error at once. Does not block. */
    void abandon(Session session);
}
