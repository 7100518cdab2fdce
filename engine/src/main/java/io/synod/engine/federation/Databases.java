package io.synod.engine.federation;

import java.util.Collection;
import org.h2.message.DbException;
import org.h2.table.Table;

/** The databases that one session can reach. Not thread-safe: it belongs to that session. */
public interface Databases {
    /** @return the database of the connection itself: names of one or two parts mean its tables */
    Branch own();

    /**
     * Opens a branch when it is asked for the first time.
     *
     * @param name upper case, unless it was quoted
     * @return {@code null} if there is no database of this name
     */
    Branch find(String name);

    /**
     * The same databases for one query, all as of one moment.
     *
     * @param names of those that it reads, two or more
     */
    default Databases asOfOneMoment(Collection<String> names) {
        return this;
    }

    /** @return the connection's own database as its session sees it, with the tables that this one has for itself */
    default Branch session() {
        return own();
    }

    /**
     * Its session as it is, whatever moment is read.
     *
     * @param name of one that there is
     */
    default Branch live(String name) {
        return name.equals(own().database()) ? session() : find(name);
    }

    /**
     * A table that the connection's session has for itself.
     *
     * @return {@code null} if there is none of this name
     */
    default Table temporary(String name) {
        return own().catalogue().findLocalTempTable(name);
    }

    /**
     * A text was not understood: where what it names may have been created through another node a moment ago, waits until it is here.
     *
     * @param failure what was said of the text
     * @return whether it is worth looking at the text again
     * @throws DbException what it names cannot be known here in time
     */
    default boolean catchUp(String sql, DbException failure) {
        return false;
    }

    /** @return names of all databases, {@link #own()} included, for messages */
    Collection<String> names();
}
