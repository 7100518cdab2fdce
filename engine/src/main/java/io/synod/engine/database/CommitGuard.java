package io.synod.engine.database;

import java.util.function.Supplier;
import org.h2.engine.SessionLocal;
import org.h2.engine.SynodEngineBridge;
import org.h2.table.Table;

/**
 * Lets no commit of an inner session happen that did not come through the log. While it is armed, H2 refuses every
 * commit and rollback of the session (error 90058), whatever tries it: SQL text, DDL, a Java function, a trigger.
 *
 * <p>H2 looks at the switch only while the session holds a table lock, so arming takes a shared lock on a sentinel table.
 * H2 drops all locks at each end of transaction: arm again at the start of the next one. All methods under the inner
 * session's lock.
 */
final class CommitGuard {
    private final SessionLocal session;
    private final Table sentinel;

    CommitGuard(SessionLocal session, Table sentinel) {
        this.session = session;
        this.sentinel = sentinel;
        session.setAutoCommit(false);
        session.setCommitOrRollbackDisabled(true);
    }

    void arm() {
        session.setAutoCommit(false);
        session.setCommitOrRollbackDisabled(true);
        sentinel.lock(session, Table.WRITE_LOCK);
    }

    /** Runs what ends a transaction, or what H2 refuses under the guard although it ends none. */
    <T> T lifted(Supplier<T> work) {
        session.setCommitOrRollbackDisabled(false);
        try {
            return work.get();
        } finally {
            session.setCommitOrRollbackDisabled(true);
            // A refused SET AUTOCOMMIT TRUE leaves the switch on.
            session.setAutoCommit(false);
        }
    }

    void commit() {
        lifted(() -> {
            session.commit(false);
            return null;
        });
    }

    void rollback() {
        lifted(() -> {
            SynodEngineBridge.rollback(session);
            return null;
        });
    }

    /** With the guard on, H2's close would leak the transaction with its row locks. */
    void close() {
        session.setCommitOrRollbackDisabled(false);
        if (!session.isClosed()) {
            session.rollback();
            session.close();
        }
    }
}
