package org.h2.mvstore.tx;

import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.h2.mvstore.MVMap;

/**
 * Lets one store bear more open transactions than H2's 255, whose only reason is the size of two arrays: a read counts, too,
 * as long as it runs or keeps a snapshot. Ids of transactions have 24 bits.
 */
final class SynodTransactionLimit {
    static final int MAX_OPEN = 4095;

    private static final Field LOGS = field("undoLogs");
    private static final Field TRANSACTIONS = field("transactions");
    private static final Field MAX_ID = field("maxTransactionId");

    private SynodTransactionLimit() {}

    private static Field field(String name) {
        try {
            Field field = TransactionStore.class.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** To be called before anyone but H2 itself has used the store. */
    static void raise(TransactionStore store) {
        try {
            MVMap<?, ?>[] logs = (MVMap<?, ?>[]) LOGS.get(store);
            if (logs.length >= MAX_OPEN) {
                return;
            }
            AtomicReferenceArray<?> open = (AtomicReferenceArray<?>) TRANSACTIONS.get(store);
            AtomicReferenceArray<Object> more = new AtomicReferenceArray<>(MAX_OPEN + 1);
            for (int id = 0; id < open.length(); id++) {
                more.set(id, open.get(id));
            }
            LOGS.set(store, Arrays.copyOf(logs, MAX_OPEN));
            TRANSACTIONS.set(store, more);
            MAX_ID.setInt(store, MAX_OPEN - 1);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("the limit of open transactions cannot be raised", e);
        }
    }
}
