package io.synod.engine.faults;

import io.synod.history.AppendChecker;
import io.synod.history.Level;
import io.synod.history.Level.Isolation;
import io.synod.history.Transaction;
import io.synod.history.Transaction.Action;
import io.synod.history.Transaction.Append;
import io.synod.history.Transaction.Outcome;
import io.synod.history.Transaction.Read;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Transactions that read lists and append values to them, each value once; a list is a text in one row. Few lists are in use at a
 * time, so that transactions meet, and each for a while, so that texts stay short.
 */
final class ListAppends extends Workload {
    private static final int KEYS = 20_000;
    private static final int KEYS_IN_USE = 5;
    private static final int APPENDS_PER_KEY = 40;
    private static final int ACTIONS_MAX = 4;
    private static final int READ_ONLY_ONE_IN = 5;
    private static final int FAILING_ONE_IN = 20;

    private final String table;
    private final int isolation;
    private final Level level;
    private final Queue<Transaction> history = new ConcurrentLinkedQueue<>();
    private final AtomicInteger ids = new AtomicInteger();
    private final AtomicLong values = new AtomicLong();

    /** @param isolation of {@link Connection}; what is checked is what docs/guarantees.md promises of it, in real time */
    ListAppends(String table, int isolation) {
        this.table = table;
        this.isolation = isolation;
        // H2's SERIALIZABLE is snapshot isolation.
        this.level =
                isolation == Connection.TRANSACTION_SERIALIZABLE ? Level.STRICT_SNAPSHOT : Level.STRICT_READ_COMMITTED;
    }

    @Override
    List<String> tables() {
        return List.of(
                "CREATE TABLE " + table + "(k INT PRIMARY KEY, list VARCHAR NOT NULL)",
                "INSERT INTO " + table + " SELECT x, '' FROM SYSTEM_RANGE(0, " + (KEYS - 1) + ")");
    }

    @Override
    void prepare(Connection c) throws SQLException {
        c.setTransactionIsolation(isolation);
        super.prepare(c);
    }

    @Override
    void transaction(Client client) {
        List<Action> actions = new ArrayList<>();
        boolean committing = false;
        long began = System.nanoTime();
        Outcome outcome;
        try {
            boolean readOnly = client.random.nextInt(READ_ONLY_ONE_IN) == 0;
            Connection c = client.connection(readOnly);
            for (int n = 1 + client.random.nextInt(ACTIONS_MAX); n > 0; n--) {
                if (client.random.nextInt(FAILING_ONE_IN) == 0) {
                    failing(client, c, readOnly);
                }
                act(client, c, readOnly, actions);
            }
            switch (client.random.nextInt(40)) {
                case 0 -> {
                    c.rollback();
                    outcome = Outcome.ABORTED;
                }
                case 1 -> {
                    client.close();
                    outcome = Outcome.ABORTED;
                }
                default -> {
                    committing = true;
                    c.commit();
                    outcome = Outcome.COMMITTED;
                }
            }
        } catch (SQLException e) {
            outcome = client.failed(e, committing);
        }
        record(client.id, outcome, began, actions);
        if (outcome == Outcome.COMMITTED) {
            client.acknowledged(actions.stream().anyMatch(Append.class::isInstance));
        }
    }

    /** A read or an append. Of one whose time is over nothing stays, and in half of these cases the transaction goes on without it. */
    private void act(Client client, Connection c, boolean readOnly, List<Action> actions) throws SQLException {
        int key = key(client);
        try {
            if (readOnly || client.random.nextBoolean()) {
                actions.add(read(c, key));
            } else {
                Append append = new Append(String.valueOf(key), values.incrementAndGet());
                actions.add(append);
                try {
                    append(c, key, append.value());
                } catch (SQLException e) {
                    if (Workload.TIMED_OUT.equals(e.getSQLState())) {
                        actions.remove(append);
                    }
                    throw e;
                }
            }
        } catch (SQLException e) {
            if (!Workload.TIMED_OUT.equals(e.getSQLState()) || client.random.nextBoolean()) {
                throw e;
            }
            client.timedOut();
        }
    }

    /** A read that fails, a row that is there already, or a change that has changed rows before it fails. */
    private void failing(Client client, Connection c, boolean readOnly) throws SQLException {
        int key = key(client);
        switch (readOnly ? 0 : client.random.nextInt(3)) {
            case 0 -> client.fail(c, "22012", "SELECT 1 / (k - k), list FROM " + table + " WHERE k = " + key);
            case 1 -> client.fail(c, "23505", "INSERT INTO " + table + " VALUES (" + key + ", '-1 ')");
            default ->
                client.fail(
                        c,
                        "22012",
                        "UPDATE " + table + " SET list = list || '-1 ' || 1 / (" + key + " - k) WHERE k BETWEEN "
                                + (key - 1) + " AND " + key);
        }
    }

    private void record(int process, Outcome outcome, long began, List<Action> actions) {
        if (!actions.isEmpty()) {
            history.add(new Transaction(ids.incrementAndGet(), process, outcome, began, System.nanoTime(), actions));
        }
    }

    private int key(Client client) {
        long used = values.get() / (KEYS_IN_USE * APPENDS_PER_KEY) * KEYS_IN_USE;
        return (int) Math.min(used, KEYS - KEYS_IN_USE) + client.random.nextInt(KEYS_IN_USE);
    }

    private Read read(Connection c, int key) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("SELECT list FROM " + table + " WHERE k = ?")) {
            s.setInt(1, key);
            try (ResultSet rows = s.executeQuery()) {
                if (!rows.next()) {
                    throw new AssertionError("no row " + key + " in " + table);
                }
                return read(key, rows.getString(1));
            }
        }
    }

    private static Read read(int key, String list) {
        return new Read(
                String.valueOf(key),
                Stream.of(list.split(" "))
                        .filter(value -> !value.isEmpty())
                        .map(Long::valueOf)
                        .toList());
    }

    private void append(Connection c, int key, long value) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("UPDATE " + table + " SET list = list || ? WHERE k = ?")) {
            s.setString(1, value + " ");
            s.setInt(2, key);
            if (s.executeUpdate() != 1) {
                throw new AssertionError("no row " + key + " in " + table + " to append to");
            }
        }
    }

    /**
     * With a last read of each list. READ_COMMITTED in general does not forbid a read that misses what was acknowledged or shown
     * before, of the last ones it is told.
     */
    @Override
    List<String> judge(Connection c) throws SQLException {
        List<Transaction> all = new ArrayList<>(history);
        long began = System.nanoTime();
        List<Action> last = new ArrayList<>();
        try (PreparedStatement s = c.prepareStatement("SELECT k, list FROM " + table + " WHERE k < ?")) {
            s.setLong(1, values.get() / APPENDS_PER_KEY + KEYS_IN_USE);
            try (ResultSet rows = s.executeQuery()) {
                while (rows.next()) {
                    last.add(read(rows.getInt(1), rows.getString(2)));
                }
            }
        }
        all.add(new Transaction(0, -1, Outcome.COMMITTED, began, System.nanoTime(), last));
        List<String> faults = missed(last);
        AppendChecker.check(all, level).forEach(anomaly -> faults.add(this + ": " + anomaly));
        return faults;
    }

    private List<String> missed(List<Action> last) {
        Map<String, Set<Long>> expected = new HashMap<>();
        for (Transaction transaction : history) {
            if (transaction.outcome() == Outcome.COMMITTED) {
                for (Action action : transaction.actions()) {
                    Set<Long> values = expected.computeIfAbsent(action.key(), key -> new TreeSet<>());
                    if (action instanceof Append append) {
                        values.add(append.value());
                    } else if (action instanceof Read read) {
                        values.addAll(read.values());
                    }
                }
            }
        }
        List<String> faults = new ArrayList<>();
        for (Action action : last) {
            Set<Long> missing = expected.getOrDefault(action.key(), new TreeSet<>());
            ((Read) action).values().forEach(missing::remove);
            if (!missing.isEmpty()) {
                faults.add(this + ": " + missing + " were acknowledged or read before a last " + action);
            }
        }
        return faults;
    }

    @Override
    public String toString() {
        String name = level.isolation() == Isolation.SNAPSHOT ? "SERIALIZABLE" : "READ COMMITTED";
        return "list-append at " + name;
    }
}
