package io.synod.engine.jdbc;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;

/**
 * Reads many rows: {@code StreamRows URL ROWS FETCH_SIZE [FORWARDED]}. Meant to be run with a heap that holds a small part of
 * them only, as {@code -Xmx24m} with 10,000,000 rows, remotely. FORWARDED: in a transaction that a follower runs on the
 * leader. Ends with 0 and prints the number and the time when all have come in order.
 */
final class StreamRows {
    private StreamRows() {}

    public static void main(String[] args) throws Exception {
        long rows = Long.parseLong(args[1]);
        try (Connection c = DriverManager.getConnection(args[0], "sa", "secret");
                Statement s = c.createStatement()) {
            s.setFetchSize(Integer.parseInt(args[2]));
            if (args.length > 3) {
                c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                c.setAutoCommit(false);
            }
            long begin = System.nanoTime();
            long first = 0;
            long seen = 0;
            try (ResultSet r = s.executeQuery("SELECT x, REPEAT('r', 100) || x FROM SYSTEM_RANGE(1, " + rows + ")")) {
                first = System.nanoTime() - begin;
                while (r.next()) {
                    if (r.getLong(1) != ++seen || !r.getString(2).endsWith("r" + seen)) {
                        throw new IllegalStateException("row " + seen + " is " + r.getLong(1));
                    }
                }
            }
            if (seen != rows) {
                throw new IllegalStateException(seen + " rows of " + rows);
            }
            System.out.printf(
                    "%d rows, first after %d ms, all after %d ms, heap of %d MiB%n",
                    seen,
                    first / 1_000_000,
                    (System.nanoTime() - begin) / 1_000_000,
                    Runtime.getRuntime().maxMemory() >> 20);
        }
    }
}
