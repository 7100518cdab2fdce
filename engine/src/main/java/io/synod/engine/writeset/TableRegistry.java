package io.synod.engine.writeset;

import java.util.Collection;
import org.h2.engine.SessionLocal;

/**
 * The replicated tables of a database: number, name and schema version of each, equal on every member, because they are
 * given out when DDL is applied and H2's own ids are not. Kept in the map {@code synod.tables} of the same store as the
 * rows.
 *
 * <p>Reads are thread-safe and see the state after one DDL or the next; changes come from the thread that applies the log.
 */
public final class TableRegistry {
    /** Reads the registry of an open database; empty for a new one. */
    public static TableRegistry load(SessionLocal session) {
        throw new UnsupportedOperationException();
    }

    /**
     * A DDL statement has been executed: gives numbers to new tables (in the order of schema and name), drops those that
     * are gone, and sets the version of those whose columns, indexes or constraints changed, or that H2 has built anew, to
     * the index. Writes into the session's transaction, the caller commits it together with the applied index.
     *
     * @param touched names ({@code SCHEMA.TABLE}, as in the catalogue) of tables whose rows the statement changed without
     *     changing their definition, such as TRUNCATE; must be the same on every member
     */
    public void onDdlApplied(SessionLocal session, long index, Collection<String> touched) {
        throw new UnsupportedOperationException();
    }
}
