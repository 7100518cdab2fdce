package io.synod.bench.workload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import io.synod.bench.BenchCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

class WorkloadCommandTest {
    private static String h2(String name) {
        return "jdbc:h2:mem:" + name + ";DB_CLOSE_DELAY=-1";
    }

    private static String run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = new CommandLine(new BenchCommand())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
        assertEquals(0, code, err.toString());
        return out.toString();
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"ACROSS2", "ACROSS3", "READING2"})
    void every_workload_runs_and_its_sums_balance(Workloads workload) throws Exception {
        String url = h2("workload-" + workload);
        // There is an order only after some reads, and the machine may stand still for more than a second.
        String seconds = workload == Workloads.MIXED ? "4" : "1";
        run(
                "workload",
                "--workload",
                workload.name(),
                "--url",
                url,
                "--clients",
                "2",
                "--rounds",
                "1",
                "--seconds",
                seconds,
                "--warm-up",
                "0");
        if (workload == Workloads.ORDER || workload == Workloads.MIXED) {
            try (Connection connection = DriverManager.getConnection(url, "sa", "");
                    ResultSet sums = connection
                            .createStatement()
                            .executeQuery("SELECT (SELECT COUNT(*) FROM BENCH_LINE),"
                                    + " (SELECT SUM(1000000000 - STOCK) FROM BENCH_ITEM),"
                                    + " (SELECT 3 * COUNT(*) FROM BENCH_ORDER),"
                                    + " (SELECT -SUM(BALANCE) / 10 FROM BENCH_CUSTOMER)")) {
                sums.next();
                assertTrue(sums.getLong(1) > 0);
                for (int column = 2; column <= 4; column++) {
                    assertEquals(sums.getLong(1), sums.getLong(column), "column " + column);
                }
            }
        }
    }

    /** Stock H2 has no way from one database to another. */
    @ParameterizedTest
    @EnumSource(names = {"ACROSS2", "ACROSS3", "TWO_PHASE", "READING2"})
    void what_writes_several_databases_writes_the_same_in_all(Workloads workload, @TempDir Path directory)
            throws Exception {
        boolean writes = workload != Workloads.READING2;
        String url = "jdbc:synod:file:" + directory.resolve("shop");
        String printed = run(
                "workload",
                "--workload",
                workload.name(),
                "--url",
                url,
                "--clients",
                "2",
                "--rounds",
                "1",
                "--seconds",
                "1",
                "--warm-up",
                "0");
        String sums = "SELECT COUNT(*), SUM(ID) FROM ";
        try (Connection connection = DriverManager.getConnection(url, "sa", "");
                ResultSet own = connection.createStatement().executeQuery(sums + "BENCH_" + workload);
                ResultSet other = connection.createStatement().executeQuery(sums + "SHOP2.PUBLIC.BENCH_" + workload)) {
            own.next();
            other.next();
            assertTrue(own.getLong(1) > 0);
            assertEquals(writes ? own.getLong(1) : 0, other.getLong(1), printed);
            assertEquals(writes ? own.getLong(2) : 0, other.getLong(2));
        }
    }

    @Test
    void commits_alone_are_measured_where_they_are_told_apart() throws Exception {
        String[] arguments = {
            "workload",
            "--workload",
            "TABLES2",
            "--url",
            h2("commits"),
            "--rounds",
            "1",
            "--seconds",
            "1",
            "--warm-up",
            "0"
        };
        assertTrue(run(arguments).contains("p50"));
        String[] alone = Arrays.copyOf(arguments, arguments.length + 1);
        alone[arguments.length] = "--commits";
        assertTrue(run(alone).contains("p50"));
        StringWriter err = new StringWriter();
        alone[2] = "INSERT";
        assertEquals(
                2,
                new CommandLine(new BenchCommand())
                        .setErr(new PrintWriter(err, true))
                        .execute(alone));
        assertTrue(err.toString().contains("--commits with workload INSERT"), err.toString());
    }

    @Test
    void json_holds_interleaved_rounds_and_ratios(@TempDir Path directory) throws Exception {
        Path json = directory.resolve("result.json");
        run(
                "workload",
                "--url",
                h2("one"),
                "--against",
                h2("two"),
                "--floor",
                "--dir",
                directory.toString(),
                "--rounds",
                "2",
                "--seconds",
                "1",
                "--warm-up",
                "0",
                "--json",
                json.toString());
        Map<String, Object> whole = JSON.std.mapFrom(Files.readString(json));
        Map<?, ?> result = (Map<?, ?>) ((List<?>) whole.get("results")).get(0);
        List<String> order = ((List<?>) result.get("rounds"))
                .stream()
                        .map(round -> ((Map<?, ?>) round).get("target").toString())
                        .toList();
        assertEquals(List.of("url", "against", "floor", "floor", "against", "url"), order);
        Map<?, ?> ratios = (Map<?, ?>) result.get("ratios");
        assertEquals(List.of("against", "floor"), List.copyOf(ratios.keySet()));
    }

    @Test
    void a_ratio_is_the_median_with_its_range() {
        assertEquals(
                "2.00 (1.00..9.00)",
                WorkloadReport.Ratio.of(List.of(9.0, 1.0, 2.0)).toString());
        assertEquals(
                "1.50 (1.00..2.00)", WorkloadReport.Ratio.of(List.of(2.0, 1.0)).toString());
    }
}
