package io.synod.engine.operations;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
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

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        // Connected by ourselves first, for an error in our form instead of a shell without a connection.
        try (Connection connection = database.connect()) {
            if (statement != null) {
                execute(connection);
                return 0;
            }
        }
        return shell();
    }

    private int shell() throws Exception {
        if (System.console() == null) {
            // Without a terminal the shell would say on every start that it found none.
            System.setProperty("org.jline.terminal.dumb", "true");
        }
        String[] arguments = {
            "-u",
            database.url(),
            "-n",
            database.user(),
            "-p",
            database.password(),
            "--isolation=TRANSACTION_READ_COMMITTED",
            "--outputformat=table"
        };
        return SqlLine.start(arguments, null, false) == SqlLine.Status.OK ? 0 : SynodCommand.FAILED;
    }

    // Not through the shell: it answers a statement that was given as an option and fails with a stack trace.
    private void execute(Connection connection) throws SQLException {
        PrintWriter out = spec.commandLine().getOut();
        try (Statement running = connection.createStatement()) {
            if (!running.execute(statement)) {
                out.println(running.getLargeUpdateCount() + " rows changed");
                return;
            }
            try (ResultSet rows = running.getResultSet()) {
                out.print(table(rows));
                out.flush();
            }
        }
    }

    private static String table(ResultSet rows) throws SQLException {
        ResultSetMetaData columns = rows.getMetaData();
        int count = columns.getColumnCount();
        List<String[]> table = new ArrayList<>();
        String[] titles = new String[count];
        for (int column = 0; column < count; column++) {
            titles[column] = columns.getColumnLabel(column + 1);
        }
        table.add(titles);
        while (rows.next()) {
            String[] row = new String[count];
            for (int column = 0; column < count; column++) {
                String value = rows.getString(column + 1);
                row[column] = value == null ? "NULL" : value;
            }
            table.add(row);
        }
        return TextTable.of(table);
    }
}
