package io.synod.engine.operations;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Who belongs to a cluster that runs, and changes of that. */
@Command(
        name = "member",
        mixinStandardHelpOptions = true,
        versionProvider = SynodCommand.Version.class,
        description = {
            "Shows and changes which nodes are members. A change is made in all databases of the node that is asked, as an"
                    + " administrator.",
            "A node comes in three steps: add it, start it with --join on an empty directory, promote it when it has caught up."
        },
        subcommands = {
            MemberCommand.Show.class,
            MemberCommand.Add.class,
            MemberCommand.Promote.class,
            MemberCommand.Demote.class,
            MemberCommand.Address.class,
            MemberCommand.Remove.class
        })
final class MemberCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "a command is missing: list, add, promote, demote, address or remove");
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            versionProvider = SynodCommand.Version.class,
            description = {
                "Shows the members of the database: whether they vote, and how far they are behind, as far as the node that is asked"
                        + " knows; the leader knows all."
            })
    static final class Show implements Callable<Integer> {
        private static final String[] TITLES = {"member", "membership", "role", "behind", "behind ms", "address"};

        @Mixin
        private ConnectionOptions database;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws SQLException {
            List<String[]> table = new ArrayList<>();
            table.add(TITLES);
            try (Connection connection = database.locally().connect();
                    Statement statement = connection.createStatement();
                    ResultSet rows =
                            statement.executeQuery("SELECT NODE, MEMBERSHIP, ROLE, REACHABLE, LAG_ENTRIES, LAG_MILLIS,"
                                    + " ADDRESS FROM SYNOD.MEMBERS ORDER BY NODE")) {
                while (rows.next()) {
                    table.add(new String[] {
                        rows.getString("NODE"),
                        lower(rows.getString("MEMBERSHIP")),
                        rows.getBoolean("REACHABLE") ? lower(rows.getString("ROLE")) : "unreachable",
                        orDash(rows.getString("LAG_ENTRIES")),
                        orDash(rows.getString("LAG_MILLIS")),
                        rows.getString("ADDRESS")
                    });
                }
            }
            PrintWriter out = spec.commandLine().getOut();
            out.print(TextTable.of(table));
            out.flush();
            return 0;
        }
    }

    @Command(
            name = "add",
            mixinStandardHelpOptions = true,
            versionProvider = SynodCommand.Version.class,
            description = {
                "Makes a node a learner: it gets everything and does not vote. Start it then, with --join on an empty directory."
            })
    static final class Add implements Callable<Integer> {
        @Mixin
        private ConnectionOptions database;

        @Parameters(index = "1", paramLabel = "NAME@HOST:PORT", description = "its --name and its --listen address")
        private String member;

        @Option(
                names = "--witness",
                description =
                        "makes it a witness instead, which votes at once, keeps the log and has no copy of the databases; start it"
                                + " with --witness")
        private boolean witness;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws SQLException {
            return witness
                    ? change(spec, database, "MEMBER_ADD", member, "WITNESS")
                    : change(spec, database, "MEMBER_ADD", member);
        }
    }

    @Command(
            name = "promote",
            mixinStandardHelpOptions = true,
            versionProvider = SynodCommand.Version.class,
            description = {"Makes a learner that has caught up a voter: from then on the majority is counted with it."})
    static final class Promote implements Callable<Integer> {
        @Mixin
        private ConnectionOptions database;

        @Parameters(index = "1", paramLabel = "NAME", description = "the learner")
        private String member;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws SQLException {
            return change(spec, database, "MEMBER_PROMOTE", member);
        }
    }

    @Command(
            name = "demote",
            mixinStandardHelpOptions = true,
            versionProvider = SynodCommand.Version.class,
            description = {"Makes a voter a learner: it gets everything, and the majority is counted without it."})
    static final class Demote implements Callable<Integer> {
        @Mixin
        private ConnectionOptions database;

        @Parameters(index = "1", paramLabel = "NAME", description = "the voter")
        private String member;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws SQLException {
            return change(spec, database, "MEMBER_DEMOTE", member);
        }
    }

    @Command(
            name = "address",
            mixinStandardHelpOptions = true,
            versionProvider = SynodCommand.Version.class,
            description = {
                "Tells the members that a node is reached at another --listen address: stop it, tell them, move its directory, and"
                        + " start it there. Where clients reach it (--sql) it says itself."
            })
    static final class Address implements Callable<Integer> {
        @Mixin
        private ConnectionOptions database;

        @Parameters(index = "1", paramLabel = "NAME@HOST:PORT", description = "its --name and its new --listen address")
        private String member;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws SQLException {
            return change(spec, database, "MEMBER_ADDRESS", member);
        }
    }

    @Command(
            name = "remove",
            mixinStandardHelpOptions = true,
            versionProvider = SynodCommand.Version.class,
            description = {
                "Removes a node from its databases, also the leader, also one that is gone for good. Nothing is deleted in its"
                        + " directory, but it never comes back under its name."
            })
    static final class Remove implements Callable<Integer> {
        @Mixin
        private ConnectionOptions database;

        @Parameters(index = "1", paramLabel = "NAME", description = "the member")
        private String member;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws SQLException {
            return change(spec, database, "MEMBER_REMOVE", member);
        }
    }

    /** @param arguments of the procedure: the member, and, where that is to be looked at, what it is to be then */
    private static int change(CommandSpec spec, ConnectionOptions database, String procedure, String... arguments)
            throws SQLException {
        String marks = "?" + ", ?".repeat(arguments.length - 1);
        PrintWriter out = spec.commandLine().getOut();
        boolean otherwise = false;
        try (Connection connection = database.connect();
                PreparedStatement call = connection.prepareStatement("CALL SYNOD." + procedure + "(" + marks + ")")) {
            for (int i = 0; i < arguments.length; i++) {
                call.setString(i + 1, arguments[i]);
            }
            try (ResultSet rows = call.executeQuery()) {
                while (rows.next()) {
                    out.println(rows.getString("DATABASE_NAME") + ": " + rows.getString("NODE") + " is "
                            + (rows.getString("MEMBERSHIP").equals("REMOVED") ? "" : "a ")
                            + lower(rows.getString("MEMBERSHIP")));
                    otherwise |= arguments.length > 1 && !arguments[1].equals(rows.getString("MEMBERSHIP"));
                }
            }
        }
        out.flush();
        if (otherwise) {
            spec.commandLine()
                    .getErr()
                    .println("synod: " + arguments[0] + " is no " + lower(arguments[1])
                            + ": the node that was asked is of a release that has none. Have it removed (synod member remove), and"
                            + " add it by a node of this release");
            return SynodCommand.FAILED;
        }
        return 0;
    }

    private static String lower(String text) {
        return text == null ? "-" : text.toLowerCase(Locale.ROOT);
    }

    private static String orDash(String text) {
        return text == null ? "-" : text;
    }
}
