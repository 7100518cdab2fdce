package io.synod.engine.session;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.h2.command.CommandInterface;
import org.h2.engine.Session;

/** Opens sessions on another node of the group. Thread-safe. */
public interface LeaderLink {
    /**
     * What a session is told and asked as it is opened, where the link can do that at once.
     *
     * @param texts statements without parameters, which it executes
     * @param prepared statements that it prepares behind them
     * @param begun is given what ends the opening with an error, from any thread and without blocking
     */
    record First(List<String> texts, List<String> prepared, Consumer<Runnable> begun) {
        /** Nobody ends it but the link, after a while. */
        public First(List<String> texts, List<String> prepared) {
            this(texts, prepared, cut -> {});
        }
    }

    /**
     * A session over there, not in auto-commit mode.
     *
     * @param told whether it has executed all texts; else it may have executed some
     * @param prepared of what was to be prepared, by text; what is not among it could not be
     */
    record Opened(Session session, boolean told, Map<String, CommandInterface> prepared) {}

    /**
     * @param node name of the node
     * @param user as H2 compares it
     * @param passwordHash H2's hash, as the user gave it on this node
     * @param settings of the session; INTERNAL=TRUE is among them: the session runs there or fails
     * @param first that something of it fails is no failure
     * @return a session of that node; closed by the caller
     * @throws SQLException when the node cannot be reached or refuses
     */
    Opened open(
            String node, String database, String user, byte[] passwordHash, Map<String, String> settings, First first)
            throws SQLException;

    /** The slot of this node, by which the others know whose sessions are open there; 0 where it has none. */
    default int slot() {
        return 0;
    }

    /** Cuts a session off whose node may have stopped answering: its callers get an error at once. Does not block. */
    void abandon(Session session);
}
