package io.synod.engine.operations;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "node",
        mixinStandardHelpOptions = true,
        versionProvider = SynodCommand.Version.class,
        description = {
            "Runs one node in the foreground. Prints 'synod node NAME ready' once it serves, and a line at each change of role.",
            "SIGTERM (or Ctrl-C): finishes what runs, hands leadership over, writes a checkpoint, exits with 0."
        })
final class NodeCommand implements Callable<Integer> {
    @Option(names = "--name", required = true, paramLabel = "NAME", description = "name of this node, one per cluster")
    private String name;

    @Option(names = "--dir", required = true, paramLabel = "DIR", description = "directory for its data, its own")
    private Path directory;

    @Option(
            names = "--listen",
            required = true,
            paramLabel = "HOST:PORT",
            description = "where the other nodes reach this one")
    private String listen;

    @Option(names = "--sql", required = true, paramLabel = "HOST:PORT", description = "where clients reach it")
    private String sql;

    @Option(
            names = "--peers",
            split = ",",
            paramLabel = "NAME@HOST:PORT",
            description = "the other nodes: their names and their --listen addresses")
    private List<String> peers = new ArrayList<>();

    @Option(
            names = "--database",
            split = ",",
            paramLabel = "NAME",
            description = "a database to host, the same ones on all nodes; may be repeated")
    private List<String> databases = new ArrayList<>();

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "a setting as in a JDBC URL, for example --set HEARTBEAT_MS=50; may be repeated")
    private Map<String, String> settings = new LinkedHashMap<>();

    @Option(
            names = "--exit-with-parent",
            hidden = true,
            description = "exits when standard input ends, so that no node outlives a program that started it")
    private boolean exitWithParent;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        throw new UnsupportedOperationException(
                "node " + name + directory + listen + sql + peers + databases + settings + exitWithParent + out);
    }
}
