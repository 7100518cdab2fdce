package io.synod.clients;

import java.sql.SQLException;
import java.util.concurrent.Callable;

/** What an application must do itself: run a transaction again that got 40001. */
final class Retry {
    private static final int ATTEMPTS = 20;

    private Retry() {}

    static <T> T run(Callable<T> transaction) throws Exception {
        for (int attempt = 1; ; attempt++) {
            try {
                return transaction.call();
            } catch (Exception e) {
                if (attempt == ATTEMPTS || !isRetry(e)) {
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
