package io.synod.engine.operations;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import sqlline.SqlLine;

@Command(
        name = "sql",
        mixinStandardHelpOptions = true,
        versionProvider = SynodCommand.Version.class,
        description = {
            "A shell on a database, with history and results as tables ('!help' lists its commands, '!quit' leaves).",
            "With -c it runs one statement. Exit code 0: done; 1: the statement failed."
        })
final class SqlCommand implements Callable<Integer> {
    @Mixin
    private ConnectionOptions database;

    @Option(
            names = {"-c", "--command"},
            paramLabel = "STATEMENT",
            description = "runs this statement, prints its result and exits")
    private String statement;

    @Override
    public Integer call() throws Exception {
        // Tried once by ourselves, for an error in our form instead of a shell without a connection.
        database.connect().close();
        if (System.console() == null) {
            // Without a terminal the shell would say on every start that it found none.
            System.setProperty("org.jline.terminal.dumb", "true");
        }
        List<String> arguments = new ArrayList<>(List.of(
                "-d",
                "io.synod.jdbc.SynodDriver",
                "-u",
                database.url(),
                "-n",
                database.user(),
                "-p",
                database.password(),
                "--isolation=TRANSACTION_READ_COMMITTED",
                "--outputformat=table",
                "--maxWidth=200"));
        if (statement != null) {
            arguments.addAll(List.of("--silent=true", "--color=false", "-e", statement));
        }
        SqlLine.Status status = SqlLine.start(arguments.toArray(String[]::new), null, false);
        return status == SqlLine.Status.OK ? 0 : SynodCommand.FAILED;
    }
}
