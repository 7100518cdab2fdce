package io.synod.engine.session;

import io.synod.engine.database.BranchDecisions;
import io.synod.engine.database.HostedDatabase;
import java.util.ArrayList;
import java.util.List;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.result.Row;
import org.h2.result.SearchRow;
import org.h2.schema.Schema;
import org.h2.schema.SynodSchemaBridge;
import org.h2.table.Column;
import org.h2.table.MetaTable;
import org.h2.value.TypeInfo;

/**
 * INFORMATION_SCHEMA.IN_DOUBT: H2 would list what is prepared in its own way, which nothing is. An administrator sees all
 * prepared transactions, others those that they have prepared.
 */
final class InDoubtTable extends MetaTable {
    /** Like H2's own, not that of any other table. */
    private static final int ID = -99_000;

    private final HostedDatabase database;

    private InDoubtTable(Schema schema, HostedDatabase database) {
        super(schema, ID, 0);
        this.database = database;
        setMetaTableName("IN_DOUBT");
        setColumns(new Column[] {
            column("TRANSACTION_NAME", TypeInfo.TYPE_VARCHAR), column("TRANSACTION_STATE", TypeInfo.TYPE_VARCHAR)
        });
        indexColumn = -1;
        setIndexes();
    }

    /** To be called before anybody uses the database. */
    static void install(Database h2, SessionLocal session, HostedDatabase database) {
        session.lock();
        try {
            SynodSchemaBridge.replace(h2, session, new InDoubtTable(h2.getSchema("INFORMATION_SCHEMA"), database));
        } finally {
            session.close();
            session.unlock();
        }
    }

    @Override
    public ArrayList<Row> generateRows(SessionLocal session, SearchRow first, SearchRow last) {
        List<BranchDecisions.Waiting> waiting = database.branches().waiting();
        ArrayList<Row> rows = new ArrayList<>();
        for (BranchDecisions.Waiting branch : waiting) {
            if (session.getUser().isAdmin() || session.getUser().getName().equals(branch.user())) {
                add(session, rows, branch.gid(), "IN_DOUBT");
            }
        }
        return rows;
    }

    /** Changes all the time: no result is kept. */
    @Override
    public long getMaxDataModificationId() {
        return Long.MAX_VALUE;
    }
}
