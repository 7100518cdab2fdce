package io.synod.engine.session;

import io.synod.engine.database.Errors;
import java.util.function.Supplier;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;

/**
 * Statements of a session that are executed as one: the parts of a list or a script, or what a statement that names other
 * databases does in each of them. Under auto-commit they commit together. Under the session's lock.
 */
final class StatementGroup {
    private final RoutedTransaction transaction;
    private boolean running;
    private boolean lastPart;
    /** Whether what follows the list that runs is nothing of the request. */
    private boolean lastOfAll;

    StatementGroup(RoutedTransaction transaction) {
        this.transaction = transaction;
    }

    boolean isRunning() {
        return running;
    }

    /** The commits of all parts of a list but the last are implicit ones. */
    void lastPart() {
        lastPart = lastOfAll;
    }

    /** Whether others follow what runs: its commit is not that of the request. */
    boolean isBeforeLastPart() {
        return running && !lastPart;
    }

    /** Runs the parts of a list as one request: under auto-commit they commit together. */
    <T> T asList(Supplier<T> parts) {
        boolean outer = running;
        boolean outerLastPart = lastPart;
        boolean outerLastOfAll = lastOfAll;
        lastOfAll = !outer || outerLastPart;
        running = true;
        lastPart = false;
        try {
            T result = parts.get();
            running = outer;
            if (transaction.isSingle() && transaction.isOpenAnywhere()) {
                transaction.commit(transaction.commitId());
            }
            return result;
        } catch (RuntimeException e) {
            running = outer;
            if (transaction.isSingle() && transaction.isOpenAnywhere()) {
                endAfter(e);
            }
            throw e;
        } finally {
            lastPart = outerLastPart;
            lastOfAll = outerLastOfAll;
        }
    }

    /** H2 commits each part by itself: those before the one that failed stay, unless the transaction itself is lost. */
    private void endAfter(RuntimeException e) {
        if (e instanceof DbException error && !Errors.isRetry(error)) {
            transaction.commitImplicitly();
        } else {
            transaction.rollback();
        }
    }

    /** Runs a statement that names other databases: under auto-commit, all that it has done commits together. */
    <T> T across(Execution<T> execution, Supplier<T> statement) {
        boolean outer = running;
        running = true;
        T result = null;
        try {
            result = statement.get();
            running = outer;
            if (transaction.isSingle()) {
                transaction.commit(transaction.commitId());
            }
            return result;
        } catch (RuntimeException e) {
            running = outer;
            if (result != null) {
                // Nobody will read it, and its rows may be in a file.
                execution.withRows(result, StatementGroup::closed);
            }
            if (transaction.isSingle() || e instanceof DbException error && Errors.isRetry(error)) {
                transaction.rollback();
            }
            throw e;
        }
    }

    private static ResultInterface closed(ResultInterface rows) {
        rows.close();
        return rows;
    }
}
