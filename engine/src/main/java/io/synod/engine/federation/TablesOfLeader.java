package io.synod.engine.federation;

import io.synod.engine.federation.Scratch.Column;
import java.sql.ResultSetMetaData;
import java.util.ArrayList;
import java.util.List;
import org.h2.command.CommandInterface;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.result.ResultInterface;
import org.h2.table.Table;
import org.h2.util.StringUtils;

/**
 * The tables that a session has for itself on the leader, as another node knows them: their names and columns, and no rows. Under
 * the session's lock.
 */
public final class TablesOfLeader implements AutoCloseable {
    private final Scratch scratch;

    private TablesOfLeader(Scratch scratch) {
        this.scratch = scratch;
    }

    /**
     * Asks for them.
     *
     * @param own the session's own half on this node, whose settings they follow
     * @param session executes statements on the leader
     */
    public static TablesOfLeader of(SessionLocal own, Session session) {
        TablesOfLeader tables = new TablesOfLeader(Scratch.like(own));
        try {
            for (String name : names(session)) {
                tables.scratch.createTemporary(name, columns(session, name));
            }
            return tables;
        } catch (RuntimeException e) {
            tables.close();
            throw e;
        }
    }

    private static List<String> names(Session session) {
        List<String> names = new ArrayList<>();
        try (CommandInterface command = session.prepareCommand(
                        "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'LOCAL TEMPORARY'");
                ResultInterface result = command.executeQuery(0, Running.FETCH, false)) {
            while (result.next()) {
                names.add(result.currentRow()[0].getString());
            }
        }
        return names;
    }

    private static List<Column> columns(Session session, String name) {
        List<Column> columns = new ArrayList<>();
        try (CommandInterface command = session.prepareCommand(
                        "SELECT * FROM " + StringUtils.quoteIdentifier(name) + " FETCH FIRST 0 ROWS ONLY");
                ResultInterface result = command.executeQuery(0, 1, false)) {
            for (int i = 0; i < result.getVisibleColumnCount(); i++) {
                columns.add(new Column(
                        result.getColumnName(i),
                        result.getColumnType(i),
                        result.getNullable(i) != ResultSetMetaData.columnNoNulls));
            }
        }
        return columns;
    }

    /** @return {@code null} if there is none of this name */
    public Table find(String name) {
        return scratch.session().findLocalTempTable(name);
    }

    @Override
    public void close() {
        scratch.close();
    }
}
