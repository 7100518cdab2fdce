package io.synod.engine.database;

import io.synod.engine.writeset.TableRegistry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.h2.engine.Database;
import org.h2.engine.Mode;
import org.h2.engine.SessionLocal;
import org.h2.mode.DefaultNullOrdering;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.tx.TransactionMap;
import org.h2.mvstore.type.StringDataType;
import org.h2.value.VersionedValue;

/**
 * What H2 forgets when a database is closed: settings that it does not store, tables that are GLOBAL TEMPORARY, rows that are
 * NOT PERSISTENT. A node that is restarted must not forget it while the others remember, so it is kept in the map {@code
 * synod.transient} of the same store as the rows, and put back when the database is opened. Only a database of one node is
 * ever closed as a whole: there it is forgotten as H2 forgets it, by statements in the log.
 *
 * <p>Changes come from the holder of the apply baton.
 */
public final class Transients {
    /** What a logged statement begins with that creates a table which is gone when the database is closed. */
    public static final String DROPPED = "/*SYNOD:DROPPED*/ ";
    /** The same of a table that is empty then. */
    public static final String EMPTIED = "/*SYNOD:EMPTIED*/ ";

    private static final String MAP = "synod.transient";
    private static final String TABLE = "TABLE ";
    private static final String MODE = "MODE";
    private static final String REFERENTIAL_INTEGRITY = "REFERENTIAL_INTEGRITY";
    private static final String NULL_ORDERING = "DEFAULT_NULL_ORDERING";
    private static final String ALIAS_OVERRIDE = "BUILTIN_ALIAS_OVERRIDE";

    private final Database database;
    private final MVMap<String, VersionedValue<String>> map;

    private Transients(Database database, MVMap<String, VersionedValue<String>> map) {
        this.database = database;
        this.map = map;
    }

    /** The numbers of tables are given anew; the rest stays. */
    static void forgetTables(SessionLocal session) {
        TransactionMap<String, String> stored =
                session.getTransaction().openMap(MAP, StringDataType.INSTANCE, StringDataType.INSTANCE);
        for (String key : List.copyOf(stored.keySet())) {
            if (key.startsWith(TABLE)) {
                stored.remove(key);
            }
        }
    }

    /** Reads what is remembered of an open database, and puts its settings back. */
    static Transients load(SessionLocal session) {
        Database database = session.getDatabase();
        TransactionMap<String, String> stored =
                session.getTransaction().openMap(MAP, StringDataType.INSTANCE, StringDataType.INSTANCE);
        for (Map.Entry<String, String> setting : stored.entrySet()) {
            restore(database, setting.getKey(), setting.getValue());
        }
        return new Transients(database, stored.map);
    }

    private static void restore(Database database, String name, String value) {
        switch (name) {
            case MODE -> database.setMode(Mode.getInstance(value));
            case REFERENTIAL_INTEGRITY -> database.setReferentialIntegrity(Boolean.parseBoolean(value));
            case NULL_ORDERING -> database.setDefaultNullOrdering(DefaultNullOrdering.valueOf(value));
            case ALIAS_OVERRIDE -> database.setAllowBuiltinAliasOverride(Boolean.parseBoolean(value));
            default -> {
                // A table: it is in the catalogue like any other.
            }
        }
    }

    /**
     * A statement has been executed.
     *
     * @param created numbers of the tables that it has created
     */
    void onStatement(SessionLocal session, String sql, Collection<Integer> created) {
        TransactionMap<String, String> stored = session.getTransaction().openMapX(map);
        remember(stored, MODE, database.getMode().getName(), "REGULAR");
        remember(stored, REFERENTIAL_INTEGRITY, String.valueOf(database.getReferentialIntegrity()), "true");
        remember(stored, NULL_ORDERING, database.getDefaultNullOrdering().name(), "LOW");
        remember(stored, ALIAS_OVERRIDE, String.valueOf(database.isAllowBuiltinAliasOverride()), "false");
        if (sql.startsWith(DROPPED) || sql.startsWith(EMPTIED)) {
            for (int number : created) {
                stored.put(TABLE + number, sql.startsWith(DROPPED) ? DROPPED : EMPTIED);
            }
        }
    }

    private static void remember(TransactionMap<String, String> stored, String name, String value, String standard) {
        String known = stored.get(name);
        if (!value.equals(known == null ? standard : known)) {
            stored.put(name, value);
        }
    }

    /** The statements that forget it all, in the order in which they are to be logged. */
    List<String> forgetting(SessionLocal session, TableRegistry tables) {
        TransactionMap<String, String> stored = session.getTransaction().openMapX(map);
        List<String> statements = new ArrayList<>();
        for (Map.Entry<String, String> each : stored.entrySet()) {
            String name = each.getKey();
            switch (name) {
                case MODE -> forget(statements, each, "REGULAR");
                case REFERENTIAL_INTEGRITY -> forget(statements, each, "true");
                case NULL_ORDERING -> forget(statements, each, "LOW");
                case ALIAS_OVERRIDE -> forget(statements, each, "false");
                default -> {
                    String table = tables.sql(Integer.parseInt(name.substring(TABLE.length())));
                    if (table != null) {
                        statements.add(
                                each.getValue().equals(DROPPED)
                                        ? "DROP TABLE " + table + " CASCADE"
                                        : "TRUNCATE TABLE " + table);
                    }
                }
            }
        }
        return statements;
    }

    private static void forget(List<String> statements, Map.Entry<String, String> setting, String standard) {
        if (!setting.getValue().equals(standard)) {
            statements.add("SET " + setting.getKey() + " " + standard.toUpperCase(java.util.Locale.ENGLISH));
        }
    }
}
