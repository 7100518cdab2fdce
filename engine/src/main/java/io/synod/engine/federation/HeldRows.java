package io.synod.engine.federation;

import io.synod.engine.federation.FederatedPlan.Edge;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.h2.result.LocalResult;
import org.h2.result.ResultInterface;
import org.h2.table.Table;
import org.h2.value.CompareMode;
import org.h2.value.Value;
import org.h2.value.ValueLob;
import org.h2.value.ValueNull;

/**
 * What is known of the fragments that were read. Rows that this node's databases gave are held, as long as they are few, until
 * all fragments are read: those that turn out to have no partner are never shipped, also of the fragment that was read first
 * and was filtered by nobody's keys. Keys of what is left filter what is read next.
 */
final class HeldRows {
    private final List<Edge> edges;
    private final Scratch scratch;
    private final int mostKeys;
    private final Map<Integer, Table> tables = new HashMap<>();
    private final Map<Integer, List<Value[]>> held = new HashMap<>();
    /** Distinct keys by fragment and column: what is compared, and its value; empty if they are too many. */
    private final Map<List<Integer>, Optional<Map<Object, Value>>> keys = new HashMap<>();

    private long bytes;

    /** @param mostKeys of one column that are of use; so many rows of a fragment are held at most */
    HeldRows(List<Edge> edges, Scratch scratch, int mostKeys) {
        this.edges = edges;
        this.scratch = scratch;
        this.mostKeys = mostKeys;
    }

    /**
     * Copies a result's rows, to be held.
     *
     * @param result is at its beginning before and after
     * @param room for bytes of all that is held
     * @return {@code null} if they are too many, hold LOBs, which may end with the result, or were read on another node: those
     *     have been sent already
     */
    List<Value[]> copy(ResultInterface result, long room) {
        if (!(result instanceof LocalResult) || result.getRowCount() > mostKeys) {
            return null;
        }
        List<Value[]> rows = new ArrayList<>();
        long more = 0;
        while (result.next()) {
            Value[] row = Arrays.copyOf(result.currentRow(), result.getVisibleColumnCount());
            more += Meter.bytes(row, row.length);
            if (bytes + more > room || Arrays.stream(row).anyMatch(value -> value instanceof ValueLob)) {
                result.reset();
                return null;
            }
            rows.add(row);
        }
        bytes += more;
        result.reset();
        return rows;
    }

    /** A fragment is read: its rows are held, or in its table if they are {@code null}. */
    void arrived(int fragment, Table table, List<Value[]> rows) {
        tables.put(fragment, table);
        if (rows != null) {
            held.put(fragment, rows);
        }
        Deque<Edge> open = new ArrayDeque<>();
        for (Edge edge : edges) {
            if (edge.target() == fragment || edge.source() == fragment) {
                open.add(edge);
            }
        }
        while (!open.isEmpty()) {
            Edge edge = open.remove();
            if (reduced(edge)) {
                keys.keySet().removeIf(key -> key.get(0) == edge.target());
                for (Edge next : edges) {
                    if (next.source() == edge.target() && !open.contains(next)) {
                        open.add(next);
                    }
                }
            }
        }
    }

    private boolean reduced(Edge edge) {
        List<Value[]> rows = held.get(edge.target());
        if (rows == null || !tables.containsKey(edge.source())) {
            return false;
        }
        int kind = kind(edge.source(), edge.sourceColumn());
        if (kind == Value.UNKNOWN || kind != kind(edge.target(), edge.targetColumn())) {
            return false;
        }
        Map<Object, Value> wanted = keys(edge.source(), edge.sourceColumn());
        return wanted != null && rows.removeIf(row -> !wanted.containsKey(key(row[edge.targetColumn()])));
    }

    /** @return for types whose values this class compares as H2 does, by {@link #key}, one that they have in common */
    private int kind(int fragment, int column) {
        int type = tables.get(fragment).getColumn(column).getType().getValueType();
        return switch (type) {
            case Value.TINYINT, Value.SMALLINT, Value.INTEGER, Value.BIGINT, Value.NUMERIC -> Value.NUMERIC;
            case Value.DATE, Value.TIMESTAMP, Value.UUID -> type;
            case Value.VARCHAR ->
                scratch.session().getDatabase().getCompareMode().getName().equals(CompareMode.OFF)
                        ? type
                        : Value.UNKNOWN;
            default -> Value.UNKNOWN;
        };
    }

    private static Object key(Value value) {
        return switch (value.getValueType()) {
            case Value.TINYINT, Value.SMALLINT, Value.INTEGER, Value.BIGINT ->
                BigDecimal.valueOf(value.getLong()).stripTrailingZeros();
            case Value.NUMERIC -> value.getBigDecimal().stripTrailingZeros();
            default -> value;
        };
    }

    /** @return distinct keys of a column of what was read and is not left out, {@code null} if they are too many */
    Map<Object, Value> keys(int fragment, int column) {
        return keys.computeIfAbsent(List.of(fragment, column), k -> Optional.ofNullable(distinct(fragment, column)))
                .orElse(null);
    }

    private Map<Object, Value> distinct(int fragment, int column) {
        Map<Object, Value> distinct = new HashMap<>();
        List<Value[]> rows = held.get(fragment);
        if (rows != null) {
            for (Value[] row : rows) {
                add(distinct, row[column]);
            }
            return distinct;
        }
        var cursor = tables.get(fragment).getScanIndex(scratch.session()).find(scratch.session(), null, null, false);
        while (cursor.next()) {
            add(distinct, cursor.get().getValue(column));
            if (distinct.size() > mostKeys) {
                return null;
            }
        }
        return distinct;
    }

    private static void add(Map<Object, Value> distinct, Value value) {
        if (value != ValueNull.INSTANCE) {
            distinct.putIfAbsent(key(value), value);
        }
    }

    Table table(int fragment) {
        return tables.get(fragment);
    }

    /** @return fragments whose rows are held */
    Set<Integer> fragments() {
        return new HashSet<>(held.keySet());
    }

    /** Gives a fragment's rows away. */
    List<Value[]> release(int fragment) {
        return held.remove(fragment);
    }
}
