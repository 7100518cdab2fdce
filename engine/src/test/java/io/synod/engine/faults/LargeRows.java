package io.synod.engine.faults;

import io.synod.history.Transaction.Outcome;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One client that writes large values into few rows, by turns: so that logs roll and are cut, members that were away get snapshots,
 * and disks without room are noticed. A row holds the last value that was acknowledged, or one that may have been written since.
 */
final class LargeRows extends Workload {
    private static final int ROWS = 16;
    private static final int BYTES_MAX = 96 << 10;
    private static final int PAUSE_MICROS = 250_000;

    private final AtomicLong values = new AtomicLong();
    private final Map<Long, Outcome> outcomes = new ConcurrentHashMap<>();

    @Override
    List<String> tables() {
        return List.of(
                "CREATE TABLE large_row(id INT PRIMARY KEY, n BIGINT NOT NULL, x VARBINARY NOT NULL)",
                "INSERT INTO large_row SELECT x, 0, X'' FROM SYSTEM_RANGE(0, " + (ROWS - 1) + ")");
    }

    @Override
    int pauseMicrosMax() {
        return PAUSE_MICROS;
    }

    @Override
    void transaction(Client client) {
        long n = values.incrementAndGet();
        byte[] bytes = new byte[client.random.nextInt(BYTES_MAX)];
        Arrays.fill(bytes, (byte) n);
        boolean committing = false;
        try {
            Connection c = client.connection();
            try (PreparedStatement s = c.prepareStatement("UPDATE large_row SET n = ?, x = ? WHERE id = ?")) {
                s.setLong(1, n);
                s.setBytes(2, bytes);
                s.setLong(3, n % ROWS);
                s.executeUpdate();
            }
            committing = true;
            c.commit();
            outcomes.put(n, Outcome.COMMITTED);
            client.acknowledged(true);
        } catch (SQLException e) {
            outcomes.put(n, client.failed(e, committing));
        }
    }

    @Override
    List<String> judge(Connection c) throws SQLException {
        List<String> faults = new ArrayList<>();
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT id, n, x FROM large_row")) {
            while (rows.next()) {
                int id = rows.getInt(1);
                long n = rows.getLong(2);
                long lastAcknowledged = outcomes.entrySet().stream()
                        .filter(each -> each.getKey() % ROWS == id && each.getValue() == Outcome.COMMITTED)
                        .mapToLong(Map.Entry::getKey)
                        .max()
                        .orElse(0);
                boolean allowed = n == lastAcknowledged || n > lastAcknowledged && outcomes.get(n) == Outcome.UNKNOWN;
                if (!allowed) {
                    faults.add(
                            this + ": row " + id + " holds " + n + ", " + lastAcknowledged + " was acknowledged last");
                }
                for (byte each : rows.getBytes(3)) {
                    if (each != (byte) n) {
                        faults.add(this + ": row " + id + " holds " + n + " and bytes of another value");
                        break;
                    }
                }
            }
        }
        return faults;
    }

    @Override
    public String toString() {
        return "large rows";
    }
}
