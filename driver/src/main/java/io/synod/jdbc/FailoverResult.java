package io.synod.jdbc;

import java.util.function.Supplier;
import org.h2.engine.Session;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.value.TypeInfo;
import org.h2.value.Value;

/** Rows of a query, fetched in portions; when the node is lost before the last portion, the reader gets 40001. */
final class FailoverResult implements ResultInterface {
    private final FailoverSession session;
    private final SessionRemote origin;
    private final ResultInterface rows;
    /** Whether not all of its rows are here. */
    private boolean needsNode;

    private final WatchedLobs lobs;
    private Value[] raw;
    private Value[] current;

    FailoverResult(FailoverSession session, SessionRemote origin, ResultInterface rows) {
        this.session = session;
        this.origin = origin;
        this.rows = rows;
        this.lobs = new WatchedLobs(session, origin);
        this.needsNode = rows.getRowCount() < 0 || rows.getRowCount() > rows.getFetchSize();
        if (needsNode) {
            session.link().resultOpened();
        }
    }

    private <T> T fetching(Supplier<T> call) {
        if (!needsNode) {
            return call.get();
        }
        try {
            return session.awaiting(origin, call);
        } catch (DbException e) {
            if (!Broken.isBroken(origin, e)) {
                throw e;
            }
            session.rowsLost(origin, e);
            throw Errors.wrap(Errors.rowsLost(e.getSQLException()));
        }
    }

    @Override
    public void reset() {
        fetching(() -> {
            rows.reset();
            return null;
        });
    }

    @Override
    public boolean next() {
        return fetching(rows::next);
    }

    @Override
    public boolean hasNext() {
        return fetching(rows::hasNext);
    }

    @Override
    public Value[] currentRow() {
        Value[] row = rows.currentRow();
        if (row != raw) {
            raw = row;
            current = lobs.in(row);
        }
        return current;
    }

    @Override
    public long getRowId() {
        return rows.getRowId();
    }

    @Override
    public boolean isAfterLast() {
        return rows.isAfterLast();
    }

    @Override
    public int getVisibleColumnCount() {
        return rows.getVisibleColumnCount();
    }

    @Override
    public long getRowCount() {
        return rows.getRowCount();
    }

    @Override
    public boolean needToClose() {
        return rows.needToClose();
    }

    @Override
    public void close() {
        if (needsNode) {
            needsNode = false;
            session.link().resultClosed();
        }
        rows.close();
    }

    @Override
    public String getAlias(int i) {
        return rows.getAlias(i);
    }

    @Override
    public String getSchemaName(int i) {
        return rows.getSchemaName(i);
    }

    @Override
    public String getTableName(int i) {
        return rows.getTableName(i);
    }

    @Override
    public String getColumnName(int i) {
        return rows.getColumnName(i);
    }

    @Override
    public TypeInfo getColumnType(int i) {
        return rows.getColumnType(i);
    }

    @Override
    public boolean isIdentity(int i) {
        return rows.isIdentity(i);
    }

    @Override
    public int getNullable(int i) {
        return rows.getNullable(i);
    }

    @Override
    public void setFetchSize(int fetchSize) {
        rows.setFetchSize(fetchSize);
    }

    @Override
    public int getFetchSize() {
        return rows.getFetchSize();
    }

    @Override
    public boolean isLazy() {
        return rows.isLazy();
    }

    @Override
    public boolean isClosed() {
        return rows.isClosed();
    }

    @Override
    public ResultInterface createShallowCopy(Session targetSession) {
        return rows.createShallowCopy(targetSession);
    }
}
