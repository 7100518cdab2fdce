package io.synod;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the documentation says shows something is there. */
class DocsTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    /** A class of tests, perhaps with a method. */
    private static final Pattern TEST = Pattern.compile("`([A-Z][A-Za-z0-9]*[a-z0-9](?:Test|IT))(?:\\.([a-z]\\w*))?`");

    private static final String SHOWN_BY = "| shown by |";

    private static Map<String, Path> tests() throws IOException {
        Map<String, Path> tests = new HashMap<>();
        for (String module : List.of("driver", "replication", "engine", "engine/clients", "benchmarks")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
                files.filter(file -> file.toString().endsWith(".java"))
                        .forEach(file -> tests.put(file.getFileName().toString().replace(".java", ""), file));
            }
        }
        return tests;
    }

    @Test
    void every_test_that_is_named_exists() throws IOException {
        Map<String, Path> tests = tests();
        List<String> missing = new ArrayList<>();
        int named = 0;
        for (String page : List.of("guarantees.md", "faults.md", "testing.md")) {
            Matcher found = TEST.matcher(Files.readString(ROOT.resolve("docs").resolve(page)));
            while (found.find()) {
                named++;
                Path file = tests.get(found.group(1));
                String method = found.group(2);
                if (file == null || method != null && !Files.readString(file).contains("void " + method + "(")) {
                    missing.add(page + ": " + found.group());
                }
            }
        }
        assertEquals(List.of(), missing);
        assertTrue(named > 80, "only " + named + " tests are named");
    }

    @Test
    void every_promise_has_a_test() throws IOException {
        List<String> bare = new ArrayList<>();
        int promises = 0;
        boolean within = false;
        for (String line : Files.readAllLines(ROOT.resolve("docs/guarantees.md"))) {
            if (!within) {
                within = line.endsWith(SHOWN_BY);
            } else if (!line.startsWith("|")) {
                within = false;
            } else if (!line.startsWith("| ---")) {
                promises++;
                String[] cells = line.split("\\|");
                if (!TEST.matcher(cells[cells.length - 1]).find()) {
                    bare.add(line);
                }
            }
        }
        assertEquals(List.of(), bare);
        assertTrue(promises > 25, "only " + promises + " promises");
    }
}
