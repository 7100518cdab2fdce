package io.synod.engine.operations;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "scrub",
        mixinStandardHelpOptions = true,
        versionProvider = SynodCommand.Version.class,
        description = {
            "Has each member, one after the other, read its log and the files of all its databases, compare them with their"
                    + " checksums, and begin to repair what is damaged.",
            "Exit code 0: all is whole; 1: damage was found (repaired or not), or a member did not answer."
        })
final class ScrubCommand implements Callable<Integer> {
    @Mixin
    private ConnectionOptions database;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        ClusterStatus status;
        try (Connection connection = database.connect()) {
            status = ClusterStatus.read(connection);
        }
        boolean whole = true;
        for (MemberStatus member : status.withCopies()) {
            // Each asked at its own address, whatever the URL says. A single node may have none.
            ConnectionOptions at =
                    status.members().size() == 1 ? database : database.at(member.address(), status.database());
            try {
                whole &= scrub(at, out);
            } catch (SQLException e) {
                whole = false;
                spec.commandLine()
                        .getErr()
                        .println("synod: member " + member.name() + " at " + member.address() + " was not looked at: "
                                + SynodCommand.oneLine(e).substring("synod: ".length()));
            }
        }
        return whole ? 0 : SynodCommand.FAILED;
    }

    private static boolean scrub(ConnectionOptions at, PrintWriter out) throws SQLException {
        boolean whole = true;
        try (Connection connection = at.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("CALL SYNOD.SCRUB()")) {
            while (rows.next()) {
                String damage = rows.getString("DAMAGE");
                String done = rows.getString("DONE");
                out.println(rows.getString("NODE") + ": " + rows.getString("FILE_NAME") + ", " + rows.getLong("BYTES")
                        + " bytes: "
                        + (damage == null ? "whole" : "DAMAGED: " + damage + (done == null ? "" : ": " + done)));
                whole &= damage == null;
            }
        }
        return whole;
    }
}
