package io.synod.engine.federation;

import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.value.Value;

/**
 * What one execution of a statement is doing at the moment, so that another thread can cancel it: the command that runs in a
 * branch or in the scratch database. {@link #cancel} is called by any thread, the rest by the one that executes.
 */
final class Running {
    /** Rows that a session on another node sends at a time. */
    static final int FETCH = 1000;

    private volatile boolean cancelled;
    private volatile CommandInterface command;
    /** H2 looks at a command that was cancelled with each row that it finds, and at its session with each that it looks at. */
    private volatile SessionLocal scratch;

    private long end;

    /**
     * A new execution begins.
     *
     * @param timeoutMillis the statement's own limit, 0 for none
     * @throws DbException 57014 if it was cancelled before: JDBC's statement cancels once only
     */
    void begin(int timeoutMillis) {
        command = null;
        end = timeoutMillis <= 0 ? 0 : System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        check();
    }

    /** What was cancelled is over; the next execution is another one. */
    void ended() {
        cancelled = false;
    }

    /** Ends what runs, with 57014, or what begins next if nothing does. */
    void cancel() {
        cancelled = true;
        CommandInterface target = command;
        if (target != null) {
            target.cancel();
        }
        SessionLocal session = scratch;
        if (session != null) {
            session.cancel();
        }
    }

    /** @throws DbException 57014 if it was cancelled or its time is over */
    void check() {
        if (cancelled || end != 0 && System.nanoTime() - end > 0) {
            throw DbException.get(ErrorCode.STATEMENT_WAS_CANCELED);
        }
    }

    ResultInterface query(CommandInterface what, Value[] parameters, long maxRows) {
        return run(what, parameters, c -> c.executeQuery(maxRows, FETCH, false));
    }

    /** In what is left of the time. */
    ResultInterface query(Scratch scratch, String sql, Value[] parameters, long maxRows) {
        check();
        if (end != 0) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            scratch.session().setQueryTimeout((int) Math.max(1, left));
        }
        this.scratch = scratch.session();
        try {
            return query(scratch.prepare(sql), ForeignLobs.in(scratch.session(), parameters), maxRows);
        } finally {
            this.scratch = null;
        }
    }

    <T> T run(CommandInterface what, Value[] parameters, Function<CommandInterface, T> execution) {
        set(what, parameters);
        // A scratch database's command that locks rows has them locked by other commands.
        CommandInterface around = command;
        command = what;
        try {
            check();
            return execution.apply(what);
        } finally {
            command = around;
        }
    }

    private static void set(CommandInterface command, Value[] parameters) {
        var places = command.getParameters();
        for (int i = 0; i < places.size() && i < parameters.length; i++) {
            places.get(i).setValue(parameters[i], false);
        }
    }
}
