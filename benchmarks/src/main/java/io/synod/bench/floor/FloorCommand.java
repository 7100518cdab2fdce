package io.synod.bench.floor;

import io.synod.bench.Round;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code java -jar benchmarks/target/benchmarks.jar floor}. */
@Command(
        name = "floor",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description =
                "What a 2-of-3 commit costs at least here: force, and one loopback round trip and force, in parallel.")
public final class FloorCommand implements Callable<Integer> {
    @Option(names = "--clients", split = ",", defaultValue = "1,4,32", description = "how many clients wait at once")
    private List<Integer> clients;

    @Option(names = "--bytes", defaultValue = "256", description = "of one commit")
    private int bytes;

    @Option(names = "--seconds", defaultValue = "5", description = "of one round")
    private int seconds;

    @Option(names = "--rounds", defaultValue = "3", description = "per number of clients")
    private int rounds;

    @Option(names = "--dir", defaultValue = ".", description = "on the file system to be measured")
    private Path directory;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        Files.createDirectories(directory);
        out.println("file system: " + Files.getFileStore(directory));
        try (Floor floor = new Floor(directory, bytes)) {
            for (int n : clients) {
                floor.run(n, TimeUnit.SECONDS.toNanos(1));
                for (int round = 0; round < rounds; round++) {
                    Round result = floor.run(n, TimeUnit.SECONDS.toNanos(seconds));
                    out.printf("%4d clients  %s%n", n, result.line());
                    out.flush();
                }
            }
        }
        return 0;
    }
}
