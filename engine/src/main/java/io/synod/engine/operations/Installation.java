package io.synod.engine.operations;

import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What child processes run.
 *
 * @param command the start of every command line, up to the arguments of {@code synod}
 */
public record Installation(List<String> command) {
    // A node is a small process beside an application; several of them share the machine of a demo or a test.
    private static final List<String> JVM_OPTIONS = List.of("-Xmx512m", "-XX:+UseSerialGC");

    /** The one that this process runs from, be it {@code synod.jar} or a class path of a build. */
    public static Installation running() {
        return of(List.of("-cp", System.getProperty("java.class.path"), SynodCommand.class.getName()));
    }

    /** The same with further options for its JVM; of contradicting ones the last counts. */
    public Installation with(List<String> jvmOptions) {
        List<String> changed = new ArrayList<>(command);
        changed.addAll(1 + JVM_OPTIONS.size(), jvmOptions);
        return new Installation(List.copyOf(changed));
    }

    /**
     * The one in a directory that holds {@code synod.jar}.
     *
     * @throws NoSuchFileException when it does not
     */
    public static Installation at(Path directory) throws NoSuchFileException {
        Path jar = directory.resolve("synod.jar");
        if (!Files.isRegularFile(jar)) {
            throw new NoSuchFileException(
                    jar.toString(),
                    null,
                    "there is no installation; 'mvn -DskipTests package' makes engine/target/synod");
        }
        return of(List.of("-jar", jar.toString()));
    }

    private static Installation of(List<String> program) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM_OPTIONS);
        command.addAll(program);
        return new Installation(List.copyOf(command));
    }
}
