package io.synod.jdbc;

import java.sql.SQLWarning;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;

/** Warnings of a session that its node keeps until they are fetched, and those that were. Under the session's lock. */
final class SessionWarnings {
    private static final Logger LOG = Logger.getLogger(SessionWarnings.class.getName());

    private SQLWarning warnings;

    /** Asks the node for them. */
    void fetch(SessionRemote target) {
        CommandInterface command = target.prepareCommand("CALL SYNOD.WARNINGS()");
        try (ResultInterface rows = command.executeQuery(0, Integer.MAX_VALUE, false)) {
            while (rows.next()) {
                SQLWarning warning = new SQLWarning(rows.currentRow()[1].getString(), rows.currentRow()[0].getString());
                if (warnings == null) {
                    warnings = warning;
                } else {
                    warnings.setNextWarning(warning);
                }
            }
        } catch (DbException e) {
            // The statement itself has been answered, and may have committed: it must not seem to have failed.
            LOG.log(Level.FINE, "warnings of a session could not be fetched", e);
        } finally {
            if (!target.isClosed()) {
                command.close();
            }
        }
    }

    /** @return {@code null} for none */
    SQLWarning take() {
        SQLWarning taken = warnings;
        warnings = null;
        return taken;
    }
}
