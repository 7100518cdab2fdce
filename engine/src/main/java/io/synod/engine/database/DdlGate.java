package io.synod.engine.database;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.h2.engine.SessionLocal;
import org.h2.engine.SynodEngineBridge;
import org.h2.message.DbException;
import org.h2.table.Table;

/**
 * Keeps every other transaction off the tables that a logged statement touches, from before it is logged until it has been
 * executed at its place. It takes H2's own exclusive table locks, so that writers wait at the same place as ever, and
 * transactions on other tables notice nothing.
 *
 * <p>DDL commits by itself several times, and H2 gives all locks of a session back at each commit. The locks are
 * therefore taken off the session's list: H2 finds them held by the session whenever it asks, and never gives them back.
 * All methods under the session's lock.
 */
final class DdlGate {
    private final SessionLocal session;
    private final List<Table> held = new ArrayList<>();

    DdlGate(SessionLocal session) {
        this.session = session;
    }

    /**
     * @param branches which may hold a table, for as long as nobody decides: the error names the branch
     * @throws DbException HYT00 or 40001; what was taken is given back by {@link #open}
     */
    void close(Collection<Table> tables, PreparedBranches branches) {
        List<Table> ordered = new ArrayList<>(tables);
        // One order for all, so that two gates cannot wait for each other.
        ordered.sort(Comparator.comparingInt(Table::getId));
        for (Table table : ordered) {
            try {
                table.lock(session, Table.EXCLUSIVE_LOCK);
            } catch (DbException e) {
                throw branches.explained(e, table);
            }
            SynodEngineBridge.detachLock(session, table);
            held.add(table);
        }
    }

    void open() {
        for (Table table : held) {
            table.unlock(session);
        }
        held.clear();
    }
}
