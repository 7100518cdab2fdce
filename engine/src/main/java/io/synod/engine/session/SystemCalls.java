package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.ReadDemand;
import io.synod.engine.database.ReadLevel;
import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import io.synod.engine.writeset.AppliedState;
import io.synod.group.Member;
import io.synod.replica.ReplicatedLog.MemberStatus;
import java.sql.SQLWarning;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.h2.command.CommandInterface;
import org.h2.expression.Parameter;
import org.h2.result.ResultInterface;
import org.h2.result.SimpleResult;
import org.h2.value.TypeInfo;
import org.h2.value.Value;
import org.h2.value.ValueBigint;
import org.h2.value.ValueBoolean;
import org.h2.value.ValueNull;
import org.h2.value.ValueVarchar;

/**
 * The statements that only Synod knows; see the package's description for their text. H2's parser takes none of them, so no
 * application's statement is hidden by them.
 */
final class SystemCalls {
    /**
     * A statement of this kind, with its arguments.
     *
     * @param parameters those of the arguments that are question marks, in their order
     */
    record Call(String name, List<String> arguments, boolean isQuery, ArrayList<Parameter> parameters) {
        Call(String name, List<String> arguments) {
            this(name, arguments, false, new ArrayList<>());
        }

        int commandType() {
            if (name.equals("PREPARE") || name.equals("CAN_COMMIT")) {
                // It ends a transaction, which a client that fails over has to know.
                return CommandInterface.PREPARE_COMMIT;
            }
            return isQuery ? CommandInterface.CALL : CommandInterface.SET;
        }
    }

    private static final List<String> CALLS = List.of(
            "STATUS",
            "RESOLVE",
            "COMMIT",
            "PREPARE",
            "CAN_COMMIT",
            "DECISION",
            "TERMINATE",
            "SETTLE",
            "WARNINGS",
            "LEADER",
            "REQUEST",
            "TRANSFER",
            "MEMBER_ADD",
            "MEMBER_PROMOTE",
            "MEMBER_DEMOTE",
            "MEMBER_ADDRESS",
            "MEMBER_REMOVE",
            "DIGEST_START",
            "DIGEST",
            "LAST_KEY",
            "SPACE",
            "RECLAIM",
            "SCRUB");

    private static final Set<String> SETTINGS = Set.of("READ", "COMMIT", "MAX_STALENESS", "QUIRKS_MODE");

    private SystemCalls() {}

    /** @return {@code null} when the statement is H2's */
    static Call parse(List<Token> tokens) {
        if (tokens.size() >= 4 && SqlText.startsWith(tokens, "CALL", "SYNOD", ".")) {
            String name = tokens.get(3).text();
            if (!CALLS.contains(name)) {
                throw Errors.unknownCall(name, CALLS);
            }
            List<String> arguments = new ArrayList<>();
            ArrayList<Parameter> parameters = new ArrayList<>();
            for (Token token : tokens.subList(4, tokens.size())) {
                if (token.kind() == Kind.LITERAL || token.kind() == Kind.NUMBER) {
                    arguments.add(token.text());
                } else if (token.is("?")) {
                    arguments.add(token.text());
                    parameters.add(new Parameter(parameters.size()));
                } else if (token.kind() != Kind.SYMBOL) {
                    throw Errors.badValue("SYNOD." + name, token.text(), "literals or parameters as arguments");
                }
            }
            if (!parameters.isEmpty() && parameters.size() < arguments.size()) {
                throw Errors.badValue("SYNOD." + name, "with literals and parameters", "either as arguments");
            }
            return new Call(name, arguments, true, parameters);
        }
        if (tokens.size() < 3 || !tokens.get(0).is("SET")) {
            return null;
        }
        int value = tokens.get(2).is("=") ? 3 : 2;
        if (tokens.get(1).is("READ") && SqlText.startsWith(tokens, "SET", "READ", "ONLY") && tokens.size() > 3) {
            return new Call("READ ONLY", List.of(tokens.get(3).text()));
        }
        if (SETTINGS.contains(tokens.get(1).text()) && tokens.size() > value) {
            return new Call(
                    "SET " + tokens.get(1).text(), List.of(tokens.get(value).text()));
        }
        return null;
    }

    /** Whether it tells about the cluster, and nothing of the data. */
    static boolean isHarmless(Call call) {
        return call.name().equals("STATUS")
                || call.name().equals("LEADER")
                || call.name().equals("WARNINGS");
    }

    /** Whether SYNOD is used as a schema. */
    static boolean namesSystemSchema(List<Token> tokens) {
        for (int i = 0; i + 1 < tokens.size(); i++) {
            if (isSystemSchema(tokens.get(i)) && tokens.get(i + 1).is(".")) {
                return true;
            }
        }
        return false;
    }

    static boolean isSystemSchema(Token token) {
        return (token.kind() == Kind.WORD || token.kind() == Kind.QUOTED)
                && token.text().equals(SystemSchema.NAME);
    }

    static <T> T execute(RoutedSession session, Call call, Execution<T> execution) {
        Levels levels = session.levels();
        switch (call.name()) {
            case "SET READ" -> levels.read(levels.read().withLevel(ReadLevel.parse(argument(call, 0))));
            case "SET MAX_STALENESS" ->
                levels.read(levels.read().withMaxStaleness(ReadDemand.parseStaleness(argument(call, 0))));
            case "SET COMMIT" -> levels.commit(CommitLevel.parse(argument(call, 0)));
            case "SET QUIRKS_MODE" -> session.local().setQuirksMode(Boolean.parseBoolean(argument(call, 0)));
            case "READ ONLY" -> session.transaction().setReadOnly(Boolean.parseBoolean(argument(call, 0)));
            case "REQUEST" -> {
                session.ids().name(commitId(call));
                return execution.rows(
                        single("NUMBER", ValueBigint.get(commitId(call).number())));
            }
            case "COMMIT" -> {
                session.transaction().commit(commitId(call));
                return execution.rows(committed(session));
            }
            case "PREPARE" -> {
                boolean prepared = session.branches().prepare(argument(call, 0));
                return execution.rows(single("PREPARED", ValueBoolean.get(prepared)));
            }
            case "CAN_COMMIT" -> {
                session.branches().checkCoordinated();
                session.branches().canCommit(argument(call, 0), commitId(call, 1));
                return execution.rows(single("PREPARED", ValueBoolean.TRUE));
            }
            case "DECISION" -> {
                AppliedState.Decision decision = session.database().branches().decision(argument(call, 0));
                return execution.rows(decision(decision == null ? null : decision.committed()));
            }
            case "TERMINATE" -> {
                session.local().getUser().checkAdmin();
                return execution.rows(decision(others(session, call).terminate(argument(call, 0))));
            }
            case "SETTLE" -> {
                // Whatever is executed settles first.
                return execution.rows(
                        single("COMMIT_INDEX", ValueBigint.get(levels.seen().index())));
            }
            case "RESOLVE" -> {
                boolean committed = session.forwarding().resolve(commitId(call));
                if (!committed && call.arguments().size() > 2 && session.others() != null) {
                    committed = session.others().resolve(commitId(call), argument(call, 2));
                }
                if (committed) {
                    levels.seen().changedElsewhere();
                    session.transaction().lastCommit().lookedUp(levels.commit());
                }
                return execution.rows(single("COMMITTED", ValueBoolean.get(committed)));
            }
            case "STATUS" -> {
                return execution.rows(status(session.database()));
            }
            case "WARNINGS" -> {
                return execution.rows(warnings(session));
            }
            case "LEADER" -> {
                return execution.rows(leader(session.database()));
            }
            case "TRANSFER" -> {
                session.local().getUser().checkAdmin();
                String member = call.arguments().isEmpty() ? null : argument(call, 0);
                boolean done = session.transfer(member);
                return execution.rows(single("TRANSFERRED", ValueBoolean.get(done)));
            }
            case "MEMBER_ADD", "MEMBER_PROMOTE", "MEMBER_DEMOTE", "MEMBER_ADDRESS", "MEMBER_REMOVE" -> {
                return execution.rows(members(session, call));
            }
            case "SPACE" -> {
                return execution.rows(SpaceCalls.space(session.database()));
            }
            case "RECLAIM" -> {
                session.local().getUser().checkAdmin();
                return execution.rows(SpaceCalls.reclaim(session.database()));
            }
            case "SCRUB" -> {
                session.local().getUser().checkAdmin();
                return execution.rows(SpaceCalls.scrub(others(session, call).scrub()));
            }
            case "LAST_KEY" -> {
                Value next = call.arguments().isEmpty()
                        ? ValueNull.INSTANCE
                        : ValueBigint.get(number("last key", argument(call, 0)));
                return execution.rows(single("LAST_KEY", KeysElsewhere.replace(session.local(), next)));
            }
            case "DIGEST_START" -> {
                return execution.rows(single("LOG_INDEX", ValueBigint.get(session.startDigest())));
            }
            case "DIGEST" -> {
                long index = number("log index", argument(call, 0));
                SimpleResult rows = new SimpleResult();
                rows.addColumn("KIND", TypeInfo.TYPE_VARCHAR);
                rows.addColumn("NAME", TypeInfo.TYPE_VARCHAR);
                rows.addColumn("CHECKSUM", TypeInfo.TYPE_VARCHAR);
                session.database()
                        .administration()
                        .digest(index)
                        .forEach(line -> rows.addRow(text(line.kind()), text(line.name()), text(line.checksum())));
                return execution.rows(rows);
            }
            default -> throw new IllegalStateException(call.name());
        }
        return execution.nothing();
    }

    private static ResultInterface decision(Boolean committed) {
        Value how = committed == null ? ValueNull.INSTANCE : ValueVarchar.get(committed ? "COMMITTED" : "ROLLED BACK");
        return single("DECISION", TypeInfo.TYPE_VARCHAR, how);
    }

    /** @throws org.h2.message.DbException 0A000 in a session that another node has opened: no node asks for that in this way */
    private static OtherDatabases others(RoutedSession session, Call call) {
        if (session.others() == null) {
            throw Errors.refused(
                    "CALL SYNOD." + call.name() + " in a session that a node has opened",
                    "it is for clients, and finds the leaders by itself",
                    "call it on a connection without INTERNAL");
        }
        return session.others();
    }

    private static ResultInterface members(RoutedSession session, Call call) {
        session.local().getUser().checkAdmin();
        MemberCommands members = others(session, call).members();
        String node = argument(call, 0);
        List<MemberCommands.Done> done = switch (call.name()) {
            case "MEMBER_ADD" -> isWitness(call) ? members.addWitness(node) : members.add(node);
            case "MEMBER_PROMOTE" -> members.promote(node);
            case "MEMBER_DEMOTE" -> members.demote(node);
            case "MEMBER_ADDRESS" -> members.move(node);
            default -> members.remove(node);
        };
        SimpleResult rows = new SimpleResult();
        rows.addColumn("DATABASE_NAME", TypeInfo.TYPE_VARCHAR);
        rows.addColumn("NODE", TypeInfo.TYPE_VARCHAR);
        rows.addColumn("MEMBERSHIP", TypeInfo.TYPE_VARCHAR);
        done.forEach(each -> rows.addRow(text(each.database()), text(each.node()), text(each.membership())));
        return rows;
    }

    private static boolean isWitness(Call call) {
        String role =
                call.arguments().size() < 2 ? "LEARNER" : argument(call, 1).toUpperCase(Locale.ROOT);
        if (!role.equals("LEARNER") && !role.equals("WITNESS")) {
            throw Errors.badValue("membership", argument(call, 1), "LEARNER or WITNESS");
        }
        return role.equals("WITNESS");
    }

    private static ResultInterface warnings(RoutedSession session) {
        SimpleResult rows = new SimpleResult();
        rows.addColumn("SQLSTATE", TypeInfo.TYPE_VARCHAR);
        rows.addColumn("MESSAGE", TypeInfo.TYPE_VARCHAR);
        for (SQLWarning w = session.takeWarnings(); w != null; w = w.getNextWarning()) {
            rows.addRow(text(w.getSQLState()), text(w.getMessage()));
        }
        return rows;
    }

    /** No row where none is known. */
    private static ResultInterface leader(HostedDatabase database) {
        SimpleResult rows = new SimpleResult();
        rows.addColumn("NODE", TypeInfo.TYPE_VARCHAR);
        rows.addColumn("SQL_ADDRESS", TypeInfo.TYPE_VARCHAR);
        rows.addColumn("THIS_NODE", TypeInfo.TYPE_BOOLEAN);
        String name = database.log().leader();
        Member leader = name == null ? null : database.log().members().byName(name);
        if (leader != null) {
            rows.addRow(
                    text(name),
                    text(ClientAddress.of(database.log(), name, leader.address())),
                    ValueBoolean.get(name.equals(database.node())));
        }
        return rows;
    }

    private static ResultInterface committed(RoutedSession session) {
        SimpleResult rows = new SimpleResult();
        rows.addColumn("COMMIT_INDEX", TypeInfo.TYPE_BIGINT);
        rows.addColumn("SETTLED", TypeInfo.TYPE_BOOLEAN);
        rows.addColumn("WARNING", TypeInfo.TYPE_VARCHAR);
        SQLWarning warning = session.takeWarnings();
        rows.addRow(
                ValueBigint.get(session.transaction().lastCommit().index()),
                ValueBoolean.get(!session.transaction().lastCommit().isUnsettled()),
                warning == null ? ValueNull.INSTANCE : ValueVarchar.get(warning.getMessage()));
        return rows;
    }

    private static CommitId commitId(Call call) {
        return commitId(call, 0);
    }

    private static CommitId commitId(Call call, int first) {
        String session = argument(call, first);
        try {
            return new CommitId(UUID.fromString(session), number("request number", argument(call, first + 1)));
        } catch (IllegalArgumentException e) {
            throw Errors.badValue("session", session, "a UUID");
        }
    }

    private static String argument(Call call, int position) {
        if (call.arguments().size() <= position) {
            throw Errors.badValue(
                    "SYNOD." + call.name(), "with " + call.arguments().size() + " arguments", "more");
        }
        if (call.parameters().isEmpty()) {
            return call.arguments().get(position);
        }
        Parameter parameter = call.parameters().get(position);
        parameter.checkSet();
        return String.valueOf(parameter.getParamValue().getString());
    }

    private static long number(String what, String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw Errors.badValue(what, text, "a whole number");
        }
    }

    private static ResultInterface single(String name, Value value) {
        return single(name, value.getType(), value);
    }

    private static ResultInterface single(String name, TypeInfo type, Value value) {
        SimpleResult rows = new SimpleResult();
        rows.addColumn(name, type);
        rows.addRow(value);
        return rows;
    }

    private static ResultInterface status(HostedDatabase database) {
        SimpleResult rows = new SimpleResult();
        for (String name : List.of("DATABASE_NAME", "THIS_NODE", "NODE", "ADDRESS", "ROLE", "EPOCH")) {
            rows.addColumn(name, TypeInfo.TYPE_VARCHAR);
        }
        for (String name : List.of(
                "DURABLE_INDEX",
                "COMMIT_INDEX",
                "APPLIED_INDEX",
                "LAG_ENTRIES",
                "LAG_MILLIS",
                "LEASE_LEFT_MILLIS",
                "LOG_BYTES")) {
            rows.addColumn(name, TypeInfo.TYPE_BIGINT);
        }
        rows.addColumn("REACHABLE", TypeInfo.TYPE_BOOLEAN);
        for (MemberStatus member : database.log().status()) {
            rows.addRow(
                    text(database.name()),
                    text(database.node()),
                    text(member.name()),
                    text(member.address()),
                    text(member.role()),
                    text(member.epoch()),
                    ValueBigint.get(member.durableIndex()),
                    ValueBigint.get(member.commitIndex()),
                    ValueBigint.get(member.appliedIndex()),
                    ValueBigint.get(member.lagEntries()),
                    ValueBigint.get(member.lagMillis()),
                    ValueBigint.get(member.leaseLeftMillis()),
                    ValueBigint.get(member.logBytes()),
                    ValueBoolean.get(member.reachable()));
        }
        return rows;
    }

    private static Value text(String text) {
        return ValueVarchar.get(text == null ? "" : text);
    }
}
