package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import org.h2.api.ErrorCode;
import org.h2.engine.ConnectionInfo;
import org.h2.engine.Database;
import org.h2.fulltext.SynodFullText;
import org.h2.message.DbException;
import org.h2.mvstore.MVStoreException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens H2 so that nothing happens behind our back: no chunk is written and no statistics are made but by us, and it does not
 * close by itself.
 */
final class TrustedOpening {
    private static final Logger LOG = LoggerFactory.getLogger(TrustedOpening.class);

    /** What H2 says of a file that it cannot read; anything else has another cause. */
    private static final Set<Integer> DAMAGE = Set.of(ErrorCode.FILE_CORRUPTED_1, ErrorCode.GENERAL_ERROR_1);

    private TrustedOpening() {}

    /**
     * As {@link #open}, for a file of ours.
     *
     * @param file for messages
     * @throws DamagedStoreException H2 cannot read it
     * @throws IOException the disk is full
     */
    static Database openFile(Path file, ConnectionInfo info, Map<String, String> settings)
            throws IOException, SQLException {
        try {
            return open(info, settings);
        } catch (SQLException e) {
            checkFull(file, e);
            if (DAMAGE.contains(e.getErrorCode())) {
                throw new DamagedStoreException(file + " cannot be read: " + e.getMessage(), e);
            }
            throw e;
        } catch (MVStoreException e) {
            checkFull(file, e);
            throw new DamagedStoreException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** H2 writes while it opens a file; that there is no room for it says nothing of what the file holds. */
    static void checkFull(Path file, Exception e) throws IOException {
        if (DiskFullException.isCauseOf(e)) {
            throw new IOException(file + " cannot be opened, the disk is full: " + e.getMessage(), e);
        }
    }

    /** @param settings H2's database settings (upper-case keys); those that Synod needs win */
    static Database open(ConnectionInfo info, Map<String, String> settings) throws SQLException {
        checkNumber(settings, "MAX_QUERY_TIMEOUT");
        settings.forEach(info::setProperty);
        info.setProperty("WRITE_DELAY", Integer.toString(Integer.MAX_VALUE)); // chunks are written by checkpoints
        info.setProperty("DB_CLOSE_ON_EXIT", "FALSE"); // H2's shutdown hook closes under running transactions
        info.setProperty("MAX_COMPACT_TIME", "0"); // compaction moves chunks
        if (info.isPersistent()) {
            // The bytes of a checkpoint stay as they are, and a later one lies at the end of the file. From the first
            // moment:
            // H2 rolls back what was open at the checkpoint, and stores that, before it can be told anything else.
            info.setProperty("REUSE_SPACE", "FALSE");
        }
        info.setProperty("ANALYZE_AUTO", "0"); // statistics of its own would give each member its own plans
        info.setProperty("LOCK_MODE", "3"); // the commit guard needs table locks
        // A statement that runs at its place in the log must not end on this member only.
        info.setProperty("MAX_QUERY_TIMEOUT", "0");
        try {
            Database database = SynodFullText.open(info.getName(), () -> new Database(info, null));
            database.setCloseDelay(-1);
            return database;
        } catch (DbException e) {
            throw DbException.toSQLException(e);
        }
    }

    private static void checkNumber(Map<String, String> settings, String key) throws SQLException {
        String value = settings.getOrDefault(key, "0");
        try {
            if (Integer.parseInt(value) >= 0) {
                return;
            }
        } catch (NumberFormatException e) {
            LOG.debug("{}={}", key, value, e);
        }
        throw DbException.get(ErrorCode.INVALID_VALUE_2, value, key + ": expected milliseconds, 0 or more")
                .getSQLException();
    }
}
