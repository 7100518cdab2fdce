package io.synod.engine.badinput;

import io.synod.engine.failover.Await;
import io.synod.engine.operations.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One run of the command line as a process of its own. */
final class SynodRun implements AutoCloseable {
    private final Process process;
    private final Path out;
    private final Path err;

    /** @param directory for what it prints */
    SynodRun(Path directory, List<String> arguments) throws IOException {
        Files.createDirectories(directory);
        out = Files.createTempFile(directory, "run", ".out");
        err = Files.createTempFile(directory, "run", ".err");
        List<String> command = new ArrayList<>(Installation.running().command());
        command.addAll(arguments);
        process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
    }

    /** A node as it would be started by hand. */
    static SynodRun node(Path prints, String name, Path directory, String listen, String sql, String... more)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of("node", "--exit-with-parent", "--name", name));
        arguments.addAll(List.of("--dir", directory.toString(), "--listen", listen, "--sql", sql));
        arguments.addAll(List.of("--database", "shop"));
        arguments.addAll(List.of(more));
        return new SynodRun(prints, arguments);
    }

    int awaitExit() throws InterruptedException {
        if (!process.waitFor(Await.LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("still running; its errors: " + err());
        }
        return process.exitValue();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    String out() {
        return text(out);
    }

    String err() {
        return text(err);
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
