package org.h2.fulltext;

import java.sql.Connection;
import java.sql.SQLException;
import org.h2.api.Trigger;
import org.h2.engine.SessionLocal;
import org.h2.table.Table;

/** Keeps the full-text index of a table, on the leader; the rows of the index are replicated like any others. */
public final class SynodFullTextTrigger implements Trigger {
    /** {@code null} in a replicated database. */
    private FullText.FullTextTrigger plain;
    /** It may be renamed. */
    private Table table;

    /** Made by H2. */
    public SynodFullTextTrigger() {}

    /** @throws SQLException FULLTEXT: the table has no primary key */
    @Override
    public void init(Connection connection, String schema, String name, String tableName, boolean before, int type)
            throws SQLException {
        if (!SynodFullText.isReplicated(connection)) {
            plain = new FullText.FullTextTrigger();
            plain.init(connection, schema, name, tableName, before, type);
            return;
        }
        SessionLocal session = SynodFullText.session(connection);
        table = session.getDatabase().getSchema(schema).getTableOrView(session, tableName);
        SynodFullTextIndex.keys(table);
    }

    @Override
    public void fire(Connection connection, Object[] oldRow, Object[] newRow) throws SQLException {
        if (plain != null) {
            plain.fire(connection, oldRow, newRow);
        } else {
            SynodFullTextIndex.change(connection, table, oldRow, newRow);
        }
    }

    @Override
    public void close() {
        if (plain != null) {
            plain.close();
        }
    }

    @Override
    public void remove() {
        if (plain != null) {
            plain.remove();
        }
    }
}
