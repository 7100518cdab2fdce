package io.synod.engine.jdbc.recorded;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** A program that is run against two databases; all its calls are recorded. It finds the database empty. */
public record Program(String name, Body body) {
    static final String STOPPED = "stopped: ";

    /** What it does. */
    @FunctionalInterface
    interface Body {
        void run(Calls calls) throws SQLException;
    }

    /** Every program there is. */
    public static List<Program> all() {
        List<Program> all = new ArrayList<>();
        all.addAll(ConnectionCalls.PROGRAMS);
        all.addAll(TransactionCalls.PROGRAMS);
        all.addAll(StatementCalls.PROGRAMS);
        all.addAll(ParameterCalls.PROGRAMS);
        all.addAll(ResultSetCalls.PROGRAMS);
        all.addAll(LargeObjectCalls.PROGRAMS);
        all.addAll(MetaDataCalls.PROGRAMS);
        return all;
    }

    /** What it did on the database of this URL, which must be empty. */
    public Recording on(String url) throws SQLException {
        try (Calls calls = Calls.on(url)) {
            try {
                body.run(calls);
            } catch (SQLException | RuntimeException e) {
                // The recording ends where the program ended.
                calls.recorder().note(STOPPED + Recorder.error(e));
            }
            return new Recording(calls.lines(), calls.called());
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
