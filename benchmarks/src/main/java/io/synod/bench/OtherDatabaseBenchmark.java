package io.synod.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does it add to a statement that it names another database than the connection's own? The rival is the same statement
 * on a connection to that database. Run: {@code java -jar benchmarks/target/benchmarks.jar jmh -- OtherDatabaseBenchmark}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class OtherDatabaseBenchmark {
    private static final int ROWS = 10_000;

    /** Changes until they are rolled back: no commit is measured. */
    private static final int TRANSACTION = 500;

    @Param({"own", "other"})
    private String whose;

    private Path directory;
    private Connection other;
    private Connection connection;
    private String select;
    private String update;
    private PreparedStatement selecting;
    private PreparedStatement updating;
    private int changes;

    @Setup
    public void fill() throws SQLException, IOException {
        directory = Files.createTempDirectory("synod-other");
        other = connect("shop2");
        try (Statement statement = other.createStatement()) {
            statement.execute("CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(100), CHANGES INT DEFAULT 0)");
            statement.executeUpdate(
                    "INSERT INTO T(ID, NAME) SELECT X, 'row ' || X FROM SYSTEM_RANGE(0, " + (ROWS - 1) + ")");
        }
        boolean own = whose.equals("own");
        connection = connect(own ? "shop2" : "shop");
        connection.setAutoCommit(false);
        String table = own ? "T" : "SHOP2.PUBLIC.T";
        select = "SELECT NAME FROM " + table + " WHERE ID = ";
        update = "UPDATE " + table + " SET CHANGES = CHANGES + 1 WHERE ID = ";
        selecting = connection.prepareStatement(select + "?");
        updating = connection.prepareStatement(update + "?");
    }

    private Connection connect(String database) throws SQLException {
        return DriverManager.getConnection("jdbc:synod:file:" + directory.resolve(database), "sa", "");
    }

    @TearDown
    public void close() throws SQLException, IOException {
        connection.close();
        other.close();
        List<Path> files;
        try (var all = Files.walk(directory)) {
            files = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }

    @Benchmark
    public String read() throws SQLException {
        return read(selecting);
    }

    /** Prepared, executed, closed. */
    @Benchmark
    public String readPreparedAnew() throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(select + "?")) {
            return read(statement);
        }
    }

    @Benchmark
    public int change() throws SQLException {
        return change(updating);
    }

    /** Prepared, executed, closed. */
    @Benchmark
    public int changePreparedAnew() throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(update + "?")) {
            return change(statement);
        }
    }

    /** A text of its own for each. */
    @Benchmark
    public int changeByLiteral() throws SQLException {
        rollBackAtTimes();
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(update + ThreadLocalRandom.current().nextInt(ROWS));
        }
    }

    private static String read(PreparedStatement statement) throws SQLException {
        statement.setLong(1, ThreadLocalRandom.current().nextInt(ROWS));
        try (ResultSet rows = statement.executeQuery()) {
            rows.next();
            return rows.getString(1);
        }
    }

    private int change(PreparedStatement statement) throws SQLException {
        rollBackAtTimes();
        statement.setLong(1, ThreadLocalRandom.current().nextInt(ROWS));
        return statement.executeUpdate();
    }

    private void rollBackAtTimes() throws SQLException {
        if (++changes % TRANSACTION == 0) {
            connection.rollback();
        }
    }
}
