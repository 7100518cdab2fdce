package io.synod.engine.federation;

import java.util.Arrays;
import java.util.List;
import org.h2.engine.CastDataProvider;
import org.h2.engine.Session;
import org.h2.result.ResultInterface;
import org.h2.value.TypeInfo;
import org.h2.value.Value;

/** Rows of H2 under the metadata of the user's own text. Closing it ends the scratch database behind it. */
final class FederatedResult implements ResultInterface {
    private final ResultInterface rows;
    private final List<ResultColumn> columns;
    private final int[] places;
    private final boolean asIs;
    private final Scratch scratch;
    private final CastDataProvider provider;
    private final Meter meter;
    private Value[] row;

    /**
     * @param places the rows' column for each column
     * @param scratch {@code null} if there is none
     * @param meter of what was brought from the databases for it
     */
    FederatedResult(
            ResultInterface rows,
            List<ResultColumn> columns,
            int[] places,
            Scratch scratch,
            CastDataProvider provider,
            Meter meter) {
        this.rows = rows;
        this.columns = columns;
        this.places = places;
        this.scratch = scratch;
        this.provider = provider;
        this.meter = meter;
        boolean same = true;
        for (int i = 0; i < places.length; i++) {
            same &= places[i] == i && converts(i) == null;
        }
        this.asIs = same;
    }

    /** @return places of columns that are those of the rows */
    static int[] inOrder(int columns) {
        int[] places = new int[columns];
        Arrays.setAll(places, i -> i);
        return places;
    }

    /** @return rows that were brought to the scratch database */
    long shippedRows() {
        return meter.rows();
    }

    /** @return rows that the databases gave, among them those that were left out as they have no partner, or were read again */
    long readRows() {
        return meter.read();
    }

    /** The type that values must be given, {@code null} if they have it. */
    private TypeInfo converts(int column) {
        TypeInfo wanted = columns.get(column).type();
        TypeInfo got = rows.getColumnType(places[column]);
        boolean unknown = wanted.getValueType() == Value.UNKNOWN || wanted.getValueType() == Value.NULL;
        return unknown || wanted.equals(got) ? null : wanted;
    }

    @Override
    public void reset() {
        row = null;
        rows.reset();
    }

    @Override
    public Value[] currentRow() {
        return asIs ? rows.currentRow() : row;
    }

    @Override
    public boolean next() {
        boolean next = rows.next();
        if (!asIs) {
            row = next ? convert(rows.currentRow()) : null;
        }
        return next;
    }

    private Value[] convert(Value[] from) {
        Value[] to = new Value[places.length];
        for (int i = 0; i < to.length; i++) {
            TypeInfo type = converts(i);
            Value value = from[places[i]];
            to[i] = type == null ? value : value.convertTo(type, provider);
        }
        return to;
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
        return columns.size();
    }

    @Override
    public long getRowCount() {
        return rows.getRowCount();
    }

    @Override
    public boolean hasNext() {
        return rows.hasNext();
    }

    @Override
    public boolean needToClose() {
        return true;
    }

    @Override
    public void close() {
        rows.close();
        if (scratch != null) {
            scratch.close();
        }
    }

    @Override
    public String getAlias(int i) {
        return columns.get(i).label();
    }

    @Override
    public String getSchemaName(int i) {
        return columns.get(i).schema();
    }

    @Override
    public String getTableName(int i) {
        return columns.get(i).table();
    }

    @Override
    public String getColumnName(int i) {
        return columns.get(i).column();
    }

    @Override
    public TypeInfo getColumnType(int i) {
        TypeInfo type = columns.get(i).type();
        return type.getValueType() == Value.UNKNOWN ? rows.getColumnType(places[i]) : type;
    }

    @Override
    public boolean isIdentity(int i) {
        return columns.get(i).identity();
    }

    @Override
    public int getNullable(int i) {
        return columns.get(i).nullable();
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
        return null;
    }
}
