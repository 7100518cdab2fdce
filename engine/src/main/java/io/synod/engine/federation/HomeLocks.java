package io.synod.engine.federation;

import io.synod.engine.federation.TableNames.Named;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.h2.command.CommandInterface;
import org.h2.engine.Session;
import org.h2.result.ResultInterface;
import org.h2.table.Column;
import org.h2.util.StringUtils;
import org.h2.value.Value;
import org.h2.value.ValueBigint;

/**
 * Locks rows one by one in the databases that have them, while a scratch database executes a query with {@code FOR UPDATE} on
 * copies of their tables ({@link LockingCopy}). Used by the thread that executes.
 */
final class HomeLocks implements AutoCloseable {
    /** What H2 calls the ways to wait for a row, where it is not a number of milliseconds. */
    private static final int LOCK_TIMEOUT = -1;

    private static final int SKIP_LOCKED = -2;

    private final Databases databases;
    private final Running running;
    private final Map<String, CommandInterface> commands = new HashMap<>();
    /** Rows as they are since they are locked. */
    private final Map<Named, Map<Long, Value[]>> locked = new HashMap<>();

    HomeLocks(Databases databases, Running running) {
        this.databases = databases;
        this.running = running;
    }

    /** What is read from now on is what the databases' leaders have, whatever the session's level of reads is. */
    static void begin(Collection<Named> tables, Databases databases, Running running) {
        Set<String> begun = new HashSet<>();
        for (Named table : tables) {
            if (table.table().isRowLockable() && begun.add(table.home())) {
                Session session = Federation.branch(databases, table.home()).session();
                try (CommandInterface command =
                                session.prepareCommand("SELECT 1 FROM " + table.quoted() + " WHERE FALSE FOR UPDATE");
                        ResultInterface result = running.query(command, new Value[0], 0)) {
                    // It has begun, that is all.
                    result.getVisibleColumnCount();
                }
            }
        }
    }

    /**
     * Locks a row.
     *
     * @param columns of the table, some or all
     * @param row its {@code _ROWID_}
     * @param timeoutMillis as H2 gives it to {@link org.h2.table.Table#lockRow}
     * @return the columns' values as they are now; {@code null} if there is no such row any more, or if it was to be skipped
     */
    Value[] lock(Named table, Column[] columns, long row, int timeoutMillis) {
        running.check();
        Map<Long, Value[]> known = locked.computeIfAbsent(table, t -> new HashMap<>());
        Value[] values = known.get(row);
        if (values != null) {
            return values;
        }
        CommandInterface command = commands.computeIfAbsent(
                table.home() + '.' + table.quoted() + waiting(timeoutMillis),
                t -> Federation.branch(databases, table.home())
                        .session()
                        .prepareCommand(text(table, columns) + waiting(timeoutMillis)));
        try (ResultInterface result = running.query(command, new Value[] {ValueBigint.get(row)}, 0)) {
            if (result.next()) {
                values = result.currentRow().clone();
                known.put(row, values);
            }
        }
        return values;
    }

    /** The statement that locks a row, without how it waits. */
    static String text(Named table, Column[] columns) {
        List<String> names = new ArrayList<>();
        for (Column column : columns) {
            names.add(StringUtils.quoteIdentifier(column.getName()));
        }
        return "SELECT " + String.join(", ", names) + " FROM " + table.quoted() + " WHERE _ROWID_ = ? FOR UPDATE";
    }

    private static String waiting(int timeoutMillis) {
        return switch (timeoutMillis) {
            case LOCK_TIMEOUT -> "";
            case SKIP_LOCKED -> " SKIP LOCKED";
            case 0 -> " NOWAIT";
            default -> " WAIT " + BigDecimal.valueOf(timeoutMillis, 3).toPlainString();
        };
    }

    @Override
    public void close() {
        commands.values().forEach(CommandInterface::close);
    }
}
