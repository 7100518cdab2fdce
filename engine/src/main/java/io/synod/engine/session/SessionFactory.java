package io.synod.engine.session;

import java.sql.SQLException;
import java.util.Map;
import java.util.UUID;

/** Opens sessions on the databases of one node; implemented by the node, used by its front ends. Thread-safe. */
public interface SessionFactory {
    /**
     * @param database the database's name, any case
     * @param user as H2 compares it (upper case unless quoted)
     * @param passwordHash H2's user password hash; empty for an empty password
     * @param settings settings of the connection, upper-case keys: H2's session settings, READ, COMMIT, and INTERNAL=TRUE for a session
     *     that another node forwards (it must run here or fail, never be forwarded again)
     * @throws SQLException 28000 wrong user or password, 90013 no such database on this node, 08001 the node is stopping, or
     *     has not opened the database yet
     */
    SynodSession open(String database, String user, byte[] passwordHash, Map<String, String> settings)
            throws SQLException;

    /**
     * Asks without opening anything, or waiting for anybody.
     *
     * @return whether this is an administrator of the database, by what this node knows
     */
    default boolean isAdministrator(String database, String user, byte[] passwordHash) {
        return false;
    }

    /**
     * @param database the database's name, any case
     * @return {@code true} and {@code false} where it is open on this node: whether that knows who leads it; {@code null} elsewhere
     */
    Boolean knowsLeader(String database);

    /**
     * @param database the database's name, any case
     * @return whether this node serves it as its leader
     */
    default boolean serves(String database) {
        return false;
    }

    /**
     * Where a node belongs that was added and has never run.
     *
     * @param incarnation of its directory
     * @return {@code SLOT=NAME@HOST:PORT,...} of all members; empty where it is not known here as one; after a {@code !} why it must
     *     not join
     */
    default String joins(String cluster, String node, UUID incarnation) {
        return "";
    }

    /**
     * What is known here of a node that has, or may have, lost its directory.
     *
     * @param incarnation of the directory that it has now
     * @param address {@code host:port} where it listens, and is to take the place of the one that it was, as far as that can be done
     *     now; empty where it only asks
     * @return of a format of the nodes' own; empty where this node cannot tell; after a {@code !} why it must not come back
     */
    default String returns(String cluster, String node, UUID incarnation, String address) {
        return "";
    }
}
