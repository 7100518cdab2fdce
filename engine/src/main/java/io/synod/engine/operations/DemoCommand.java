package io.synod.engine.operations;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        versionProvider = SynodCommand.Version.class,
        description = {
            "Starts three nodes on this machine, loads TPC-H data, enters orders while it kills the leader twice with",
            "kill -9, and checks that no acknowledged order is lost or doubled. Takes about a minute, leaves nothing behind.",
            "With --across, orders in one database take their goods from another one, in one transaction; killed are the node",
            "that commits and the leader of one of the databases.",
            "Exit code 0: all held; 1: something did not, or could not be run."
        })
final class DemoCommand implements Callable<Integer> {
    @Option(names = "--across", description = "transactions over two databases")
    private boolean across;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Path directory = Files.createTempDirectory("synod-demo-");
        DemoReport report = new DemoReport(spec.commandLine().getOut());
        DemoRun demo = across
                ? new AcrossDemo(new AcrossReport(report), Installation.running(), directory)
                : new Demo(report, Installation.running(), directory);
        // Also at Ctrl-C: no process and no file stays.
        Thread cleanUp = new Thread(() -> cleanUp(demo, directory), "demo-clean-up");
        Runtime.getRuntime().addShutdownHook(cleanUp);
        try {
            return demo.run() ? 0 : SynodCommand.FAILED;
        } finally {
            cleanUp(demo, directory);
        }
    }

    private synchronized void cleanUp(DemoRun demo, Path directory) {
        demo.abort();
        try {
            delete(directory);
        } catch (IOException e) {
            spec.commandLine().getErr().println("synod: " + directory + " could not be removed (" + e + "); delete it");
        }
    }

    private static void delete(Path directory) throws IOException {
        try {
            Files.walkFileTree(directory, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                    if (failure != null) {
                        throw failure;
                    }
                    Files.deleteIfExists(visited);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (NoSuchFileException gone) {
            // Cleaned up already: the hook runs after a normal end, too.
            return;
        }
    }
}
