package io.synod.engine.twin;

import io.synod.engine.twin.Corpus.Step;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** One database on one way to it, with its open connections: stock H2 or Synod. Used by one thread. */
final class Side implements AutoCloseable {
    static final String USER = "SA";
    static final String PASSWORD = "secret";

    private final String name;
    private final String url;
    /** Where its files go; statements name it {@code ${dir}}. */
    private final Path directory;
    /** Its name is to be seen in the catalogue. */
    private final String database;

    private final Map<String, Connection> connections = new LinkedHashMap<>();

    Side(String name, String database, String url, Path directory) {
        this.name = name;
        this.database = database.toUpperCase(Locale.ROOT);
        this.url = url;
        this.directory = directory;
    }

    String name() {
        return name;
    }

    Connection connection(String session) throws SQLException {
        Connection connection = connections.get(session);
        if (connection == null) {
            connection = DriverManager.getConnection(url, USER, PASSWORD);
            connections.put(session, connection);
        }
        return connection;
    }

    /** Never throws what the statement throws: it is part of the outcome. */
    Outcome run(Step step) {
        Outcome.Recorder recorder = new Outcome.Recorder(step.masked(), step.unordered(), this::neutral);
        try {
            if (step.user() != null) {
                String[] user = step.user().split(" ");
                disconnect(step.session());
                connections.put(
                        step.session(), DriverManager.getConnection(url, user[0], user.length < 2 ? "" : user[1]));
            }
            Connection connection = connection(step.session());
            String sql = step.sql().replace("${dir}", directory.toString());
            if (step.parameters().isEmpty()) {
                plain(connection, sql, step, recorder);
            } else {
                prepared(connection, sql, step, recorder);
            }
            return recorder.done();
        } catch (SQLException e) {
            return recorder.failed(e);
        }
    }

    private static void plain(Connection connection, String sql, Step step, Outcome.Recorder recorder)
            throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (step.keys() == null) {
                recorder.results(statement, statement.execute(sql));
            } else {
                boolean rows = step.keys().isEmpty()
                        ? statement.execute(sql, Statement.RETURN_GENERATED_KEYS)
                        : statement.execute(sql, step.keys().toArray(new String[0]));
                recorder.results(statement, rows);
                recorder.keys(statement);
            }
        }
    }

    private void prepared(Connection connection, String sql, Step step, Outcome.Recorder recorder) throws SQLException {
        boolean batch = step.parameters().size() > 1;
        try (PreparedStatement statement = prepare(connection, sql, step)) {
            for (String values : step.parameters()) {
                Object[] parameters = values(values.replace("${dir}", directory.toString()));
                for (int i = 0; i < parameters.length; i++) {
                    statement.setObject(i + 1, parameters[i]);
                }
                if (batch) {
                    statement.addBatch();
                }
            }
            if (batch) {
                recorder.counts(statement.executeBatch());
            } else {
                recorder.results(statement, statement.execute());
            }
            if (step.keys() != null) {
                recorder.keys(statement);
            }
        }
    }

    private static PreparedStatement prepare(Connection connection, String sql, Step step) throws SQLException {
        if (step.keys() == null) {
            return connection.prepareStatement(sql);
        }
        return step.keys().isEmpty()
                ? connection.prepareStatement(sql, Statement.RETURN_GENERATED_KEYS)
                : connection.prepareStatement(sql, step.keys().toArray(new String[0]));
    }

    /** Literals as the objects that JDBC gives for them. */
    private static Object[] values(String literals) throws SQLException {
        try (Connection scratch = DriverManager.getConnection("jdbc:h2:mem:");
                Statement statement = scratch.createStatement();
                ResultSet rows = statement.executeQuery("VALUES (" + literals + ")")) {
            rows.next();
            Object[] values = new Object[rows.getMetaData().getColumnCount()];
            for (int i = 0; i < values.length; i++) {
                Object value = rows.getObject(i + 1);
                values[i] = value instanceof Array array ? array.getArray() : value;
            }
            return values;
        }
    }

    private String neutral(String text) {
        return Catalogue.neutral(text.replace(directory.toString(), "${dir}").replace(database, "${database}"));
    }

    /** The whole database as a script, without what differs by right. */
    List<String> script(String session) throws SQLException {
        List<String> lines = new ArrayList<>();
        try (Statement statement = connection(session).createStatement();
                ResultSet rows = statement.executeQuery("SCRIPT NOPASSWORDS")) {
            while (rows.next()) {
                lines.add(neutral(rows.getString(1)));
            }
        }
        return lines;
    }

    /** Makes it empty, with one connection. */
    void reset() throws SQLException {
        for (String session : List.copyOf(connections.keySet())) {
            if (!session.equals("main")) {
                disconnect(session);
            }
        }
        Connection main = connection("main");
        main.setAutoCommit(true);
        try (Statement statement = main.createStatement()) {
            statement.execute("DROP ALL OBJECTS");
        }
    }

    private void disconnect(String session) throws SQLException {
        Connection connection = connections.remove(session);
        if (connection != null) {
            connection.close();
        }
    }

    @Override
    public void close() throws SQLException {
        for (String session : List.copyOf(connections.keySet())) {
            disconnect(session);
        }
    }
}
