package io.synod.engine.writeset;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.h2.constraint.Constraint;
import org.h2.constraint.ConstraintCheck;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.index.Index;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.db.MVTable;
import org.h2.mvstore.tx.TransactionMap;
import org.h2.mvstore.type.LongDataType;
import org.h2.mvstore.type.StringDataType;
import org.h2.result.RowFactory;
import org.h2.schema.Schema;
import org.h2.table.Column;
import org.h2.table.IndexColumn;
import org.h2.table.Table;
import org.h2.util.HasSQL;
import org.h2.value.TypeInfo;
import org.h2.value.Value;
import org.h2.value.VersionedValue;

/**
 * The replicated tables of a database: number, name and schema version of each, equal on every member, because they are
 * given out when DDL is applied and H2's own ids are not. Kept in the map {@code synod.tables} of the same store as the
 * rows.
 *
 * <p>Reads are thread-safe and see the state after one DDL or the next; changes come from the thread that applies the log.
 */
public final class TableRegistry {
    private static final String MAP = "synod.tables";
    /** Key of the next number; tables count from 1. */
    private static final long NEXT = 0;

    /** @param version index of the DDL that last changed the table */
    record TableEntry(int number, long version, String name, MVTable table, String definition) {}

    private record View(Map<MVTable, TableEntry> byTable, Map<Integer, TableEntry> byNumber, int next) {}

    private final MVMap<Long, VersionedValue<String>> map;
    private volatile View view;

    private TableRegistry(MVMap<Long, VersionedValue<String>> map) {
        this.map = map;
    }

    /** Reads the registry of an open database; empty for a new one. */
    public static TableRegistry load(SessionLocal session) {
        TransactionMap<Long, String> stored =
                session.getTransaction().openMap(MAP, LongDataType.INSTANCE, StringDataType.INSTANCE);
        TableRegistry registry = new TableRegistry(stored.map);
        Map<String, MVTable> present = new HashMap<>();
        for (MVTable table : replicatedTables(session.getDatabase(), session)) {
            orderIndexes(table);
            present.put(name(table), table);
        }
        List<TableEntry> entries = new ArrayList<>();
        int next = 1;
        for (Map.Entry<Long, String> e : stored.entrySet()) {
            if (e.getKey() == NEXT) {
                next = Integer.parseInt(e.getValue());
                continue;
            }
            int space = e.getValue().indexOf(' ');
            String name = e.getValue().substring(space + 1);
            MVTable table = present.get(name);
            if (table == null) {
                throw new IllegalStateException("table " + name + " has number " + e.getKey()
                        + " in the log's state, but the catalogue does not have it: rebuild this member's database");
            }
            entries.add(new TableEntry(
                    e.getKey().intValue(),
                    Long.parseLong(e.getValue().substring(0, space)),
                    name,
                    table,
                    definition(table)));
        }
        registry.view = view(entries, next);
        return registry;
    }

    /** Empties what an open database holds of a registry, before {@link #load}. */
    public static void forget(SessionLocal session) {
        session.getTransaction()
                .openMap(MAP, LongDataType.INSTANCE, StringDataType.INSTANCE)
                .clear();
    }

    /**
     * A DDL statement has been executed: gives numbers to new tables (in the order of schema and name), drops those that
     * are gone, and sets the version of those whose columns, indexes or constraints changed, or that H2 has built anew, to
     * the index. Writes into the session's transaction, the caller commits it together with the applied index.
     *
     * @param touched names ({@code SCHEMA.TABLE}, as in the catalogue) of tables whose rows the statement changed without
     *     changing their definition, such as TRUNCATE; must be the same on every member
     * @return the numbers of new tables
     */
    public List<Integer> onDdlApplied(SessionLocal session, long index, Collection<String> touched) {
        TransactionMap<Long, String> stored = session.getTransaction().openMapX(map);
        View old = view;
        Map<String, TableEntry> oldByName = new HashMap<>();
        old.byNumber.values().forEach(e -> oldByName.put(e.name, e));
        List<TableEntry> entries = new ArrayList<>();
        List<MVTable> strangers = new ArrayList<>();
        for (MVTable table : replicatedTables(session.getDatabase(), session)) {
            // A renamed table keeps its number, a rebuilt one has its name.
            knowNewValues(table);
            orderIndexes(table);
            TableEntry known = old.byTable.get(table);
            known = known != null ? known : oldByName.get(name(table));
            if (known == null || !oldByName.remove(known.name, known)) {
                strangers.add(table);
                continue;
            }
            String name = name(table);
            String definition = definition(table);
            boolean same = known.table == table
                    && known.name.equals(name)
                    && known.definition.equals(definition)
                    && !touched.contains(name);
            entries.add(same ? known : new TableEntry(known.number, index, name, table, definition));
        }
        int next = old.next;
        List<Integer> created = new ArrayList<>();
        for (MVTable table : strangers) {
            created.add(next);
            entries.add(new TableEntry(next++, index, name(table), table, definition(table)));
        }
        for (TableEntry gone : oldByName.values()) {
            stored.remove((long) gone.number);
        }
        for (TableEntry entry : entries) {
            if (old.byNumber.get(entry.number) != entry) {
                stored.put((long) entry.number, entry.version + " " + entry.name);
            }
        }
        if (next != old.next) {
            stored.put(NEXT, Integer.toString(next));
        }
        view = view(entries, next);
        return created;
    }

    /** The table's name for a statement; {@code null} when it is gone. */
    public String sql(int number) {
        TableEntry entry = view.byNumber.get(number);
        return entry == null ? null : entry.table.getSQL(HasSQL.DEFAULT_SQL_FLAGS);
    }

    /** The statements that drop all tables and columns whose names begin so. */
    public List<String> drops(String prefix) {
        List<String> statements = new ArrayList<>();
        for (TableEntry entry : view.byNumber.values()) {
            String name = entry.table.getName();
            if (name == null) {
                // It is being dropped: H2 takes its name before the registry hears of it.
                continue;
            }
            String table = entry.table.getSQL(HasSQL.DEFAULT_SQL_FLAGS);
            if (name.startsWith(prefix)) {
                statements.add("DROP TABLE IF EXISTS " + table);
                continue;
            }
            for (Column column : entry.table.getColumns()) {
                if (column.getName().startsWith(prefix)) {
                    statements.add("ALTER TABLE IF EXISTS " + table + " DROP COLUMN IF EXISTS "
                            + column.getSQL(HasSQL.DEFAULT_SQL_FLAGS));
                }
            }
        }
        return statements;
    }

    /** Schema version of a table ({@code SCHEMA.TABLE}); −1 for one that is not replicated. */
    public long version(String name) {
        for (TableEntry entry : view.byNumber.values()) {
            if (entry.name.equals(name)) {
                return entry.version;
            }
        }
        return -1;
    }

    TableEntry find(MVTable table) {
        return view.byTable.get(table);
    }

    TableEntry find(int number) {
        return view.byNumber.get(number);
    }

    /** Whether its rows go through the log. */
    public static boolean isReplicated(Table table) {
        return table instanceof MVTable && !table.isTemporary() && table.getId() > 0;
    }

    static String name(Table table) {
        return table.getSchema().getName() + '.' + table.getName();
    }

    /** In the order of schema and name, the same on every member. */
    static List<MVTable> replicatedTables(Database database, SessionLocal session) {
        List<MVTable> tables = new ArrayList<>();
        for (Schema schema : database.getAllSchemasNoMeta()) {
            for (Table table : schema.getAllTablesAndViews(session)) {
                if (isReplicated(table)) {
                    tables.add((MVTable) table);
                }
            }
        }
        tables.sort(Comparator.comparing((MVTable table) -> table.getSchema().getName())
                .thenComparing(Table::getName));
        return tables;
    }

    /**
     * ALTER TABLE copies the rows in the order of an index that has all columns, and gives them new keys and numbers. Of several
     * H2 takes the first, which is the oldest, and after a restart another one: here it is the same on every member. Nobody
     * writes to a table whose order changes, the statement that has just been applied keeps it locked.
     */
    private static void orderIndexes(MVTable table) {
        List<Index> indexes = table.getIndexes();
        List<Integer> places = new ArrayList<>();
        List<Index> covering = new ArrayList<>();
        for (int i = 1; i < indexes.size(); i++) {
            Index index = indexes.get(i);
            if (List.of(index.getColumns()).containsAll(List.of(table.getColumns()))) {
                places.add(i);
                covering.add(index);
            }
        }
        if (covering.size() > 1) {
            covering.sort(Comparator.comparing(index -> IndexColumn.writeColumns(
                            new StringBuilder(), index.getIndexColumns(), HasSQL.DEFAULT_SQL_FLAGS)
                    .toString()));
            for (int i = 0; i < places.size(); i++) {
                indexes.set(places.get(i), covering.get(i));
            }
        }
    }

    /**
     * H2 goes on to read the stored rows of a table with the values that an enumeration had before {@code ALTER TYPE … ADD
     * VALUE}, until the database is opened again; a row with the new value cannot be read then.
     */
    private static void knowNewValues(MVTable table) {
        Column[] columns = table.getColumns();
        knowNewValues(columns, table.getRowFactory());
        for (Index index : table.getIndexes()) {
            knowNewValues(columns, index.getRowFactory());
            knowNewValues(columns, index.getUniqueRowFactory());
        }
    }

    private static void knowNewValues(Column[] columns, RowFactory rows) {
        TypeInfo[] types = rows == null ? null : rows.getColumnTypes();
        for (int i = 0; types != null && i < types.length; i++) {
            if (types[i].getValueType() == Value.ENUM) {
                types[i] = columns[i].getType();
            }
        }
    }

    private static View view(List<TableEntry> entries, int next) {
        Map<MVTable, TableEntry> byTable = new IdentityHashMap<>();
        Map<Integer, TableEntry> byNumber = new HashMap<>();
        for (TableEntry entry : entries) {
            byTable.put(entry.table, entry);
            byNumber.put(entry.number, entry);
        }
        return new View(byTable, byNumber, next);
    }

    /**
     * All that a row image depends on, or that says whether a row may be there. Compared on one member only, before and
     * after a DDL: names that H2 makes up, which differ between members, are left out all the same.
     */
    private static String definition(MVTable table) {
        StringBuilder text = new StringBuilder();
        for (Column column : table.getColumns()) {
            text.append(column.getName()).append(' ');
            column.getType().getSQL(text, HasSQL.DEFAULT_SQL_FLAGS);
            text.append(column.isNullable() ? " null" : " not null").append(column.isPrimaryKey() ? " key," : ",");
        }
        text.append("row key ").append(table.getMainIndexColumn());
        List<String> rules = new ArrayList<>();
        for (Index index : table.getIndexes()) {
            StringBuilder rule = new StringBuilder(index.getIndexType().getSQL(true));
            if (index.getIndexColumns() != null) {
                for (IndexColumn column : index.getIndexColumns()) {
                    rule.append(' ').append(column.column == null ? "?" : column.column.getName());
                }
            }
            rules.add(rule.toString());
        }
        for (Constraint constraint : table.getConstraints()) {
            StringBuilder rule =
                    new StringBuilder(constraint.getConstraintType().name());
            rule.append(' ').append(name(constraint.getTable()));
            constraint.getReferencedColumns(table).stream()
                    .map(Column::getName)
                    .sorted()
                    .forEach(column -> rule.append(' ').append(column));
            if (constraint instanceof ConstraintCheck check) {
                rule.append(' ').append(check.getExpression().getSQL(HasSQL.DEFAULT_SQL_FLAGS));
            }
            rules.add(rule.toString());
        }
        rules.stream().sorted().forEach(rule -> text.append('\n').append(rule));
        return text.toString();
    }
}
