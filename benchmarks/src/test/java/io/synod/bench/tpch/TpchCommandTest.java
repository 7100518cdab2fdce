package io.synod.bench.tpch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.bench.BenchCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class TpchCommandTest {
    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void it_compares_rows_tells_ratios_and_leaves_no_file(int databases, @TempDir Path directory) throws Exception {
        StringWriter out = new StringWriter();
        int code = new CommandLine(new BenchCommand())
                .setOut(new PrintWriter(out, true))
                .execute(
                        "tpch",
                        "--scale",
                        "0.01",
                        "--rounds",
                        "2",
                        "--queries",
                        "6,12",
                        "--databases",
                        "" + databases,
                        "--dir",
                        directory.toString());
        String text = out.toString();
        assertEquals(0, code, text);
        String[] lines = text.split("\\R");
        assertEquals(3, lines.length, text);
        assertTrue(lines[0].startsWith("Q6 ") && lines[0].endsWith(", 0 rows shipped"), text);
        assertTrue(
                lines[1].startsWith("Q12 ")
                        && lines[1].contains(databases + " databases")
                        && !lines[1].contains(", 0 rows"),
                text);
        assertTrue(lines[2].startsWith("2 queries, 2 rounds, scale 0.01: geometric mean"), text);
        try (var left = Files.list(directory)) {
            assertEquals(0, left.count());
        }
    }
}
