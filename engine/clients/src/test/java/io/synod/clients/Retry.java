package io.synod.clients;

import java.sql.SQLException;
import java.util.concurrent.Callable;

/** What an application must do itself: run a transaction again that got 40001. */
final class Retry {
    private Retry() {}

    static <T> T run(Callable<T> transaction) throws Exception {
        long startNanos = System.nanoTime();
        while (true) {
            try {
                return transaction.call();
            } catch (Exception e) {
                if (!isRetry(e) || System.nanoTime() - startNanos > Await.LIMIT.toNanos()) {
                    throw e;
                }
            }
        }
    }

    /** Libraries wrap what the driver throws. */
    static boolean isRetry(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof SQLException e && "40001".equals(e.getSQLState())) {
                return true;
            }
        }
        return false;
    }
}
