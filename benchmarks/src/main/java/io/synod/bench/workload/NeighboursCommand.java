package io.synod.bench.workload;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code java -jar benchmarks/target/benchmarks.jar neighbours}. */
@Command(
        name = "neighbours",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = {
            "What it costs statements of one database that their node hosts two others, in which transactions over all of",
            "them have run: against a node of this database alone, and against embedded H2, all in this process, one after",
            "the other in each round. Processor time and bytes are those of the statement's own thread."
        })
public final class NeighboursCommand implements Callable<Integer> {
    private static final int ROWS = 1000;

    private static final int GLOBAL_TRANSACTIONS = 100;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Option(names = "--rounds", defaultValue = "11")
    private int rounds;

    @Option(names = "--millis", defaultValue = "500", description = "for which each is repeated in a round")
    private long millis;

    @Option(names = "--dir", defaultValue = ".", description = "the databases are made below it, and deleted")
    private Path directory;

    @Spec
    private CommandSpec spec;

    /** Whose statements are measured. */
    private enum Rival {
        H2,
        ALONE,
        NEIGHBOURS
    }

    /** One statement. */
    private interface Operation {
        void run(int number) throws SQLException;
    }

    /** What is compared, for one rival. */
    private record Measured(String what, Operation operation) {}

    /** Of one round. */
    private record Figure(double nanos, double processor, double bytes) {}

    @Override
    public Integer call() throws Exception {
        Path databases = Files.createTempDirectory(Files.createDirectories(directory), "neighbours");
        List<Connection> open = new ArrayList<>();
        try {
            String alone = "jdbc:synod:file:" + databases.toAbsolutePath().resolve("alone");
            String three = "jdbc:synod:file:" + databases.toAbsolutePath().resolve("three");
            List<List<Measured>> rivals = new ArrayList<>();
            rivals.add(statements(
                    filled("jdbc:h2:file:" + databases.toAbsolutePath().resolve("h2") + "/shop", open)));
            rivals.add(statements(filled(alone + "/shop", open)));
            Connection shop = filled(three + "/shop", open);
            filled(three + "/stock", open);
            filled(three + "/people", open);
            acrossAll(shop);
            rivals.add(statements(shop));
            report(rivals, spec.commandLine().getOut());
            return 0;
        } finally {
            for (Connection connection : open) {
                connection.close();
            }
            delete(databases);
        }
    }

    private static Connection filled(String url, List<Connection> open) throws SQLException {
        Connection connection = DriverManager.getConnection(url, "sa", "");
        open.add(connection);
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(100), CHANGES INT DEFAULT 0)");
            statement.executeUpdate(
                    "INSERT INTO T(ID, NAME) SELECT X, 'row ' || X FROM SYSTEM_RANGE(0, " + (ROWS - 1) + ")");
        }
        return connection;
    }

    private static void acrossAll(Connection shop) throws SQLException {
        shop.setAutoCommit(false);
        try (Statement statement = shop.createStatement()) {
            for (int i = 0; i < GLOBAL_TRANSACTIONS; i++) {
                for (String table : List.of("T", "STOCK.PUBLIC.T", "PEOPLE.PUBLIC.T")) {
                    statement.executeUpdate("UPDATE " + table + " SET CHANGES = CHANGES + 1 WHERE ID = " + i);
                }
                shop.commit();
            }
        }
        shop.setAutoCommit(true);
    }

    private static List<Measured> statements(Connection connection) throws SQLException {
        PreparedStatement select = connection.prepareStatement("SELECT NAME FROM T WHERE ID = ?");
        PreparedStatement update = connection.prepareStatement("UPDATE T SET CHANGES = CHANGES + 1 WHERE ID = ?");
        return List.of(
                new Measured("point read, prepared once", number -> {
                    select.setLong(1, number % ROWS);
                    read(select);
                }),
                new Measured("update and commit, prepared once", number -> {
                    update.setLong(1, number % ROWS);
                    update.executeUpdate();
                }),
                fresh(connection, "new text, T", "SELECT NAME FROM T WHERE ID = "),
                fresh(connection, "new text, PUBLIC.T", "SELECT NAME FROM PUBLIC.T WHERE ID = "),
                fresh(connection, "new text, SHOP.PUBLIC.T", "SELECT NAME FROM SHOP.PUBLIC.T WHERE ID = "),
                fresh(connection, "new text, SHOP.PUBLIC.T.NAME", "SELECT SHOP.PUBLIC.T.NAME FROM T WHERE ID = "));
    }

    private static Measured fresh(Connection connection, String what, String sql) {
        return new Measured(what, number -> {
            try (PreparedStatement statement = connection.prepareStatement(sql + number)) {
                read(statement);
            }
        });
    }

    private static void read(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            if (rows.next()) {
                rows.getString(1);
            }
        }
    }

    private void report(List<List<Measured>> rivals, PrintWriter out) throws SQLException {
        int number = 0;
        for (int what = 0; what < rivals.get(0).size(); what++) {
            List<List<Figure>> figures = new ArrayList<>();
            for (Rival rival : Rival.values()) {
                figures.add(new ArrayList<>());
            }
            // The first round warms up.
            for (int round = 0; round <= rounds; round++) {
                for (int i = 0; i < Rival.values().length; i++) {
                    // Who begins in one round is last in the next.
                    int rival = round % 2 == 0 ? i : Rival.values().length - 1 - i;
                    Operation operation = rivals.get(rival).get(what).operation();
                    long bytes = THREADS.getCurrentThreadAllocatedBytes();
                    long processor = THREADS.getCurrentThreadCpuTime();
                    long start = System.nanoTime();
                    long end = start + TimeUnit.MILLISECONDS.toNanos(millis);
                    int from = number;
                    while (System.nanoTime() - end < 0) {
                        operation.run(number++);
                    }
                    double times = number - from;
                    Figure figure = new Figure(
                            (System.nanoTime() - start) / times,
                            (THREADS.getCurrentThreadCpuTime() - processor) / times,
                            (THREADS.getCurrentThreadAllocatedBytes() - bytes) / times);
                    if (round > 0) {
                        figures.get(rival).add(figure);
                    }
                }
            }
            out.printf(Locale.ROOT, "%-34s", rivals.get(0).get(what).what());
            for (Rival rival : Rival.values()) {
                List<Figure> of = figures.get(rival.ordinal());
                out.printf(
                        Locale.ROOT,
                        "%s %,.1f us, processor %,.1f us, %,.0f bytes  ",
                        rival.name().toLowerCase(Locale.ROOT),
                        median(of.stream().map(Figure::nanos).toList()) / 1000,
                        median(of.stream().map(Figure::processor).toList()) / 1000,
                        median(of.stream().map(Figure::bytes).toList()));
            }
            ratio(figures, Figure::nanos, "neighbours / alone", out);
            ratio(figures, Figure::processor, ", processor", out);
            out.println();
            out.flush();
        }
    }

    private void ratio(List<List<Figure>> figures, ToDoubleFunction<Figure> of, String what, PrintWriter out) {
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            ratios.add(of.applyAsDouble(figures.get(Rival.NEIGHBOURS.ordinal()).get(round))
                    / of.applyAsDouble(figures.get(Rival.ALONE.ordinal()).get(round)));
        }
        out.printf(
                Locale.ROOT,
                "%s %.2f (%.2f..%.2f)",
                what,
                median(ratios),
                ratios.stream().min(Comparator.naturalOrder()).orElseThrow(),
                ratios.stream().max(Comparator.naturalOrder()).orElseThrow());
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    private static void delete(Path directory) throws IOException {
        List<Path> files;
        try (var all = Files.walk(directory)) {
            files = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }
}
