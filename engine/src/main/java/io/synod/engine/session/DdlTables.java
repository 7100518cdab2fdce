package io.synod.engine.session;

import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.h2.command.CommandInterface;
import org.h2.constraint.Constraint;
import org.h2.engine.Database;
import org.h2.engine.DbObject;
import org.h2.index.Index;
import org.h2.mvstore.db.MVTable;
import org.h2.schema.Schema;
import org.h2.schema.TriggerObject;
import org.h2.table.Table;
import org.h2.table.TableSynonym;

/**
 * The tables that nobody may hold while a logged statement runs: those it names, by themselves or by a synonym, index,
 * constraint, trigger or view of theirs, and those that refer to them. Names are looked up in all schemas: a table too many costs a wait, one
 * too few could make a member differ. Where the statement does not tell, it is all tables.
 */
final class DdlTables {
    /** Statements that touch what they name and nothing else. */
    private static final Set<Integer> NAMING = Set.of(
            CommandInterface.CREATE_TABLE,
            CommandInterface.DROP_TABLE,
            CommandInterface.TRUNCATE_TABLE,
            CommandInterface.CREATE_INDEX,
            CommandInterface.DROP_INDEX,
            CommandInterface.ALTER_INDEX_RENAME,
            CommandInterface.CREATE_VIEW,
            CommandInterface.ALTER_VIEW,
            CommandInterface.DROP_VIEW,
            CommandInterface.CREATE_TRIGGER,
            CommandInterface.DROP_TRIGGER,
            CommandInterface.CREATE_SEQUENCE,
            CommandInterface.ALTER_SEQUENCE,
            CommandInterface.DROP_SEQUENCE,
            CommandInterface.CREATE_SYNONYM,
            CommandInterface.DROP_SYNONYM,
            CommandInterface.ALTER_TABLE_ADD_CONSTRAINT_CHECK,
            CommandInterface.ALTER_TABLE_ADD_CONSTRAINT_UNIQUE,
            CommandInterface.ALTER_TABLE_ADD_CONSTRAINT_REFERENTIAL,
            CommandInterface.ALTER_TABLE_ADD_CONSTRAINT_PRIMARY_KEY,
            CommandInterface.ALTER_TABLE_ADD_COLUMN,
            CommandInterface.ALTER_TABLE_ALTER_COLUMN_NOT_NULL,
            CommandInterface.ALTER_TABLE_ALTER_COLUMN_DROP_NOT_NULL,
            CommandInterface.ALTER_TABLE_ALTER_COLUMN_DEFAULT,
            CommandInterface.ALTER_TABLE_ALTER_COLUMN_CHANGE_TYPE,
            CommandInterface.ALTER_TABLE_DROP_COLUMN,
            CommandInterface.ALTER_TABLE_ALTER_COLUMN_SELECTIVITY,
            CommandInterface.ALTER_TABLE_DROP_CONSTRAINT,
            CommandInterface.ALTER_TABLE_RENAME,
            CommandInterface.ALTER_TABLE_ALTER_COLUMN_RENAME,
            CommandInterface.ALTER_TABLE_SET_REFERENTIAL_INTEGRITY,
            CommandInterface.ALTER_TABLE_RENAME_CONSTRAINT,
            CommandInterface.ALTER_TABLE_ALTER_COLUMN_VISIBILITY,
            CommandInterface.ALTER_TABLE_ALTER_COLUMN_ON_UPDATE,
            CommandInterface.ALTER_TABLE_ALTER_COLUMN_DROP_EXPRESSION,
            CommandInterface.ALTER_TABLE_ALTER_COLUMN_DROP_IDENTITY,
            CommandInterface.ALTER_TABLE_ALTER_COLUMN_DEFAULT_ON_NULL,
            CommandInterface.COMMENT);

    /** Statements that no transaction's rows depend on. */
    private static final Set<Integer> NO_TABLES = Set.of(
            CommandInterface.CREATE_SCHEMA,
            CommandInterface.CREATE_USER,
            CommandInterface.CREATE_ROLE,
            CommandInterface.CREATE_DOMAIN,
            CommandInterface.CREATE_ALIAS,
            CommandInterface.CREATE_AGGREGATE,
            CommandInterface.CREATE_CONSTANT,
            CommandInterface.ALTER_USER_ADMIN,
            CommandInterface.ALTER_USER_RENAME,
            CommandInterface.ALTER_USER_SET_PASSWORD,
            CommandInterface.DROP_USER,
            CommandInterface.DROP_ROLE,
            CommandInterface.GRANT,
            CommandInterface.REVOKE,
            CommandInterface.SET,
            CommandInterface.ANALYZE);

    private DdlTables() {}

    static Collection<Table> touched(Database database, int commandType, List<Token> tokens) {
        if (NO_TABLES.contains(commandType)) {
            return List.of();
        }
        Set<Table> all = new LinkedHashSet<>();
        for (Table table : database.getAllTablesAndViews()) {
            if (table instanceof MVTable) {
                all.add(table);
            }
        }
        if (!NAMING.contains(commandType)) {
            return all;
        }
        Set<String> names = new HashSet<>();
        for (Token token : tokens) {
            if (token.kind() == Kind.WORD || token.kind() == Kind.QUOTED) {
                names.add(fold(token.text()));
            }
        }
        Set<Table> touched = new LinkedHashSet<>();
        for (Schema schema : database.getAllSchemasNoMeta()) {
            for (Table table : schema.getAllTablesAndViews(null)) {
                if (names.contains(fold(table.getName()))) {
                    add(touched, table);
                }
            }
            for (TableSynonym synonym : schema.getAllSynonyms()) {
                if (names.contains(fold(synonym.getName())) && synonym.getSynonymFor() != null) {
                    add(touched, synonym.getSynonymFor());
                }
            }
            for (Index index : schema.getAllIndexes()) {
                if (names.contains(fold(index.getName()))) {
                    add(touched, index.getTable());
                }
            }
            for (Constraint constraint : schema.getAllConstraints()) {
                if (names.contains(fold(constraint.getName()))) {
                    add(touched, constraint.getTable());
                }
            }
            for (TriggerObject trigger : schema.getAllTriggers()) {
                if (names.contains(fold(trigger.getName()))) {
                    add(touched, trigger.getTable());
                }
            }
        }
        touched.retainAll(all);
        return touched;
    }

    /** H2 may be told to find names in either case. */
    private static String fold(String name) {
        return name.toUpperCase(Locale.ROOT);
    }

    /** The table and its neighbours by foreign keys, in both directions; for a view, what it selects from. */
    private static void add(Set<Table> touched, Table table) {
        if (!touched.add(table)) {
            return;
        }
        if (table.getConstraints() != null) {
            for (Constraint constraint : table.getConstraints()) {
                touched.add(constraint.getTable());
                if (constraint.getRefTable() != null) {
                    touched.add(constraint.getRefTable());
                }
            }
        }
        if (!(table instanceof MVTable)) {
            HashSet<DbObject> below = new HashSet<>();
            table.addDependencies(below);
            for (DbObject object : below) {
                if (object instanceof MVTable beneath) {
                    touched.add(beneath);
                }
            }
        }
    }
}
