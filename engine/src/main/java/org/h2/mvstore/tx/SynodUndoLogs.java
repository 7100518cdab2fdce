package org.h2.mvstore.tx;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Map;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.type.DataType;

/**
 * Gives the transactions of a store undo logs that undo each change once.
 *
 * <p><em>Why.</em> H2 restores the old row <em>inside</em> the decision whether to remove a record from the undo log, and
 * {@link MVMap#operate} takes such a decision again whenever the root of the map has changed in between. Only its own
 * transaction writes an undo log, but the store itself puts a new version of the root there whenever it writes a chunk. If
 * that happens while a rollback (of a transaction, to a savepoint, of a failed statement) stands between the two, the row is
 * restored twice, and whatever others have written and even committed to the freed row in the meantime is gone.
 *
 * <p><em>Cure.</em> A map that keeps the first decision about a record for all attempts to remove it. The record cannot be
 * another one at the next attempt, since the transaction is the only writer of its undo log. Commits do not pass here.
 *
 * <p>H2 takes an undo log that is open already instead of opening its own. The number of a transaction is the lowest that is
 * free, so the logs that have to stand ready are as many as transactions can be open at the same time. Thread-safe.
 */
public final class SynodUndoLogs {
    private static final VarHandle LOGS;

    static {
        try {
            LOGS = MethodHandles.privateLookupIn(TransactionStore.class, MethodHandles.lookup())
                    .findVarHandle(TransactionStore.class, "undoLogs", MVMap[].class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final TransactionStore store;
    private final MVMap<Long, Record<?, ?>>[] logs;
    private int covered;

    /**
     * To be called before anyone but H2 itself has used the store: replaces the undo logs that it has needed to open it.
     *
     * @throws IllegalStateException a transaction is open that has changed something
     */
    @SuppressWarnings("unchecked")
    public SynodUndoLogs(TransactionStore store) {
        SynodTransactionLimit.raise(store);
        this.store = store;
        this.logs = (MVMap<Long, Record<?, ?>>[]) LOGS.get(store);
        for (int id = 1; id < logs.length; id++) {
            MVMap<Long, Record<?, ?>> plain = logs[id];
            if (plain != null) {
                if (!plain.isEmpty()) {
                    throw new IllegalStateException("transaction " + id + " is open while the database opens");
                }
                logs[id] = null;
                store.store.removeMap(plain);
                logs[id] = open(id);
            }
        }
    }

    /** Makes the undo logs ready for this many open transactions at the same time; what is ready stays so. */
    public synchronized void cover(int transactions) {
        int target = Math.min(transactions, logs.length - 1);
        while (covered < target) {
            open(covered + 1);
            covered++;
        }
    }

    private MVMap<Long, Record<?, ?>> open(int id) {
        String name = TransactionStore.UNDO_LOG_NAME_PREFIX + '.' + id;
        MVMap<Long, Record<?, ?>> log =
                store.store.<MVMap<Long, Record<?, ?>>, Long, Record<?, ?>>openMap(name, new LogBuilder(store));
        if (!(log instanceof UndoLog)) {
            throw new IllegalStateException(
                    name + " was opened by H2 first: more transactions are open than were covered");
        }
        return log;
    }

    private static final class LogBuilder extends MVMap.BasicBuilder<MVMap<Long, Record<?, ?>>, Long, Record<?, ?>> {
        LogBuilder(TransactionStore store) {
            MVMap.Builder<Long, Record<?, ?>> plain = store.createUndoLogBuilder();
            setKeyType(plain.getKeyType());
            setValueType(plain.getValueType());
        }

        @Override
        protected MVMap<Long, Record<?, ?>> create(Map<String, Object> config) {
            config.put("singleWriter", true);
            return new UndoLog(config, getKeyType(), getValueType());
        }
    }

    private static final class UndoLog extends MVMap<Long, Record<?, ?>> {
        UndoLog(Map<String, Object> config, DataType<Long> keyType, DataType<Record<?, ?>> valueType) {
            super(config, keyType, valueType);
        }

        @Override
        public Record<?, ?> operate(Long key, Record<?, ?> value, DecisionMaker<Record<?, ?>> decisions) {
            return super.operate(
                    key, value, decisions instanceof RollbackDecisionMaker ? new Once(decisions) : decisions);
        }
    }

    /** The first decision, however often it is asked for. */
    private static final class Once extends MVMap.DecisionMaker<Record<?, ?>> {
        private final MVMap.DecisionMaker<Record<?, ?>> undo;
        private MVMap.Decision taken;

        Once(MVMap.DecisionMaker<Record<?, ?>> undo) {
            this.undo = undo;
        }

        @Override
        public MVMap.Decision decide(Record<?, ?> existing, Record<?, ?> provided) {
            if (taken == null) {
                taken = undo.decide(existing, provided);
            }
            return taken;
        }
    }
}
