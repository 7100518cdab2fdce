package io.synod.engine.faults;

import io.synod.history.Transaction.Outcome;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Inserts of values into a table without a key, each value once: what was acknowledged is there once, what failed is not. */
final class UniqueInserts extends Workload {
    private static final int ROWS_MAX = 3;
    private static final int FAULTS_MAX = 10;

    private final AtomicLong values = new AtomicLong();
    private final Map<Long, Outcome> outcomes = new ConcurrentHashMap<>();

    @Override
    List<String> tables() {
        return List.of("CREATE TABLE item(x BIGINT NOT NULL)");
    }

    @Override
    void transaction(Client client) {
        List<Long> rows = new ArrayList<>();
        boolean committing = false;
        Outcome outcome;
        try {
            Connection c = client.connection();
            try (PreparedStatement s = c.prepareStatement("INSERT INTO item VALUES (?)")) {
                for (int n = 1 + client.random.nextInt(ROWS_MAX); n > 0; n--) {
                    rows.add(values.incrementAndGet());
                    s.setLong(1, rows.get(rows.size() - 1));
                    s.executeUpdate();
                }
            }
            committing = true;
            c.commit();
            outcome = Outcome.COMMITTED;
            client.acknowledged(true);
        } catch (SQLException e) {
            outcome = client.failed(e, committing);
        }
        for (Long row : rows) {
            outcomes.put(row, outcome);
        }
    }

    @Override
    List<String> judge(Connection c) throws SQLException {
        List<String> faults = judge(this, outcomes, found(c, "item"));
        return faults.subList(0, Math.min(faults.size(), FAULTS_MAX));
    }

    /** How often each value is there. */
    static Map<Long, Integer> found(Connection c, String table) throws SQLException {
        Map<Long, Integer> found = new HashMap<>();
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT x FROM " + table)) {
            while (rows.next()) {
                found.merge(rows.getLong(1), 1, Integer::sum);
            }
        }
        return found;
    }

    /** What does not fit to what clients were told. */
    static List<String> judge(Workload who, Map<Long, Outcome> outcomes, Map<Long, Integer> found) {
        List<String> faults = new ArrayList<>();
        outcomes.forEach((value, outcome) -> {
            int times = found.getOrDefault(value, 0);
            if (times > 1) {
                faults.add(who + ": " + value + " is there " + times + " times");
            } else if (times == 0 && outcome == Outcome.COMMITTED) {
                faults.add(who + ": " + value + " is lost, though it was acknowledged");
            } else if (times == 1 && outcome == Outcome.ABORTED) {
                faults.add(who + ": " + value + " is there, though its client was told that it is not");
            }
        });
        found.keySet().stream()
                .filter(value -> !outcomes.containsKey(value))
                .forEach(value -> faults.add(who + ": " + value + " was inserted by nobody"));
        return faults;
    }

    @Override
    public String toString() {
        return "unique inserts";
    }
}
