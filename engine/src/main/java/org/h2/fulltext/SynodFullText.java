package org.h2.fulltext;

import java.sql.Connection;
import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.function.Supplier;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;
import org.h2.util.JdbcUtils;
import org.h2.util.Utils;

/**
 * Puts {@link SynodFullTextFunctions} and {@link SynodFullTextTrigger} in the place of H2's classes of the native full-text
 * search in databases that are replicated. The catalogue goes on to name H2's classes, so that scripts, files and metadata are
 * those of H2.
 *
 * <p>H2's own keep the known words, what is ignored and the columns of each index in the memory of the process, one map for all
 * databases of a path: a member that only applies rows never hears of a new word, a transaction that is rolled back leaves words
 * behind that nobody has committed, and members in one process share them. Ours ask the tables each time. Other databases of the
 * process get H2's. Thread-safe.
 */
public final class SynodFullText {
    private static final String FUNCTIONS = FullText.class.getName();
    private static final String TRIGGER = FullText.FullTextTrigger.class.getName();

    private static final ThreadLocal<String> OPENING = new ThreadLocal<>();
    private static final Set<Database> REPLICATED =
            Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    static {
        JdbcUtils.addClassFactory(new Utils.ClassFactory() {
            @Override
            public boolean match(String name) {
                return name.equals(FUNCTIONS) || name.equals(TRIGGER);
            }

            @Override
            public Class<?> loadClass(String name) {
                return name.equals(FUNCTIONS) ? SynodFullTextFunctions.class : SynodFullTextTrigger.class;
            }
        });
    }

    private SynodFullText() {}

    /**
     * Opens a database that is replicated: its triggers are made meanwhile.
     *
     * @param name the database's; a linked table may open another one meanwhile
     */
    public static Database open(String name, Supplier<Database> opening) {
        OPENING.set(name);
        try {
            Database database = opening.get();
            REPLICATED.add(database);
            return database;
        } finally {
            OPENING.remove();
        }
    }

    /** Whether the connection that H2 gives to a function or trigger belongs to a replicated database. */
    static boolean isReplicated(Connection connection) {
        Database database = session(connection).getDatabase();
        return database.getName().equals(OPENING.get()) || REPLICATED.contains(database);
    }

    static SessionLocal session(Connection connection) {
        return (SessionLocal) ((JdbcConnection) connection).getSession();
    }
}
