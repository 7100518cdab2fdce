package io.synod.engine.operations;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "transfer",
        mixinStandardHelpOptions = true,
        versionProvider = SynodCommand.Version.class,
        description = {
            "Moves a database's leadership to a node, which has everything before it leads. Clients go on; what is open in",
            "transactions on the old leader gets 40001.",
            "Exit code 0: that node leads; 1: it was not reachable or did not catch up in time, and nothing has changed."
        })
final class TransferCommand implements Callable<Integer> {
    private static final long NEWS_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long PAUSE_MILLIS = 10;

    @Mixin
    private ConnectionOptions database;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "DATABASE",
            description = "another database of the same nodes (default: the URL's)")
    private String name;

    @Parameters(
            index = "2",
            arity = "0..1",
            paramLabel = "NODE",
            description = "the node that is to lead (default: the one that has most of the log)")
    private String node;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws SQLException, InterruptedException {
        ConnectionOptions options = name == null ? database : database.sibling(name);
        PrintWriter out = spec.commandLine().getOut();
        try (Connection connection = options.connect()) {
            String shown = name == null ? own(connection) : name;
            String before = leader(connection);
            boolean moved = transfer(connection);
            String after = leader(connection);
            if (moved) {
                after = node != null ? node : awaitOther(connection, before);
            }
            String leads = after == null ? "no leader is known yet" : after + " leads";
            if (moved) {
                out.println(shown + ": " + leads);
            } else {
                String who = node == null ? "no other node was" : node + " was not";
                out.println(shown + ": " + who + " reachable and caught up in time; " + leads
                        + "; try again when 'synod status' shows it without lag");
            }
            out.flush();
            return moved ? 0 : SynodCommand.FAILED;
        }
    }

    private static String own(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("CALL SYNOD.STATUS()")) {
            return rows.next() ? rows.getString("DATABASE_NAME") : connection.getCatalog();
        }
    }

    private boolean transfer(Connection connection) throws SQLException {
        String call = node == null ? "CALL SYNOD.TRANSFER()" : "CALL SYNOD.TRANSFER(?)";
        try (PreparedStatement statement = connection.prepareStatement(call)) {
            if (node != null) {
                statement.setString(1, node);
            }
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getBoolean(1);
            }
        }
    }

    /** The node that is asked hears of it a moment later. */
    private static String awaitOther(Connection connection, String before) throws SQLException, InterruptedException {
        long start = System.nanoTime();
        String now = leader(connection);
        while ((now == null || now.equals(before)) && System.nanoTime() - start < NEWS_NANOS) {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            now = leader(connection);
        }
        return now;
    }

    /** @return {@code null} when the node that is asked knows none */
    private static String leader(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("CALL SYNOD.LEADER()")) {
            return rows.next() ? rows.getString("NODE") : null;
        }
    }
}
