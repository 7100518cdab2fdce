package org.h2.mvstore.tx;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * A transaction that waits for a row of another one, by the numbers of their sessions.
 *
 * @param number of the blocking transaction, which no other one of the store has
 */
public record SynodLockWait(int waiter, int blocker, long number) {
    private static final VarHandle BLOCKING;
    private static final VarHandle OWNER;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(Transaction.class, MethodHandles.lookup());
            BLOCKING = lookup.findVarHandle(Transaction.class, "blockingTransaction", Transaction.class);
            OWNER = lookup.findVarHandle(Transaction.class, "ownerId", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Those of the moment. From any thread; does not wait. */
    public static List<SynodLockWait> all(TransactionStore store) {
        List<SynodLockWait> all = new ArrayList<>();
        for (Transaction waiter : store.getOpenTransactions()) {
            Transaction blocker = (Transaction) BLOCKING.getVolatile(waiter);
            if (blocker != null) {
                all.add(new SynodLockWait((int) OWNER.get(waiter), (int) OWNER.get(blocker), blocker.sequenceNum));
            }
        }
        return all;
    }
}
