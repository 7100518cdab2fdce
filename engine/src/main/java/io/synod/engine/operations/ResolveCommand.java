package io.synod.engine.operations;

import io.synod.branch.BranchState;
import io.synod.branch.Participant;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "resolve",
        mixinStandardHelpOptions = true,
        versionProvider = SynodCommand.Version.class,
        description = {
            "Shows the transactions over several databases, this one among them, that are not decided: how each database knows them,",
            "and what the databases will do, or wait for. They end them by themselves; with a transaction's name this is",
            "done now, as an administrator. How it ends is decided by the databases, never by who asks.",
            "Exit code 0: shown, or it has ended; 1: one waits for a database without a leader, or is not decided yet."
        })
final class ResolveCommand implements Callable<Integer> {
    private static final String[] TITLES = {"transaction", "age ms", "home", "databases"};

    @Mixin
    private ConnectionOptions database;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "TRANSACTION",
            description = "the name of one that is to be ended now")
    private String gid;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        boolean well = gid == null ? show(out) : end(out);
        out.flush();
        return well ? 0 : SynodCommand.FAILED;
    }

    private boolean show(PrintWriter out) throws SQLException {
        GlobalTransactions transactions = new GlobalTransactions(database);
        List<String[]> table = new ArrayList<>();
        table.add(TITLES);
        List<String> forecasts = new ArrayList<>();
        boolean well = true;
        for (GlobalTransactions.Row row : transactions.own()) {
            if (!row.state().isDecided()) {
                Map<String, BranchState> states = transactions.states(row);
                Forecast forecast = Forecast.of(row.branch(), states);
                table.add(new String[] {
                    row.gid(),
                    row.ageMillis() < 0 ? "-" : Long.toString(row.ageMillis()),
                    row.branch().home(),
                    databases(row, states)
                });
                forecasts.add(row.gid() + " " + forecast.text());
                well &= !forecast.waits();
            }
        }
        if (forecasts.isEmpty()) {
            out.println("no transaction over several databases is undecided here");
        } else {
            out.print(TextTable.of(table));
            forecasts.forEach(out::println);
        }
        return well;
    }

    private static String databases(GlobalTransactions.Row row, Map<String, BranchState> states) {
        List<String> all = new ArrayList<>();
        for (Participant participant : row.branch().participants()) {
            BranchState state = states.get(participant.database());
            all.add(participant.database() + " "
                    + (state == null ? "without leader" : state.name().toLowerCase(Locale.ROOT)));
        }
        return String.join(", ", all);
    }

    private boolean end(PrintWriter out) throws SQLException {
        GlobalTransactions transactions = new GlobalTransactions(database);
        Forecast before = forecast(transactions);
        // Nobody could end it now, and it would only be waited for.
        String decision = before != null && before.waits() ? null : transactions.terminate(gid);
        if (decision != null) {
            out.println(gid + ": " + decision.toLowerCase(Locale.ROOT));
            return true;
        }
        Forecast after = forecast(new GlobalTransactions(database));
        out.println(
                after == null
                        ? gid + ": nothing is known of it in this database: never prepared here, or ended long ago"
                        : gid + ": not ended everywhere yet; it " + after.text());
        return false;
    }

    /** @return {@code null} where nothing is known of it */
    private Forecast forecast(GlobalTransactions transactions) throws SQLException {
        for (GlobalTransactions.Row row : transactions.own()) {
            if (row.gid().equals(gid) && row.branch() != null) {
                return Forecast.of(row.branch(), transactions.states(row));
            }
        }
        return null;
    }
}
