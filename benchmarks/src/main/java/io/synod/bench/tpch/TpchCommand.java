package io.synod.bench.tpch;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.synod.engine.operations.TpchLoader;
import io.synod.engine.operations.TpchQueries;
import io.synod.engine.operations.TpchQueries.Query;
import java.io.IOException;
import java.io.PrintWriter;
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
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code java -jar benchmarks/target/benchmarks.jar tpch}. */
@Command(
        name = "tpch",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = {
            "Runs the 22 queries of TPC-H over two or three databases of one node, and the same rows in one embedded H2, one",
            "after the other in each round. A ratio is the median of the rounds' ratios; a first execution, in which queries are",
            "planned and results compared, is not among them."
        })
public final class TpchCommand implements Callable<Integer> {
    private static final List<String> CHILDREN_FIRST =
            List.of("lineitem", "orders", "partsupp", "part", "customer", "supplier", "nation", "region");

    /** What is not in the connection's own database: so that 17 of the queries name both. */
    private static final Map<String, List<String>> TWO = Map.of("stock", List.of("lineitem", "partsupp", "nation"));

    private static final Map<String, List<String>> THREE =
            Map.of("stock", List.of("lineitem", "nation"), "people", List.of("customer", "part", "partsupp"));

    private static final double LEAST_SCALE = 0.01;

    private static final Pattern SHIPPED = Pattern.compile(", (\\d+) shipped");

    @Option(names = "--scale", defaultValue = "0.01", description = "1 is about 8.7 million rows")
    private double scale;

    @Option(names = "--rounds", defaultValue = "3")
    private int rounds;

    @Option(names = "--queries", split = ",", description = "their numbers; without it, all")
    private List<Integer> queries;

    @Option(names = "--databases", defaultValue = "2", description = "over which the tables are spread: 2 or 3")
    private int count;

    @Option(names = "--dir", defaultValue = ".", description = "the databases are made below it, and deleted")
    private Path directory;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (scale < LEAST_SCALE) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--scale " + scale + ": expected " + LEAST_SCALE
                            + " or more; with fewer suppliers TPC-H names one twice for a part");
        }
        if (count != 2 && count != 3) {
            throw new ParameterException(spec.commandLine(), "--databases " + count + ": expected 2 or 3");
        }
        PrintWriter out = spec.commandLine().getOut();
        Path databases = Files.createTempDirectory(Files.createDirectories(directory), "tpch");
        Map<String, List<String>> others = count == 2 ? TWO : THREE;
        List<Connection> open = new ArrayList<>();
        try {
            Connection plain =
                    loaded("jdbc:h2:file:" + databases.toAbsolutePath().resolve("plain"), List.of(), open);
            List<String> elsewhere =
                    others.values().stream().flatMap(List::stream).toList();
            Connection sales = loaded(synod(databases, "sales"), elsewhere, open);
            for (Map.Entry<String, List<String>> other : others.entrySet()) {
                List<String> dropped = new ArrayList<>(CHILDREN_FIRST);
                dropped.removeAll(other.getValue());
                loaded(synod(databases, other.getKey()), dropped, open);
            }
            return measure(plain, sales, others, out);
        } finally {
            for (Connection connection : open) {
                connection.close();
            }
            delete(databases);
        }
    }

    private static String synod(Path directory, String database) {
        return "jdbc:synod:file:" + directory.toAbsolutePath().resolve(database);
    }

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "");
    }

    /** A database, kept open by a connection, with all tables but some. */
    private Connection loaded(String url, List<String> elsewhere, List<Connection> open) throws SQLException {
        Connection connection = connect(url);
        open.add(connection);
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setUsername("sa");
        config.setPassword("");
        config.setMaximumPoolSize(1);
        try (HikariDataSource pool = new HikariDataSource(config)) {
            new TpchLoader(pool, scale).load();
        }
        try (Statement statement = connection.createStatement()) {
            for (String table : CHILDREN_FIRST) {
                if (elsewhere.contains(table)) {
                    statement.execute("DROP TABLE " + table + " CASCADE");
                }
            }
            statement.execute("ANALYZE");
            // Else the second execution of a query that nothing has changed is none.
            statement.execute("SET OPTIMIZE_REUSE_RESULTS 0");
        }
        return connection;
    }

    private static String place(String table, Map<String, List<String>> others) {
        for (Map.Entry<String, List<String>> other : others.entrySet()) {
            if (other.getValue().contains(table)) {
                return other.getKey() + ".public." + table;
            }
        }
        return table;
    }

    private int measure(Connection plain, Connection sales, Map<String, List<String>> others, PrintWriter out)
            throws SQLException {
        double logarithms = 0;
        int measured = 0;
        int different = 0;
        for (Query query : TpchQueries.ALL) {
            if (queries != null && !queries.contains(query.number())) {
                continue;
            }
            String one = TpchQueries.named(query.single(), table -> table);
            String across = TpchQueries.named(query.sql(), table -> place(table, others));
            try (PreparedStatement single = plain.prepareStatement(one);
                    PreparedStatement federated = sales.prepareStatement(across)) {
                boolean same = rows(single, query.ordered()).equals(rows(federated, query.ordered()));
                List<Double> ratios = new ArrayList<>();
                List<Double> times = new ArrayList<>();
                List<Double> plainTimes = new ArrayList<>();
                for (int i = 0; i < rounds; i++) {
                    // What is measured first in one round is last in the next.
                    double before = i % 2 == 0 ? millis(single) : 0;
                    double spread = millis(federated);
                    double alone = i % 2 == 0 ? before : millis(single);
                    ratios.add(spread / alone);
                    times.add(spread);
                    plainTimes.add(alone);
                }
                double ratio = median(ratios);
                logarithms += Math.log(ratio);
                measured++;
                different += same ? 0 : 1;
                out.printf(
                        Locale.ROOT,
                        "%-4s H2 %,9.1f ms, %d databases %,9.1f ms, ratio %6.2f (%.2f..%.2f), %,d rows shipped%s%n",
                        query,
                        median(plainTimes),
                        count,
                        median(times),
                        ratio,
                        ratios.stream().min(Comparator.naturalOrder()).orElseThrow(),
                        ratios.stream().max(Comparator.naturalOrder()).orElseThrow(),
                        shipped(sales, across),
                        same ? "" : ", DIFFERENT ROWS");
                out.flush();
            }
        }
        out.printf(
                Locale.ROOT,
                "%d queries, %d rounds, scale %s: geometric mean of the ratios %.2f%n",
                measured,
                rounds,
                scale,
                Math.exp(logarithms / measured));
        out.flush();
        return different == 0 ? 0 : 1;
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    private static double millis(PreparedStatement query) throws SQLException {
        long start = System.nanoTime();
        rows(query, true);
        return (System.nanoTime() - start) / 1e6;
    }

    private static List<String> rows(PreparedStatement query, boolean ordered) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (ResultSet result = query.executeQuery()) {
            int columns = result.getMetaData().getColumnCount();
            while (result.next()) {
                StringBuilder row = new StringBuilder();
                for (int i = 1; i <= columns; i++) {
                    row.append(result.getString(i)).append('|');
                }
                rows.add(row.toString());
            }
        }
        if (!ordered) {
            rows.sort(null);
        }
        return rows;
    }

    /** Rows that one execution brings from the databases, 0 where one of them executes all of it. */
    private static long shipped(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet plan = statement.executeQuery("EXPLAIN ANALYZE " + sql)) {
            plan.next();
            Matcher found = SHIPPED.matcher(plan.getString(1));
            return found.find() ? Long.parseLong(found.group(1)) : 0;
        }
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
