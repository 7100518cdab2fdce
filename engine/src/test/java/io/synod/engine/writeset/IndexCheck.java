package io.synod.engine.writeset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.index.Cursor;
import org.h2.index.Index;
import org.h2.mvstore.db.MVTable;
import org.h2.result.Row;
import org.h2.result.SearchRow;
import org.h2.table.IndexColumn;
import org.h2.value.Value;

/** Compares every index with its table, entry by entry. */
public final class IndexCheck {
    private IndexCheck() {}

    /** @return rows seen */
    public static int check(Database database, SessionLocal session) {
        int rows = 0;
        for (MVTable table : TableRegistry.replicatedTables(database, session)) {
            Map<Long, Row> byKey = new HashMap<>();
            for (Cursor c = table.getScanIndex(session).find(session, null, null, false); c.next(); ) {
                byKey.put(c.get().getKey(), c.get());
            }
            rows += byKey.size();
            for (Index index : table.getIndexes()) {
                if (index.isRowIdIndex()
                        || index.getIndexColumns() == null
                        || index.getIndexType().isScan()) {
                    continue;
                }
                Set<Long> seen = new HashSet<>();
                for (Cursor c = index.find(session, null, null, false); c.next(); ) {
                    SearchRow entry = c.getSearchRow();
                    Row row = byKey.get(entry.getKey());
                    assertNotNull(row, "index " + index.getName() + " of " + table + " has key " + entry.getKey());
                    for (IndexColumn column : index.getIndexColumns()) {
                        int i = column.column.getColumnId();
                        Value value = entry.getValue(i);
                        assertEquals(row.getValue(i), value, "index " + index.getName() + ", row " + entry.getKey());
                    }
                    seen.add(entry.getKey());
                }
                Set<Long> missing = new HashSet<>(byKey.keySet());
                missing.removeAll(seen);
                assertEquals(Set.of(), missing, "rows that index " + index.getName() + " of " + table + " lacks");
            }
        }
        return rows;
    }
}
