package io.synod.engine.database;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.h2.command.Command;
import org.h2.engine.SessionLocal;
import org.h2.mvstore.db.MVTable;
import org.h2.result.ResultInterface;
import org.h2.result.Row;
import org.h2.table.Table;
import org.h2.value.Value;
import org.h2.value.ValueLob;

/**
 * Checksums of the whole database at places in the log that every member passes: equal on all of them, or they have diverged.
 * Taken by the holder of the apply baton; read by any thread.
 */
final class Digests {
    private static final int KEPT = 16;
    /** Sequences of the leader run ahead of the marks that the others know. */
    private static final Pattern POSITION = Pattern.compile(" RESTART WITH -?\\d+");

    private final Map<Long, List<DigestLine>> taken = new LinkedHashMap<>();

    void take(SessionLocal session, long index) {
        List<DigestLine> lines = new ArrayList<>();
        for (Table table : session.getDatabase().getAllTablesAndViews()) {
            if (table instanceof MVTable && !table.isTemporary() && table.getId() > 0) {
                String name = table.getSchema().getName() + "." + table.getName();
                lines.add(new DigestLine("TABLE", name, rows(session, table)));
            }
        }
        Command script = session.prepareLocal("SCRIPT NODATA NOSETTINGS");
        try (ResultInterface rows = script.executeQuery(0, 1, false)) {
            while (rows.next()) {
                String line = POSITION.matcher(rows.currentRow()[0].getString()).replaceAll("");
                // Comments hold row counts of statistics.
                if (!line.startsWith("--")) {
                    lines.add(new DigestLine("CATALOG", line, Integer.toHexString(line.hashCode())));
                }
            }
        }
        lines.sort(java.util.Comparator.comparing(DigestLine::kind).thenComparing(DigestLine::name));
        synchronized (taken) {
            taken.put(index, List.copyOf(lines));
            if (taken.size() > KEPT) {
                taken.remove(taken.keySet().iterator().next());
            }
        }
    }

    private static String rows(SessionLocal session, Table table) {
        long count = 0;
        long sum = 0;
        var cursor = table.getScanIndex(session).find(session, null, null, false);
        while (cursor.next()) {
            Row row = cursor.get();
            long hash = row.getKey();
            for (int i = 0; i < row.getColumnCount(); i++) {
                hash = hash * 0x9E3779B97F4A7C15L + hash(row.getValue(i));
            }
            // A sum does not depend on the order; the mixing makes it depend on every bit.
            hash ^= hash >>> 32;
            sum += hash * 0xD6E8FEB86659FD93L;
            count++;
        }
        return count + ":" + Long.toHexString(sum);
    }

    private static long hash(Value value) {
        String text;
        if (value instanceof ValueLob lob) {
            text = lob.getValueType() + ":" + java.util.Arrays.hashCode(lob.getBytes());
        } else {
            text = value.getValueType() + ":" + value.getTraceSQL();
        }
        long hash = 1125899906842597L;
        for (int i = 0; i < text.length(); i++) {
            hash = 31 * hash + text.charAt(i);
        }
        return hash;
    }

    /** {@code null} when it was never taken or is forgotten. */
    List<DigestLine> at(long index) {
        synchronized (taken) {
            return taken.get(index);
        }
    }
}
