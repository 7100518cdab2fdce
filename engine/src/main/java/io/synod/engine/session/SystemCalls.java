package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.ReadDemand;
import io.synod.engine.database.ReadLevel;
import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import io.synod.group.Member;
import io.synod.replica.ReplicatedLog.MemberStatus;
import java.sql.SQLWarning;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.h2.command.CommandInterface;
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
    /** A statement of this kind, with its arguments. */
    record Call(String name, List<String> arguments, boolean isQuery) {
        int commandType() {
            return isQuery ? CommandInterface.CALL : CommandInterface.SET;
        }
    }

    private static final List<String> CALLS = List.of(
            "STATUS",
            "RESOLVE",
            "COMMIT",
            "SETTLE",
            "WARNINGS",
            "LEADER",
            "REQUEST",
            "TRANSFER",
            "DIGEST_START",
            "DIGEST",
            "SPACE",
            "RECLAIM");

    private static final Set<String> SETTINGS = Set.of("READ", "COMMIT", "MAX_STALENESS");

    private SystemCalls() {}

    /** @return {@code null} when the statement is H2's */
    static Call parse(List<Token> tokens) {
        if (tokens.size() >= 4 && SqlText.startsWith(tokens, "CALL", "SYNOD", ".")) {
            String name = tokens.get(3).text();
            if (!CALLS.contains(name)) {
                throw Errors.badValue("SYNOD." + name, "is not known", "one of " + CALLS);
            }
            List<String> arguments = new ArrayList<>();
            for (Token token : tokens.subList(4, tokens.size())) {
                if (token.kind() == Kind.LITERAL || token.kind() == Kind.NUMBER) {
                    arguments.add(token.text());
                } else if (token.kind() != Kind.SYMBOL || token.is("?")) {
                    throw Errors.badValue("SYNOD." + name, token.text(), "literals as arguments");
                }
            }
            return new Call(name, arguments, true);
        }
        if (tokens.size() < 3 || !tokens.get(0).is("SET")) {
            return null;
        }
        int value = tokens.get(2).is("=") ? 3 : 2;
        if (tokens.get(1).is("READ") && SqlText.startsWith(tokens, "SET", "READ", "ONLY") && tokens.size() > 3) {
            return new Call("READ ONLY", List.of(tokens.get(3).text()), false);
        }
        if (SETTINGS.contains(tokens.get(1).text()) && tokens.size() > value) {
            return new Call(
                    "SET " + tokens.get(1).text(), List.of(tokens.get(value).text()), false);
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
            case "SETTLE" -> {
                // Whatever is executed settles first.
                return execution.rows(
                        single("COMMIT_INDEX", ValueBigint.get(levels.seen().index())));
            }
            case "RESOLVE" -> {
                boolean committed = session.forwarding().resolve(commitId(call));
                if (committed) {
                    levels.seen().changedElsewhere();
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
                String member = call.arguments().isEmpty() ? null : argument(call, 0);
                boolean done = session.transfer(member);
                return execution.rows(single("TRANSFERRED", ValueBoolean.get(done)));
            }
            case "SPACE" -> {
                return execution.rows(SpaceCalls.space(session.database()));
            }
            case "RECLAIM" -> {
                session.local().getUser().checkAdmin();
                return execution.rows(SpaceCalls.reclaim(session.database()));
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
                        .digest(index)
                        .forEach(line -> rows.addRow(text(line.kind()), text(line.name()), text(line.checksum())));
                return execution.rows(rows);
            }
            default -> throw new IllegalStateException(call.name());
        }
        return execution.nothing();
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
                ValueBigint.get(session.transaction().lastCommitIndex()),
                ValueBoolean.get(!session.transaction().isUnsettled()),
                warning == null ? ValueNull.INSTANCE : ValueVarchar.get(warning.getMessage()));
        return rows;
    }

    private static CommitId commitId(Call call) {
        String session = argument(call, 0);
        try {
            return new CommitId(UUID.fromString(session), number("request number", argument(call, 1)));
        } catch (IllegalArgumentException e) {
            throw Errors.badValue("session", session, "a UUID");
        }
    }

    private static String argument(Call call, int position) {
        if (call.arguments().size() <= position) {
            throw Errors.badValue(
                    "SYNOD." + call.name(), "with " + call.arguments().size() + " arguments", "more");
        }
        return call.arguments().get(position);
    }

    private static long number(String what, String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw Errors.badValue(what, text, "a whole number");
        }
    }

    private static ResultInterface single(String name, Value value) {
        SimpleResult rows = new SimpleResult();
        rows.addColumn(name, value.getType());
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
