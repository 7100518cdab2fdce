package io.synod.engine.faults;

import io.synod.engine.failover.TestCluster;
import io.synod.engine.operations.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Which release a node runs from its next start on: the one that this test was compiled from, or the one before it, whose
 * {@code synod.jar} {@code -Dfaults.previous} names. A file of arguments of its JVM says which, so the node's command line stays.
 */
final class Releases {
    private static final String PREVIOUS = System.getProperty("faults.previous", "");
    private static final long COMMAND_MINUTES = 3;

    private final Path directory;
    private final List<String> java;
    private final List<String> present;

    /** @param directory where a file for each node says what it runs */
    Releases(Path directory) {
        this.directory = directory;
        List<String> command = TestCluster.quick().command();
        int program = command.indexOf("-cp");
        this.java = command.subList(0, program);
        this.present = command.subList(program, command.size());
    }

    /** @return whether there is another release; else why not */
    static String missing() {
        if (PREVIOUS.isBlank()) {
            return "no -Dfaults.previous=…/synod.jar of the release before, with its directory lib beside it";
        }
        return Files.isRegularFile(Path.of(PREVIOUS)) ? "" : "there is no file " + PREVIOUS;
    }

    /** The start of the node's command line, up to the arguments of {@code synod}. */
    List<String> command(String node) {
        List<String> command = new ArrayList<>(java);
        command.add("@" + file(node));
        return command;
    }

    /** From its next start on the node runs what this test was compiled from. */
    void present(String node) throws IOException {
        write(node, present);
    }

    /** From its next start on the node runs the release before. */
    void previous(String node) throws IOException {
        write(node, List.of("-jar", PREVIOUS));
    }

    private void write(String node, List<String> program) throws IOException {
        Files.writeString(
                file(node),
                program.stream()
                        .map(word -> '"' + word.replace("\\", "\\\\").replace("\"", "\\\"") + '"')
                        .collect(Collectors.joining("\n")));
    }

    /** Runs a command of the release before, with its driver. @return its exit code */
    int previousSynod(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                Installation.at(Path.of(PREVIOUS).toAbsolutePath().getParent()).command());
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).inheritIO().start();
        if (!process.waitFor(COMMAND_MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new IOException("the release before did not end within " + COMMAND_MINUTES + " min: " + arguments[0]);
        }
        return process.exitValue();
    }

    private Path file(String node) {
        return directory.resolve(node + ".release");
    }
}
