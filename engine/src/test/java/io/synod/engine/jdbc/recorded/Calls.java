package io.synod.engine.jdbc.recorded;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;

/** A recorded connection, and what programs that make many calls of it need. */
final class Calls implements AutoCloseable {
    /** A part of a program. */
    @FunctionalInterface
    interface Action {
        void run() throws SQLException;
    }

    private final String url;
    private final Recorder recorder;
    private final Connection plain;
    private final Connection connection;

    private Calls(String url) throws SQLException {
        this.url = url;
        this.plain = DriverManager.getConnection(url, "sa", "secret");
        this.recorder = new Recorder(plain.getCatalog());
        this.connection = recorder.record(Connection.class, plain);
    }

    static Calls on(String url) throws SQLException {
        return new Calls(url);
    }

    String url() {
        return url;
    }

    /** Recorded. */
    Connection connection() {
        return connection;
    }

    /** Another recorded connection to the same database. */
    Connection another() throws SQLException {
        return recorder.record(Connection.class, DriverManager.getConnection(url, "sa", "secret"));
    }

    Recorder recorder() {
        return recorder;
    }

    List<String> lines() {
        return recorder.lines();
    }

    Set<String> called() {
        return recorder.called();
    }

    /** Goes on after an error, which is written down. */
    void attempt(Action action) {
        try {
            action.run();
        } catch (SQLException | RuntimeException e) {
            recorder.note("failed: " + Recorder.error(e));
        }
    }

    /** Statements that are not of interest themselves. */
    void run(String... statements) throws SQLException {
        try (Statement s = plain.createStatement()) {
            for (String sql : statements) {
                s.execute(sql);
            }
        }
    }

    @Override
    public void close() throws SQLException {
        plain.close();
    }
}
