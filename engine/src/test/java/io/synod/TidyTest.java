package io.synod;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** House rules that can be broken unseen, over the sources of all modules. */
class TidyTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final List<String> MODULES =
            List.of("driver", "replication", "engine", "engine/clients", "benchmarks");

    @Test
    void nothing_is_left_undone_or_switched_off() {
        // Spelled in halves, so that this file does not find itself.
        Pattern undone = Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b|@Dis" + "abled\\b|@Ig" + "nore\\b");
        assertEquals(List.of(), linesMatching(undone, "src"));
    }

    @Test
    void tests_await_conditions_and_never_sleep() {
        assertEquals(List.of(), linesMatching(Pattern.compile("Thread\\.sl" + "eep\\("), "src/test"));
    }

    @Test
    void libraries_do_not_print() {
        Pattern print = Pattern.compile("System\\.(out|err)\\.print|printStackTrace\\(");
        List<String> found = new ArrayList<>();
        for (String module : List.of("driver", "replication")) {
            found.addAll(linesMatching(print, module, "src/main"));
        }
        assertEquals(List.of(), found);
    }

    @Test
    void every_package_says_what_it_is_for() {
        List<Path> silent = new ArrayList<>();
        for (String module : MODULES) {
            Path sources = ROOT.resolve(module).resolve("src/main/java");
            for (Path directory : files(sources).map(Path::getParent).distinct().toList()) {
                if (!Files.exists(directory.resolve("package-info.java"))
                        && !directory.toString().contains("org/h2")) {
                    silent.add(ROOT.relativize(directory));
                }
            }
        }
        assertEquals(List.of(), silent, "packages without package-info.java");
    }

    private static List<String> linesMatching(Pattern pattern, String part) {
        List<String> found = new ArrayList<>();
        for (String module : MODULES) {
            found.addAll(linesMatching(pattern, module, part));
        }
        return found;
    }

    private static List<String> linesMatching(Pattern pattern, String module, String part) {
        assertTrue(Files.isDirectory(ROOT.resolve(module)), ROOT + " holds the modules");
        List<String> found = new ArrayList<>();
        for (Path file : files(ROOT.resolve(module).resolve(part)).toList()) {
            try {
                int number = 0;
                for (String line : Files.readAllLines(file)) {
                    number++;
                    if (pattern.matcher(line).find()) {
                        found.add(ROOT.relativize(file) + ":" + number + " " + line.strip());
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return found;
    }

    private static Stream<Path> files(Path directory) {
        if (!Files.isDirectory(directory)) {
            return Stream.empty();
        }
        try (Stream<Path> walk = Files.walk(directory)) {
            return walk.filter(f -> f.toString().endsWith(".java")).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
