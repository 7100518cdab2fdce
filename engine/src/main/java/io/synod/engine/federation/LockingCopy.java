package io.synod.engine.federation;

import io.synod.engine.federation.TableNames.Named;
import java.util.Arrays;
import org.h2.command.ddl.CreateTableData;
import org.h2.engine.SessionLocal;
import org.h2.mvstore.db.MVTable;
import org.h2.result.Row;
import org.h2.value.Value;

/**
 * A scratch database's copy of a table, each row under its own {@code _ROWID_}. Where H2 locks a row of it, that row is locked in
 * the database that has it, and H2 goes on with what it is there: which rows are locked, in which order, what a row that has
 * changed meanwhile or is locked by another transaction gives, is H2's to decide.
 */
final class LockingCopy extends MVTable {
    private final Named home;
    private final HomeLocks locks;

    LockingCopy(CreateTableData data, Named home, HomeLocks locks) {
        super(data, data.session.getDatabase().getStore());
        this.home = home;
        this.locks = locks;
    }

    @Override
    public Row lockRow(SessionLocal session, Row row, int timeoutMillis) {
        Value[] now = locks.lock(home, getColumns(), row.getKey(), timeoutMillis);
        if (now == null) {
            return null;
        }
        Value[] values = ForeignLobs.in(session, now);
        // H2 looks again at a row only if it is another one.
        return Arrays.equals(values, row.getValueList()) ? row : Row.get(values, Row.MEMORY_CALCULATE, row.getKey());
    }
}
