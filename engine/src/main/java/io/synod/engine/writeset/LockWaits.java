package io.synod.engine.writeset;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStoreException;
import org.h2.mvstore.tx.SynodLockWait;
import org.h2.mvstore.tx.SynodRollbackFlag;
import org.h2.mvstore.tx.Transaction;
import org.h2.table.Table;

/**
 * Keeps H2's lock time-outs true behind a transaction that had a failed statement or a savepoint rollback.
 *
 * <p><em>Why.</em> A waiter in H2 waits for the blocking transaction to end <em>or to have rolled back something</em>, since
 * that may have freed its row; then it tries again. But H2 never takes the flag "has rolled back" away: from then on each
 * wait returns at once, the waiter tries again and again without ever looking at its deadline, burns a core, and gets no
 * HYT00 until the blocker ends. H2 also wakes the waiters just before it sets the flag, so that one may miss it.
 *
 * <p><em>Cure.</em> On the blocker's own thread: wake the waiters once more while the flag is set, give them the time to try
 * again, then take the flag away, so that those whose row is still locked wait in earnest. The blocker pays a millisecond
 * or so, and only when someone waits for it. A waiter that the operating system has not let run in that time waits until the
 * blocker ends or its own LOCK_TIMEOUT has passed, as behind any other transaction. As long as the blocker holds no change
 * at all, nobody can wait for it, and the flag stays: H2 uses it to wake waiters at the end.
 */
public final class LockWaits {
    private static final long LOOK_NANOS = 100_000;
    private static final int MIN_LOOKS = 10;
    private static final int MAX_LOOKS = 50;
    /** The number may be grouped. */
    private static final Pattern BLOCKER = Pattern.compile("is locked by tx (\\d\\S*) and");

    private LockWaits() {}

    /**
     * To be called by the thread that holds the session after each statement of a transaction that stays open, above all
     * after a failed one and after a rollback to a savepoint. A few nanoseconds when there is nothing to do.
     */
    public static void settle(SessionLocal session) {
        if (!session.hasPendingTransaction()) {
            return;
        }
        Transaction blocker = session.getTransaction();
        if (!SynodRollbackFlag.isSet(blocker)) {
            return;
        }
        awaitRetries(session, blocker);
        SynodRollbackFlag.clear(blocker);
        if (!waiters(session).isEmpty()) {
            // Someone may have looked at a row before it was freed and begun to wait only now.
            SynodRollbackFlag.set(blocker);
            awaitRetries(session, blocker);
            SynodRollbackFlag.clear(blocker);
        }
    }

    private static void awaitRetries(SessionLocal session, Transaction blocker) {
        List<Transaction> waiters = waiters(session);
        if (waiters.isEmpty()) {
            return;
        }
        synchronized (blocker) {
            blocker.notifyAll();
        }
        for (int look = 0; look < MAX_LOOKS && !(look >= MIN_LOOKS && waiters.isEmpty()); look++) {
            LockSupport.parkNanos(LOOK_NANOS);
            waiters.removeIf(waiter -> waiter.getBlockerId() != session.getId());
        }
    }

    /** @return H2's number of the transaction whose row this error has waited for in vain, -1 where it is no such error */
    public static int blockerIn(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof MVStoreException store && store.getErrorCode() == DataUtils.ERROR_TRANSACTION_LOCKED) {
                // The only place where H2 tells.
                Matcher found = BLOCKER.matcher(store.getMessage());
                return found.find() ? Integer.parseInt(found.group(1).replaceAll("\\D", "")) : -1;
            }
        }
        return -1;
    }

    /**
     * A session that waits for a lock of another one.
     *
     * @param number of the blocking transaction, 0 for a table's lock
     * @param isRow false for a table's lock, a wait out of which nobody is taken
     */
    public record Wait(SessionLocal waiter, SessionLocal blocker, long number, boolean isRow) {}

    /**
     * Who waits for whom at the moment. A wait for a unique index is not among them: H2 does not tell whose the other row is. From
     * any thread; does not wait for anybody, so what changes meanwhile may be missed or be there still.
     */
    public static List<Wait> all(Database database) {
        SessionLocal[] sessions = database.getSessions(false);
        List<Wait> all = new ArrayList<>();
        for (SynodLockWait wait : SynodLockWait.all(database.getStore().getTransactionStore())) {
            SessionLocal waiter = find(sessions, wait.waiter());
            SessionLocal blocker = find(sessions, wait.blocker());
            if (waiter != null && blocker != null) {
                all.add(new Wait(waiter, blocker, wait.number(), true));
            }
        }
        for (SessionLocal waiter : sessions) {
            Table table = waiter.getWaitForLock();
            if (table != null) {
                addHolders(all, waiter, table, sessions);
            }
        }
        return all;
    }

    /** Who waits in H2's queue behind one that wants the table for itself waits for those who have it, as that one does. */
    private static void addHolders(List<Wait> all, SessionLocal waiter, Table table, SessionLocal[] sessions) {
        boolean exclusively = table.isLockedExclusively();
        for (SessionLocal holder : sessions) {
            if (holder != waiter
                    && (exclusively
                            ? table.isLockedExclusivelyBy(holder)
                            : holder.getLocks().contains(table))) {
                all.add(new Wait(waiter, holder, 0, false));
            }
        }
    }

    private static SessionLocal find(SessionLocal[] sessions, int id) {
        for (SessionLocal session : sessions) {
            if (session.getId() == id) {
                return session;
            }
        }
        return null;
    }

    /** Whether a statement of the session waits for a row of another transaction. From any thread. */
    public static boolean isWaiting(SessionLocal session) {
        return session.getBlockingSessionId() != 0;
    }

    private static List<Transaction> waiters(SessionLocal session) {
        List<Transaction> waiters = new ArrayList<>();
        for (Transaction other :
                session.getDatabase().getStore().getTransactionStore().getOpenTransactions()) {
            if (other.getBlockerId() == session.getId()) {
                waiters.add(other);
            }
        }
        return waiters;
    }
}
