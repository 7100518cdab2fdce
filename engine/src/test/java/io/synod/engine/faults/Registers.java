package io.synod.engine.faults;

import io.synod.history.RegisterChecker;
import io.synod.history.RegisterOperation;
import io.synod.history.Transaction.Outcome;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/** Reads, writes and compare-and-sets of single rows under auto-commit: linearizable at READ=LINEARIZABLE. */
final class Registers extends Workload {
    private static final int KEYS = 10_000;
    private static final int KEYS_IN_USE = 3;
    /** The checker's work grows with what overlaps and with what is of unknown outcome: each register has its time. */
    private static final int OPERATIONS_PER_KEY = 300;

    private static final int FAILING_ONE_IN = 20;

    private final Queue<RegisterOperation> history = new ConcurrentLinkedQueue<>();
    private final AtomicLong operations = new AtomicLong();
    private final AtomicLong values = new AtomicLong();
    private final AtomicLongArray seen = new AtomicLongArray(KEYS);

    @Override
    List<String> tables() {
        return List.of(
                "CREATE TABLE register(k INT PRIMARY KEY, x BIGINT NOT NULL)",
                "INSERT INTO register SELECT x, 0 FROM SYSTEM_RANGE(0, " + (KEYS - 1) + ")");
    }

    @Override
    void prepare(Connection c) {
        // Under auto-commit.
    }

    @Override
    void transaction(Client client) {
        long used = operations.incrementAndGet() / (KEYS_IN_USE * OPERATIONS_PER_KEY) * KEYS_IN_USE;
        int key = (int) Math.min(used, KEYS - KEYS_IN_USE) + client.random.nextInt(KEYS_IN_USE);
        String name = "r" + key;
        int kind = client.random.nextInt(3);
        boolean readOnly = kind == 0 && client.random.nextBoolean();
        long expected = seen.get(key);
        long value = kind == 0 ? 0 : values.incrementAndGet();
        long invoked = System.nanoTime();
        boolean sent = false;
        try {
            Connection c = client.connection(readOnly);
            if (client.random.nextInt(FAILING_ONE_IN) == 0) {
                failing(client, c, key, readOnly);
            }
            // Connecting may have taken long, and nothing of this had happened.
            invoked = System.nanoTime();
            sent = true;
            switch (kind) {
                case 0 -> {
                    long read = read(c, key);
                    history.add(RegisterOperation.read(client.id, name, read, invoked, System.nanoTime()));
                    seen.set(key, read);
                }
                case 1 -> {
                    if (!update(c, "UPDATE register SET x = ? WHERE k = ?", value, key)) {
                        throw new AssertionError("register " + key + " was not written");
                    }
                    history.add(RegisterOperation.write(client.id, name, value, invoked, System.nanoTime()));
                    seen.set(key, value);
                }
                default -> {
                    boolean swapped =
                            update(c, "UPDATE register SET x = ? WHERE k = ? AND x = ?", value, key, expected);
                    long returned = System.nanoTime();
                    history.add(
                            swapped
                                    ? RegisterOperation.swap(client.id, name, expected, value, invoked, returned)
                                    : RegisterOperation.refusedSwap(client.id, name, expected, invoked, returned));
                    if (swapped) {
                        seen.set(key, value);
                    }
                }
            }
            client.acknowledged(kind == 1);
        } catch (SQLException e) {
            if (client.failed(e, sent && kind != 0) == Outcome.UNKNOWN) {
                long never = RegisterOperation.NEVER;
                history.add(
                        kind == 1
                                ? RegisterOperation.write(client.id, name, value, invoked, never)
                                : RegisterOperation.swap(client.id, name, expected, value, invoked, never));
            }
        }
    }

    /** Under auto-commit: a transaction of its own, which does nothing. */
    private static void failing(Client client, Connection c, int key, boolean readOnly) throws SQLException {
        if (readOnly) {
            client.fail(c, "22012", "SELECT 1 / (k - k), x FROM register WHERE k = " + key);
        } else {
            client.fail(c, "23505", "INSERT INTO register VALUES (" + key + ", -1)");
        }
    }

    private static long read(Connection c, int key) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("SELECT x FROM register WHERE k = ?")) {
            s.setInt(1, key);
            try (ResultSet rows = s.executeQuery()) {
                if (!rows.next()) {
                    throw new AssertionError("no register " + key);
                }
                return rows.getLong(1);
            }
        }
    }

    private static boolean update(Connection c, String sql, long... parameters) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                s.setLong(i + 1, parameters[i]);
            }
            int count = s.executeUpdate();
            // The answer was lost, and the commit was found: only what changes a row has one.
            return count == 1 || count == Statement.SUCCESS_NO_INFO;
        }
    }

    @Override
    List<String> judge(Connection c) throws SQLException {
        List<RegisterOperation> all = new ArrayList<>(history);
        long used = operations.get() / OPERATIONS_PER_KEY + KEYS_IN_USE;
        for (int key = 0; key < Math.min(used, KEYS); key++) {
            long invoked = System.nanoTime();
            all.add(RegisterOperation.read(-1, "r" + key, read(c, key), invoked, System.nanoTime()));
        }
        return RegisterChecker.check(all).stream().map(Object::toString).toList();
    }

    @Override
    public String toString() {
        return "registers";
    }
}
