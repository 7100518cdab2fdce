package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.session.StatementRouter.Route;
import java.util.function.Supplier;
import org.h2.command.CommandInterface;

/** Ends what one statement of a session runs; from any thread but where it says so. */
final class CommandCancel {
    private final RoutedSession session;
    private final RoutedCommand command;
    /** H2's command that is executed for it; {@code null} for none. */
    private volatile CommandInterface running;

    private volatile boolean cancelled;

    CommandCancel(RoutedSession session, RoutedCommand command) {
        this.session = session;
        this.command = command;
    }

    /** On the session's thread: what a cancel ends meanwhile. */
    <T> T whileRunning(CommandInterface target, Supplier<T> execution) {
        running = target;
        try {
            return execution.get();
        } finally {
            running = null;
        }
    }

    /**
     * What is made of others ends with the one that runs, or that comes next. A statement that runs at its place in the log is not
     * cancelled: on the other members it would not be, either. Its rows are, where they are a statement of their own.
     *
     * @param own H2's command to be cancelled where nothing is executed yet; {@code null} for none
     */
    void cancel(Supplier<CommandInterface> own) {
        session.stopWaiting();
        // Before it is looked which one runs: whoever begins one looks here afterwards.
        cancelled = true;
        RoutedCommand runs = session.runningOf(command);
        if (runs != null && runs != command) {
            runs.cancel();
            return;
        }
        if (isOfLog() && session.database().log().servingEpoch() != 0) {
            return;
        }
        CommandInterface target = running;
        if (target == null) {
            // It has not begun: JDBC's statement cancels once only.
            target = own.get();
        }
        if (target != null) {
            target.cancel();
        }
        wakeLockWait();
    }

    /** On the session's thread: it runs from now on, and whoever cancelled it before has found nothing to wake. */
    void begins() {
        if (cancelled) {
            wakeLockWait();
        }
    }

    private void wakeLockWait() {
        session.writer().wakeLockWait(() -> cancelled && session.runningOf(command) != null);
    }

    /**
     * Before one of the statements that it is made of: a cancel marks the one that the application runs and the one that runs at the
     * time, which may be this one, or have ended.
     *
     * @param whole what the application runs: this one, or what this one is a part of
     * @throws org.h2.message.DbException 57014 it was cancelled, and none of them knows
     */
    void check(CommandCancel whole) {
        if ((isToEnd() || whole.isToEnd()) && !isOfLog()) {
            throw Errors.cancelled();
        }
    }

    private boolean isToEnd() {
        return cancelled && command.decision() != null && !isOfLog();
    }

    private boolean isOfLog() {
        return command.decision() != null && command.decision().route() == Route.STATEMENT;
    }

    /** On the session's thread: its execution is over, and what was meant for that does not end another one. */
    void forget() {
        cancelled = false;
    }
}
