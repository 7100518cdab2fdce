package io.synod.engine.database;

import io.synod.engine.database.LogRecord.Statement;
import io.synod.engine.snapshot.H2Store;
import org.h2.api.ErrorCode;
import org.h2.command.Command;
import org.h2.engine.SessionLocal;
import org.h2.engine.SynodEngineBridge;
import org.h2.engine.User;
import org.h2.message.DbException;

/** Executes logged statements on a member where their author's session is not. By the holder of the apply baton. */
final class StatementApplier {
    private static final int LOCK_RETRIES = 100;

    private final H2Store store;

    StatementApplier(H2Store store) {
        this.store = store;
    }

    /** @return how it ended: {@code null} for success, else the error that every member gets */
    DbException apply(Statement statement) {
        User user = store.database().findUser(statement.user());
        SessionLocal session =
                user == null ? store.systemSession() : SynodEngineBridge.createSession(store.database(), user);
        if (session == null) {
            throw DbException.get(ErrorCode.DATABASE_IS_CLOSED);
        }
        session.lock();
        try {
            session.setAllowLiterals(true);
            session.setAutoCommit(false);
            for (String state : statement.state()) {
                if (state.startsWith(Statement.QUIRKS)) {
                    session.setQuirksMode(true);
                } else {
                    execute(session, state);
                }
            }
            SynodEngineBridge.setCurrentSchema(session, statement.schema());
            statement.run(sql -> executeAlone(session, sql));
            session.commit(false);
            return null;
        } catch (DbException e) {
            session.rollback();
            return e;
        } finally {
            try {
                session.close();
            } finally {
                session.unlock();
            }
        }
    }

    /**
     * A reader that holds a lock for a moment may cost time, never another outcome than on the other members.
     *
     * <p>No prepared branch holds one here, for whose decision this would wait in vain, since that comes later in the log: the
     * leader has logged the statement with the {@link DdlGate} closed, so no branch that stands before it in the log and is
     * undecided had a table of it there; and every member's branches hold the same tables and keys, made from a session
     * or from the log, before a restart or after ({@link PreparedBranches}).
     */
    private static void executeAlone(SessionLocal session, String sql) {
        for (int attempt = 1; ; attempt++) {
            try {
                execute(session, sql);
                return;
            } catch (DbException e) {
                boolean locked =
                        e.getErrorCode() == ErrorCode.LOCK_TIMEOUT_1 || e.getErrorCode() == ErrorCode.DEADLOCK_1;
                if (!locked || attempt == LOCK_RETRIES) {
                    throw e;
                }
            }
        }
    }

    private static void execute(SessionLocal session, String sql) {
        Command command = session.prepareLocal(sql);
        if (command.isQuery()) {
            command.executeQuery(0, 1, false).close();
        } else {
            command.executeUpdate(null);
        }
        command.close();
    }
}
