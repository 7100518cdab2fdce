package io.synod.engine.database;

import io.synod.replica.ReplicatedLog;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.h2.message.DbException;

/**
 * How recent entries ended here that have more than one ending: error codes of statements, and void write sets. A statement
 * must end on every member as on its leader, which logs how it ended there; where it did not, this copy has diverged, and
 * {@link #check} throws. Thread-safe.
 */
final class EntryEndings {
    private static final int RECENT = 1024;

    private final String database;
    private final Map<Long, DbException> errors = bounded();
    private final Map<Long, Boolean> voids = bounded();
    private final Map<Long, Integer> codes = bounded();
    /** Statements of which no leader has said yet how they ended. */
    private final Set<Long> unconfirmed = ConcurrentHashMap.newKeySet();

    EntryEndings(String database) {
        this.database = database;
    }

    private static <V> Map<Long, V> bounded() {
        return Collections.synchronizedMap(new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Long, V> eldest) {
                return size() > RECENT;
            }
        });
    }

    void voidAt(long index) {
        voids.put(index, true);
    }

    boolean wasVoid(long index) {
        return voids.containsKey(index);
    }

    /** @param error {@code null} for success */
    void statementAt(long index, DbException error) {
        errors.put(index, error);
        codes.put(index, code(error));
        unconfirmed.add(index);
    }

    /** @return {@code null} for success, and for what is long ago */
    DbException errorOf(long index) {
        return errors.get(index);
    }

    private static int code(DbException error) {
        return error == null ? 0 : error.getErrorCode();
    }

    /** A statement that ended here in another way than on its leader has left another catalogue behind. */
    void check(LogRecord.Ended ended) {
        unconfirmed.remove(ended.index());
        Integer here = codes.get(ended.index());
        if (here != null && here != ended.errorCode()) {
            throw new IllegalStateException("the statement at index " + ended.index() + " ended with error " + here
                    + " on this node and with " + ended.errorCode() + " on its leader (0 is success): this copy of "
                    + database + " has diverged; delete it and let it be rebuilt from the others");
        }
    }

    /** Tells the other members how a statement ended here, for comparison. */
    void tell(ReplicatedLog log, long index, DbException error) {
        log.propose(new LogRecord.Ended(index, code(error)).encode(), log.servingEpoch(), null);
    }

    /** While this node leads, tells them of those statements of which no leader has. */
    void tellUnconfirmed(ReplicatedLog log) {
        if (log.servingEpoch() == 0) {
            return;
        }
        for (Long index : List.copyOf(unconfirmed)) {
            Integer code = codes.get(index);
            if (code == null) {
                unconfirmed.remove(index);
            } else {
                log.propose(new LogRecord.Ended(index, code).encode(), log.servingEpoch(), null);
            }
        }
    }
}
