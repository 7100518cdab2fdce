package io.synod.engine.session;

import java.util.ArrayList;
import org.h2.engine.SessionLocal;
import org.h2.result.Row;
import org.h2.result.SearchRow;
import org.h2.schema.Schema;
import org.h2.table.Column;
import org.h2.table.MetaTable;
import org.h2.value.Value;

/** A table of the schema SYNOD as H2 sees it: its rows are made when they are asked for. */
final class SystemTable extends MetaTable {
    private final SystemView view;
    private final SystemSchema source;

    SystemTable(Schema schema, int id, SystemView view, SystemSchema source) {
        super(schema, id, view.ordinal());
        this.view = view;
        this.source = source;
        setMetaTableName(view.name());
        setColumns(view.columns().stream().map(c -> column(c.name(), c.type())).toArray(Column[]::new));
        indexColumn = -1;
        setIndexes();
    }

    @Override
    public ArrayList<Row> generateRows(SessionLocal session, SearchRow first, SearchRow last) {
        ArrayList<Row> rows = new ArrayList<>();
        for (Value[] values : view.rows(source, source.sessionOf(session))) {
            add(session, rows, (Object[]) values);
        }
        return rows;
    }

    /** Changes all the time: no result is kept. */
    @Override
    public long getMaxDataModificationId() {
        return Long.MAX_VALUE;
    }
}
