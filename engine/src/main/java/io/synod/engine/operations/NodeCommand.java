package io.synod.engine.operations;

import io.synod.jdbc.SynodUrl;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
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
            names = "--join",
            description =
                    "this node was added to a cluster that runs (synod member add), and has a new directory; --peers are nodes of"
                            + " that cluster")
    private boolean join;

    @Option(
            names = "--witness",
            description =
                    "as --join, and the node was added as a witness (synod member add --witness): it votes and keeps the log, and"
                            + " has no copy of its databases")
    private boolean witness;

    @Option(
            names = "--database",
            split = ",",
            paramLabel = "NAME",
            description = "a database to host, the same ones on all nodes; may be repeated")
    private List<String> databases = new ArrayList<>();

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "a setting as in a JDBC URL, for example --set LOG_LIMIT=256; may be repeated")
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
        NodeRun run = new NodeRun(name, urls(), out, spec.commandLine().getErr());
        if (exitWithParent) {
            NodeRun.exitAtEndOf(System.in);
        }
        return run.untilStopped();
    }

    /**
     * The node's databases as the URLs that would start the same node in an application, so that names, addresses and
     * settings are checked in one place.
     */
    List<SynodUrl> urls() throws SQLException {
        if (databases.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "no database is named; expected --database NAME, the same ones on all nodes");
        }
        StringBuilder own = new StringBuilder(";NODE=" + name + ";LISTEN=" + listen + ";SQL=" + sql);
        if (!peers.isEmpty()) {
            own.append(";PEERS=").append(String.join(",", peers));
        }
        if (join || witness) {
            own.append(witness ? ";JOIN=WITNESS" : ";JOIN=TRUE");
        }
        settings.forEach((key, value) -> own.append(';').append(key).append('=').append(value));
        List<SynodUrl> urls = new ArrayList<>();
        for (String database : databases) {
            urls.add(SynodUrl.parse(SynodUrl.PREFIX + "file:" + directory.resolve(database) + own, null));
        }
        return urls;
    }
}
