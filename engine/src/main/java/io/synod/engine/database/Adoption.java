package io.synod.engine.database;

import io.synod.engine.snapshot.ForeignFile;
import io.synod.engine.writeset.AppliedState;
import io.synod.engine.writeset.SequenceMarks;
import io.synod.engine.writeset.TableRegistry;
import io.synod.group.Members;
import io.synod.replica.Snapshots.Header;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.engine.Setting;
import org.h2.message.DbException;
import org.h2.store.InDoubtTransaction;

/** Makes an H2 database that was not in a log the first state of one, with everything in it. */
public final class Adoption {
    /** Settings in H2's catalogue that would be carried out at every start, against what a replicated store needs. */
    private static final List<String> NOT_KEPT = List.of(
            "WRITE_DELAY",
            "RETENTION_TIME",
            "MAX_LOG_SIZE",
            "LOCK_MODE",
            "CLUSTER",
            "EXCLUSIVE",
            "DB_CLOSE_DELAY",
            "LOG",
            "UNDO_LOG",
            "REDO_LOG_BINARY");

    private Adoption() {}

    /**
     * @param base path without {@code .mv.db}
     * @param index in the log at which the file's content stands
     * @param epoch of that place
     * @param members in force there
     * @throws SQLException 90020 in use; 90048 of another format; 90049 encrypted; 55000 a transaction in it is undecided
     */
    public static void adopt(Path base, Map<String, String> settings, long index, long epoch, Members members)
            throws IOException, SQLException {
        long id = new SecureRandom().nextLong();
        try {
            ForeignFile.adopt(
                    base,
                    settings,
                    new Header(1, id, index, epoch, members, 0),
                    session -> initialize(session, base, index, epoch, members));
        } catch (DbException e) {
            throw e.getSQLException();
        }
    }

    private static void initialize(SessionLocal session, Path base, long index, long epoch, Members members)
            throws IOException {
        Database database = session.getDatabase();
        List<InDoubtTransaction> undecided = database.getInDoubtTransactions();
        if (!undecided.isEmpty()) {
            throw Errors.undecided(base.toString(), undecided.get(0).getTransactionName());
        }
        for (String name : NOT_KEPT) {
            Setting setting = database.findSetting(name);
            if (setting != null) {
                database.removeDatabaseObject(session, setting);
            }
        }
        // A file that was Synod's once knows tables and sequences that may be gone.
        TableRegistry.forget(session);
        SequenceMarks.forget(session);
        Transients.forgetTables(session);
        AppliedState.forgetBeyond(session, index);
        AppliedState state = AppliedState.load(session);
        TableRegistry tables = TableRegistry.load(session);
        SequenceMarks marks = SequenceMarks.load(session);
        tables.onDdlApplied(session, index, List.of());
        marks.onDdlApplied(session, null);
        state.configure(session, members.encode());
        state.advance(session, index, epoch);
    }
}
