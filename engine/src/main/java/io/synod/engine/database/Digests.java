package io.synod.engine.database;

import io.synod.engine.writeset.SequenceMarks;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.h2.command.Command;
import org.h2.engine.IsolationLevel;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.mvstore.db.MVTable;
import org.h2.result.ResultInterface;
import org.h2.result.Row;
import org.h2.table.Table;
import org.h2.value.Value;
import org.h2.value.ValueLob;

/**
 * Checksums of the whole database at places in the log that every member passes: equal on all of them, or they have diverged.
 *
 * <p>At the place itself, by the holder of the apply baton, only the small things are read: catalogue and sequences. The
 * rows are read from a snapshot of just then on a thread of their own ({@code synod-digest}), while the log goes on.
 * Thread-safe.
 *
 * <p>Left out is what differs from node to node by nature: where a sequence stands here (the leader's runs ahead of its
 * mark in the log, which is compared), row counts of statistics, settings of the node.
 */
final class Digests implements AutoCloseable {
    private static final int KEPT = 16;
    /** Sequences of the leader run ahead of the marks that the others know. */
    private static final Pattern POSITION = Pattern.compile(" RESTART WITH -?\\d+");

    private final Map<Long, CompletableFuture<List<DigestLine>>> taken = new LinkedHashMap<>();
    private volatile boolean closed;

    /**
     * To be called at the place, by the holder of the apply baton.
     *
     * @param reader a session of nobody else, without a transaction; taken over
     * @param prepared what else belongs to it
     */
    void take(SessionLocal session, SessionLocal reader, List<DigestLine> prepared, long index) {
        List<DigestLine> lines = new ArrayList<>(catalog(session));
        lines.addAll(prepared);
        SequenceMarks.stored(session).forEach((key, mark) -> {
            int space = key.indexOf(' ');
            String kind = key.startsWith("column ") ? "IDENTITY" : "SEQUENCE";
            lines.add(new DigestLine(kind, key.substring(space + 1), mark));
        });
        List<MVTable> tables = new ArrayList<>();
        for (Table table : session.getDatabase().getAllTablesAndViews()) {
            if (table instanceof MVTable rows && !table.isTemporary() && table.getId() > 0) {
                tables.add(rows);
            }
        }
        takeSnapshot(reader);
        CompletableFuture<List<DigestLine>> result = new CompletableFuture<>();
        synchronized (taken) {
            taken.put(index, result);
            if (taken.size() > KEPT) {
                taken.remove(taken.keySet().iterator().next());
            }
        }
        Thread thread = new Thread(() -> finish(reader, tables, lines, result), "synod-digest");
        thread.setDaemon(true);
        thread.start();
    }

    private static List<DigestLine> catalog(SessionLocal session) {
        List<DigestLine> lines = new ArrayList<>();
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
        return lines;
    }

    /** The first statement of such a transaction fixes what all its reads see, of all tables. */
    private static void takeSnapshot(SessionLocal reader) {
        reader.lock();
        try {
            reader.setIsolationLevel(IsolationLevel.SNAPSHOT);
            Command command = reader.prepareLocal("VALUES 1");
            command.executeQuery(0, 1, false).close();
            command.close();
        } finally {
            reader.unlock();
        }
    }

    private void finish(
            SessionLocal reader,
            List<MVTable> tables,
            List<DigestLine> lines,
            CompletableFuture<List<DigestLine>> result) {
        reader.lock();
        try {
            Session outer = reader.setThreadLocalSession();
            try {
                for (MVTable table : tables) {
                    String name = table.getSchema().getName() + "." + table.getName();
                    lines.add(new DigestLine("TABLE", name, rows(reader, table)));
                }
            } finally {
                reader.resetThreadLocalSession(outer);
                reader.rollback();
                reader.close();
            }
            lines.sort(Comparator.comparing(DigestLine::kind).thenComparing(DigestLine::name));
            result.complete(List.copyOf(lines));
        } catch (RuntimeException e) {
            result.completeExceptionally(e);
        } finally {
            reader.unlock();
        }
    }

    private String rows(SessionLocal session, Table table) {
        long count = 0;
        long sum = 0;
        var cursor = table.getScanIndex(session).find(session, null, null, false);
        while (cursor.next()) {
            if (closed) {
                throw new IllegalStateException("the database was closed");
            }
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
            text = lob.getValueType() + ":" + hash(lob);
        } else {
            text = value.getValueType() + ":" + value.getTraceSQL();
        }
        long hash = 1125899906842597L;
        for (int i = 0; i < text.length(); i++) {
            hash = 31 * hash + text.charAt(i);
        }
        return hash;
    }

    /** As {@link java.util.Arrays#hashCode(byte[])} of its bytes, which need not fit into memory. */
    private static int hash(ValueLob lob) {
        int hash = 1;
        try (InputStream in = lob.getInputStream()) {
            byte[] buffer = new byte[16 << 10];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                for (int i = 0; i < n; i++) {
                    hash = 31 * hash + buffer[i];
                }
            }
        } catch (IOException e) {
            throw DbException.convertIOException(e, "reading a LOB for the digest");
        }
        return hash;
    }

    /** {@code null} when it was never taken or is forgotten. Its failure: the rows could not be read to their end. */
    CompletableFuture<List<DigestLine>> at(long index) {
        synchronized (taken) {
            return taken.get(index);
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
