package io.synod.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the build leaves in {@code engine/target/synod}; 'mvn verify' packages it before this module is tested. */
class InstallationTest {
    private static final Path INSTALLATION = Path.of("..", "engine", "target", "synod");
    private static final List<String> UNWANTED = List.of(
            "chronicle-analytics",
            "compiler",
            "affinity",
            "jna",
            "jnr",
            "jffi",
            "asm",
            "commons-cli",
            "jansi",
            "junit");

    @BeforeEach
    void skipWithoutPackage() {
        assumeTrue(
                Files.isRegularFile(INSTALLATION.resolve("synod.jar")),
                "not packaged in this run ('mvn verify' does, 'mvn test' does not)");
    }

    private static List<Path> libraries() throws IOException {
        try (Stream<Path> files = Files.list(INSTALLATION.resolve("lib"))) {
            return files.sorted().toList();
        }
    }

    private static String artifact(Path jar) {
        return jar.getFileName().toString().replaceFirst("-\\d.*", "");
    }

    @Test
    void no_library_is_there_twice() throws IOException {
        List<String> artifacts =
                libraries().stream().map(InstallationTest::artifact).toList();
        assertEquals(new TreeSet<>(artifacts).size(), artifacts.size(), artifacts.toString());
        assertTrue(artifacts.containsAll(List.of("synod-driver", "synod-replication", "synod-engine", "h2")));
    }

    @Test
    void no_class_is_in_two_libraries() throws IOException {
        Map<String, Path> owners = new HashMap<>();
        for (Path library : libraries()) {
            try (JarFile jar = new JarFile(library.toFile())) {
                jar.stream()
                        .map(entry -> entry.getName())
                        .filter(name ->
                                name.endsWith(".class") && !name.contains("META-INF/") && !name.endsWith("-info.class"))
                        .forEach(name -> {
                            Path other = owners.put(name, library);
                            assertEquals(null, other, () -> name + " is in " + library + " as well");
                        });
            }
        }
    }

    @Test
    void nothing_unwanted_is_there() throws IOException {
        for (Path library : libraries()) {
            for (String unwanted : UNWANTED) {
                assertTrue(
                        !artifact(library).equals(unwanted)
                                && !artifact(library).startsWith(unwanted + "-"),
                        library.toString());
            }
        }
    }

    @Test
    void the_launcher_names_every_library_and_nothing_else() throws IOException {
        try (JarFile launcher = new JarFile(INSTALLATION.resolve("synod.jar").toFile())) {
            TreeSet<String> named = new TreeSet<>(Arrays.asList(launcher.getManifest()
                    .getMainAttributes()
                    .getValue("Class-Path")
                    .split(" ")));
            TreeSet<String> there = new TreeSet<>();
            for (Path library : libraries()) {
                there.add("lib/" + library.getFileName());
            }
            assertEquals(there, named);
        }
    }

    @Test
    void the_command_line_starts_and_prints_nothing_else() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-jar",
                        INSTALLATION.resolve("synod.jar").toString(),
                        "--version")
                .redirectErrorStream(true)
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
        assertTrue(printed.matches("synod \\d+\\.\\d+\\.\\d+\\S*\\R"), printed);
    }
}
