package io.synod.engine.node;

import io.synod.engine.database.MemberErrors;
import java.io.IOException;
import java.sql.SQLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node knows of databases that it was removed from.
 *
 * @param identity {@code null} for a node in memory
 */
record Removals(String node, IdentityFile identity) {
    private static final Logger LOG = LoggerFactory.getLogger(Removals.class);

    void check(String database) throws SQLException {
        if (identity != null && identity.removedFrom(database) != null) {
            throw MemberErrors.removed(database, node).getSQLException();
        }
    }

    void note(String database, long configuration) {
        try {
            identity.noteRemoved(database, configuration);
        } catch (IOException e) {
            // After a restart it hears it from the others again.
            LOG.warn("that this node was removed from database {} could not be written down", database, e);
        }
    }
}
