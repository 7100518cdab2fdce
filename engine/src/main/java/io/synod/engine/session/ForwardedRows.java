package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.replica.Patience;
import java.io.IOException;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.value.TypeInfo;
import org.h2.value.Value;

/**
 * A result that the leader holds and this node fetches in portions, as long as the transaction is open; what is left then, or
 * when the next statement goes there, is fetched at once and {@linkplain KeptRows kept here}: a result outlives its
 * transaction, the leader may not.
 *
 * <p><b>Concurrency.</b> JDBC reads results without the session's lock; it is taken here whenever more than the columns is
 * asked for.
 *
 * <p><b>Failure.</b> The leader lost in the middle of reading: 40001, for the transaction is lost with it.
 */
final class ForwardedRows implements ResultInterface {
    /** Reads under the session's lock; with the leader the transaction is lost. */
    @FunctionalInterface
    interface Link {
        Value[] read(Supplier<Value[]> call);
    }

    private final ResultInterface there;
    private final Link link;
    private final ForwardedSession leader;
    /** {@code null} while rows come from the leader. */
    private KeptRows kept;
    /** Whether {@link #kept} has all that is left. */
    private boolean keptAll;
    /** Number of the first row in {@link #kept}. */
    private long keptFrom;
    /** Why there are no more rows; {@code null} where there are. */
    private DbException failure;

    private long rowId = -1;
    private Value[] current;
    private Value[] ahead;
    private boolean afterLast;
    private boolean closed;

    ForwardedRows(ResultInterface there, Link link, ForwardedSession leader) {
        this.there = there;
        this.link = link;
        this.leader = leader;
    }

    /**
     * Fetches what is left. Under the session's lock.
     *
     * @throws DbException 57014 when the statement that needs this is not willing to wait: then the rest may be fetched later
     */
    void keep(SessionLocal local) {
        if (closed || afterLast || keptAll || failure != null) {
            return;
        }
        if (kept == null) {
            keptFrom = ahead == null ? rowId + 1 : rowId + 2;
            kept = new KeptRows(local, there);
        }
        keepRest();
    }

    private boolean nextThere() {
        try {
            return there.next();
        } catch (DbException e) {
            if (e.getSQLException().getCause() instanceof IOException) {
                leader.abandon();
            }
            throw e;
        }
    }

    private void keepRest() {
        while (nextThere()) {
            kept.add(there.currentRow());
            if (Patience.isOver()) {
                throw Errors.cancelled();
            }
        }
        kept.done();
        keptAll = true;
        there.close();
    }

    /** Nothing more can be read: whoever tries is told why. Under the session's lock. */
    void fail(DbException why) {
        if (!keptAll) {
            failure = why;
        }
    }

    private Value[] read() {
        if (failure != null) {
            throw failure;
        }
        if (kept == null) {
            return nextThere() ? there.currentRow() : null;
        }
        if (!keptAll) {
            keepRest();
        }
        return kept.next();
    }

    @Override
    public boolean hasNext() {
        if (afterLast || closed) {
            return false;
        }
        if (ahead == null) {
            ahead = LeadersLob.watched(link.read(this::read));
        }
        return ahead != null;
    }

    @Override
    public boolean next() {
        if (hasNext()) {
            rowId++;
            current = ahead;
            ahead = null;
            return true;
        }
        if (!afterLast) {
            rowId++;
            current = null;
            afterLast = true;
        }
        return false;
    }

    @Override
    public void reset() {
        link.read(() -> {
            if (rowId < 0) {
                return null;
            }
            if (!keptAll || keptFrom > 0) {
                throw DbException.get(ErrorCode.RESULT_SET_NOT_SCROLLABLE);
            }
            kept.reset();
            rowId = -1;
            current = null;
            ahead = null;
            afterLast = false;
            return null;
        });
    }

    @Override
    public void close() {
        link.read(() -> {
            if (!closed) {
                closed = true;
                there.close();
                if (kept != null) {
                    kept.close();
                }
            }
            return null;
        });
    }

    @Override
    public Value[] currentRow() {
        return current;
    }

    @Override
    public long getRowId() {
        return rowId;
    }

    @Override
    public boolean isAfterLast() {
        return afterLast;
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public boolean needToClose() {
        return true;
    }

    @Override
    public boolean isLazy() {
        // The leader has executed the statement to its end.
        return false;
    }

    @Override
    public long getRowCount() {
        return there.getRowCount();
    }

    @Override
    public int getFetchSize() {
        return there.getFetchSize();
    }

    @Override
    public void setFetchSize(int fetchSize) {
        there.setFetchSize(Execution.Query.portion(fetchSize));
    }

    @Override
    public int getVisibleColumnCount() {
        return there.getVisibleColumnCount();
    }

    @Override
    public String getAlias(int i) {
        return there.getAlias(i);
    }

    @Override
    public String getSchemaName(int i) {
        return there.getSchemaName(i);
    }

    @Override
    public String getTableName(int i) {
        return there.getTableName(i);
    }

    @Override
    public String getColumnName(int i) {
        return there.getColumnName(i);
    }

    @Override
    public TypeInfo getColumnType(int i) {
        return there.getColumnType(i);
    }

    @Override
    public boolean isIdentity(int i) {
        return there.isIdentity(i);
    }

    @Override
    public int getNullable(int i) {
        return there.getNullable(i);
    }

    @Override
    public ResultInterface createShallowCopy(Session targetSession) {
        return null;
    }
}
