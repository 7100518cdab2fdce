package io.synod.engine.operations;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        versionProvider = SynodCommand.Version.class,
        description = {
            "Shows the members of a database: role, epoch, indexes of the log, lag, lease, size, address.",
            "Exit code 0: some member leads; 1: none does, or nobody answers."
        })
final class StatusCommand implements Callable<Integer> {
    @Mixin
    private ConnectionOptions database;

    @Option(names = "--json", description = "one JSON object instead of a table")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        try (StatusReader reader = new StatusReader(database)) {
            ClusterStatus status = reader.readFromEach();
            out.print(json ? status.json() + System.lineSeparator() : status.table());
            out.flush();
            return status.leader().isPresent() ? 0 : SynodCommand.FAILED;
        }
    }
}
