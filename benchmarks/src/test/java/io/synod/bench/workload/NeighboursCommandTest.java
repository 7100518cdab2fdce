package io.synod.bench.workload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.bench.BenchCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class NeighboursCommandTest {
    @Test
    void it_tells_ratios_of_each_statement_and_leaves_no_file(@TempDir Path directory) throws Exception {
        StringWriter out = new StringWriter();
        int code = new CommandLine(new BenchCommand())
                .setOut(new PrintWriter(out, true))
                .execute("neighbours", "--rounds", "1", "--millis", "1", "--dir", directory.toString());
        String text = out.toString();
        assertEquals(0, code, text);
        String[] lines = text.split("\\R");
        assertEquals(6, lines.length, text);
        for (String line : lines) {
            assertTrue(line.contains("h2 ") && line.contains(" bytes") && line.contains("neighbours / alone "), text);
        }
        try (var left = Files.list(directory)) {
            assertEquals(0, left.count());
        }
    }
}
