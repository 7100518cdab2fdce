package io.synod.bench;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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
 * What does routing add to a read by primary key in the application's process? The rival is embedded H2 itself. Run: {@code
 * java -jar benchmarks/target/benchmarks.jar jmh -- RoutedReadBenchmark}, with {@code -prof gc} for the bytes that each allocates.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RoutedReadBenchmark {
    private static final int ROWS = 10_000;

    private static final Map<String, String> URLS = Map.of(
            "h2", "jdbc:h2:mem:read",
            "synod-linearizable", "jdbc:synod:mem:read;READ=LINEARIZABLE",
            "synod-session", "jdbc:synod:mem:read;READ=SESSION",
            "synod-local", "jdbc:synod:mem:read;READ=LOCAL");

    @Param({"h2", "synod-linearizable", "synod-session", "synod-local"})
    private String rival;

    private static final List<String> TEXTS = IntStream.range(0, 12)
            .mapToObj(i -> "SELECT NAME, " + i + " FROM T WHERE ID = ?")
            .toList();

    private Connection connection;
    private PreparedStatement select;
    private int text;

    @Setup
    public void fill() throws SQLException {
        connection = DriverManager.getConnection(URLS.get(rival), "sa", "");
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(100))");
            statement.executeUpdate(
                    "INSERT INTO T SELECT X, 'name of row ' || X FROM SYSTEM_RANGE(0, " + (ROWS - 1) + ")");
        }
        select = connection.prepareStatement("SELECT NAME FROM T WHERE ID = ?");
    }

    @TearDown
    public void close() throws SQLException {
        connection.close();
    }

    @Benchmark
    public String read() throws SQLException {
        return read(select);
    }

    /** As a framework that keeps no statements: prepared, executed, closed. */
    @Benchmark
    public String prepared() throws SQLException {
        return prepared("SELECT NAME FROM T WHERE ID = ?");
    }

    /** The same over more texts than H2 keeps compiled. */
    @Benchmark
    public String preparedOfTwelve() throws SQLException {
        text = (text + 1) % TEXTS.size();
        return prepared(TEXTS.get(text));
    }

    /** A text of its own for each. */
    @Benchmark
    public String literal() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT NAME FROM T WHERE ID = "
                        + ThreadLocalRandom.current().nextInt(ROWS))) {
            rows.next();
            return rows.getString(1);
        }
    }

    private String prepared(String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            return read(statement);
        }
    }

    private static String read(PreparedStatement statement) throws SQLException {
        statement.setLong(1, ThreadLocalRandom.current().nextInt(ROWS));
        try (ResultSet rows = statement.executeQuery()) {
            rows.next();
            return rows.getString(1);
        }
    }
}
