package io.synod.engine.operations;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "space",
        mixinStandardHelpOptions = true,
        versionProvider = SynodCommand.Version.class,
        description = {
            "Shows how much space the database's file takes on each member, and how much of it is current.",
            "With --reclaim, each member gives back what is not, one after the other, the leader last: it hands leadership"
                    + " over first.",
            "Exit code 0: done on all; 1: a member did not answer, or could not do it now."
        })
final class SpaceCommand implements Callable<Integer> {
    @Mixin
    private ConnectionOptions database;

    @Option(names = "--reclaim", description = "give back what is not current")
    private boolean reclaim;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        boolean done = true;
        for (ConnectionOptions member : members()) {
            try (Connection connection = member.connect();
                    Statement statement = connection.createStatement()) {
                done &= !reclaim || reclaim(statement, out);
                show(statement, out);
            }
        }
        return done ? 0 : SynodCommand.FAILED;
    }

    /** The leader last. */
    private List<ConnectionOptions> members() throws SQLException {
        ClusterStatus status;
        try (Connection connection = database.connect()) {
            status = ClusterStatus.read(connection);
        }
        if (status.members().size() == 1) {
            return List.of(database);
        }
        List<MemberStatus> sorted = new ArrayList<>(status.withCopies());
        sorted.sort(Comparator.comparing(MemberStatus::leads));
        return sorted.stream()
                .map(member -> database.at(member.address(), status.database()))
                .toList();
    }

    private static boolean reclaim(Statement statement, PrintWriter out) throws SQLException {
        try (ResultSet rows = statement.executeQuery("CALL SYNOD.RECLAIM()")) {
            rows.next();
            long before = rows.getLong("BYTES_BEFORE");
            if (rows.wasNull()) {
                out.println(rows.getString("NODE")
                        + ": not now, since a snapshot is being sent or statements that write never paused");
                return false;
            }
            out.println(rows.getString("NODE") + ": " + before + " bytes are " + rows.getLong("BYTES_AFTER")
                    + " now, writing stood still for " + rows.getLong("PAUSE_MILLIS") + " ms");
            return true;
        }
    }

    private static void show(Statement statement, PrintWriter out) throws SQLException {
        try (ResultSet rows = statement.executeQuery("CALL SYNOD.SPACE()")) {
            rows.next();
            String rebuilt = rows.getString("REBUILT");
            out.println(rows.getString("NODE") + ": " + rows.getLong("FILE_BYTES") + " bytes, "
                    + rows.getInt("FILL_PERCENT") + " % current, checkpoint at index "
                    + rows.getLong("CHECKPOINT_INDEX")
                    + (rebuilt == null ? "" : ", rebuilt " + rebuilt));
        }
    }
}
