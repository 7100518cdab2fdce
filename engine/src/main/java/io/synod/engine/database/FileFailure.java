package io.synod.engine.database;

import io.synod.engine.snapshot.H2Store;
import java.sql.SQLException;
import java.util.Set;
import org.h2.api.ErrorCode;
import org.h2.message.DbException;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStoreException;

/** What has happened to the file of a database, by what H2 says. */
final class FileFailure {
    /** What H2's store says when bytes of its file are not what they were. */
    private static final Set<Integer> DAMAGE =
            Set.of(DataUtils.ERROR_FILE_CORRUPT, DataUtils.ERROR_CHUNK_NOT_FOUND, DataUtils.ERROR_BLOCK_NOT_FOUND);

    private FileFailure() {}

    /** The error that says that bytes are not what they were; {@code null} where that is not why. */
    static Throwable damageIn(Throwable error) {
        for (Throwable e = error; e != null; e = e.getCause()) {
            boolean damage = e instanceof MVStoreException store && DAMAGE.contains(store.getErrorCode());
            if (damage || e instanceof SQLException sql && sql.getErrorCode() == ErrorCode.FILE_CORRUPTED_1) {
                return e;
            }
        }
        return null;
    }

    /** As {@link HostedDatabase#whyFailed}. */
    static DbException of(String database, H2Store store) {
        Exception failure = store.health().failure();
        Throwable cause = failure == null ? null : failure.getCause();
        String why = cause == null ? "" : ": " + cause.getMessage();
        return failure == null ? null : Errors.stopped(database, failure + why);
    }
}
