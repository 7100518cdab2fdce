package io.synod.engine.twin;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;

/** What the generator knows of the catalogue, and of who holds which table. */
final class Model {
    record Column(String name, Types type, boolean computed) {}

    static final class Table {
        final String name;
        final List<Column> columns = new ArrayList<>();
        /** Tables that refer to each other are held together. */
        final List<Table> neighbours = new ArrayList<>();

        /**
         * It has had a trigger: what that has written, and refused, stays on stock H2 where a query writes to the table and fails
         * (docs/differences.md, failed-query-that-writes).
         */
        boolean triggered;

        final Map<String, String> constraints = new LinkedHashMap<>();
        /** The session whose open transaction has written to it; {@code null} for none. */
        String holder;

        Table(String name) {
            this.name = name;
        }

        List<Column> written() {
            return columns.stream().filter(c -> !c.computed()).toList();
        }

        /** Whether a query that writes to it leaves nothing behind on stock H2 when it fails. A foreign key is looked at when the row is there. */
        boolean isWrittenByQueries() {
            return !triggered && neighbours.isEmpty();
        }

        Column column(Random random) {
            return columns.get(random.nextInt(columns.size()));
        }
    }

    final List<Table> tables = new ArrayList<>();
    final List<String> indexes = new ArrayList<>();
    final List<String> sequences = new ArrayList<>();
    final List<String> domains = new ArrayList<>();
    final List<String> triggers = new ArrayList<>();
    /** Those that {@link Rarities} has made. */
    final List<String> rareTriggers = new ArrayList<>();
    /** Triggers on views, with their view. */
    final Map<String, String> insteadOf = new LinkedHashMap<>();
    /** Session to its local temporary table. */
    final Map<String, String> temporary = new LinkedHashMap<>();
    /** Sessions that have had one. */
    final Set<String> pinned = new HashSet<>();
    /** Of transactions that have ended. */
    final List<String> oldSavepoints = new ArrayList<>();

    final Map<String, Table> views = new LinkedHashMap<>();
    /** Savepoints of the open transaction of each session that has one. */
    final Map<String, List<String>> open = new LinkedHashMap<>();

    Table find(String name) {
        return tables.stream().filter(t -> t.name.equals(name)).findFirst().orElse(null);
    }

    /** A table that the session may write to without waiting for another's transaction; {@code null} for none. */
    Table free(String session, Random random) {
        return any(random, t -> isFree(t, session));
    }

    Table any(Random random, Predicate<Table> which) {
        List<Table> found = tables.stream().filter(which).toList();
        return found.isEmpty() ? null : found.get(random.nextInt(found.size()));
    }

    private static boolean isFree(Table table, String session) {
        return (table.holder == null || table.holder.equals(session))
                && table.neighbours.stream().allMatch(n -> n.holder == null || n.holder.equals(session));
    }

    void hold(Table table, String session) {
        if (open.containsKey(session)) {
            table.holder = session;
        }
    }

    void ended(String session) {
        List<String> savepoints = open.remove(session);
        if (savepoints != null) {
            oldSavepoints.addAll(savepoints);
        }
        tables.stream().filter(t -> session.equals(t.holder)).forEach(t -> t.holder = null);
    }

    void drop(Table table) {
        tables.remove(table);
        tables.forEach(t -> t.neighbours.remove(table));
        views.values().removeIf(t -> t == table);
    }
}
