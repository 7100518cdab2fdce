package org.h2.mvstore.tx;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;

/** The flag "has rolled back something" in the state of H2's transactions, which H2 sets and never takes away. */
public final class SynodRollbackFlag {
    private static final VarHandle STATE;
    private static final long MASK;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(Transaction.class, MethodHandles.lookup());
            STATE = lookup.findVarHandle(Transaction.class, "statusAndLogId", AtomicLong.class);
            MethodHandle compose = lookup.findStatic(
                    Transaction.class,
                    "composeState",
                    MethodType.methodType(long.class, int.class, long.class, boolean.class));
            MASK = (long) compose.invokeExact(Transaction.STATUS_OPEN, 0L, true)
                    ^ (long) compose.invokeExact(Transaction.STATUS_OPEN, 0L, false);
        } catch (Throwable e) {
            throw new ExceptionInInitializerError(e);
        }
        if (Long.bitCount(MASK) != 1) {
            throw new ExceptionInInitializerError("this version of H2 keeps the state of transactions in another way");
        }
    }

    private SynodRollbackFlag() {}

    public static boolean isSet(Transaction transaction) {
        return (state(transaction).get() & MASK) != 0;
    }

    public static void set(Transaction transaction) {
        state(transaction).getAndUpdate(state -> state | MASK);
    }

    public static void clear(Transaction transaction) {
        state(transaction).getAndUpdate(state -> state & ~MASK);
    }

    private static AtomicLong state(Transaction transaction) {
        return (AtomicLong) STATE.get(transaction);
    }
}
