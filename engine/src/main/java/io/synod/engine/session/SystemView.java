package io.synod.engine.session;

import io.synod.branch.Attempt;
import io.synod.branch.Participant;
import io.synod.engine.database.HostedDatabase;
import io.synod.replica.ReplicatedLog.MemberStatus;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.h2.engine.User;
import org.h2.value.TypeInfo;
import org.h2.value.Value;
import org.h2.value.ValueBigint;
import org.h2.value.ValueBoolean;
import org.h2.value.ValueNull;
import org.h2.value.ValueVarchar;

/** The tables of the schema SYNOD: what this node knows at the moment, for whoever asks. */
enum SystemView {
    MEMBERS(List.of(
            column("NODE", TypeInfo.TYPE_VARCHAR),
            column("THIS_NODE", TypeInfo.TYPE_BOOLEAN),
            column("ROLE", TypeInfo.TYPE_VARCHAR),
            column("EPOCH", TypeInfo.TYPE_VARCHAR),
            column("REACHABLE", TypeInfo.TYPE_BOOLEAN),
            column("DURABLE_INDEX", TypeInfo.TYPE_BIGINT),
            column("COMMIT_INDEX", TypeInfo.TYPE_BIGINT),
            column("APPLIED_INDEX", TypeInfo.TYPE_BIGINT),
            column("LAG_ENTRIES", TypeInfo.TYPE_BIGINT),
            column("LAG_MILLIS", TypeInfo.TYPE_BIGINT),
            column("LEASE_LEFT_MILLIS", TypeInfo.TYPE_BIGINT),
            column("LOG_BYTES", TypeInfo.TYPE_BIGINT),
            column("ADDRESS", TypeInfo.TYPE_VARCHAR),
            column("SQL_ADDRESS", TypeInfo.TYPE_VARCHAR))) {
        @Override
        List<Value[]> rows(SystemSchema schema, RoutedSession session) {
            HostedDatabase database = schema.database();
            return database.log().status().stream()
                    .map(m -> new Value[] {
                        text(m.name()),
                        ValueBoolean.get(isThis(m, database)),
                        text(m.role()),
                        text(m.epoch()),
                        ValueBoolean.get(m.reachable()),
                        known(m.durableIndex()),
                        known(m.commitIndex()),
                        known(m.appliedIndex()),
                        known(m.lagEntries()),
                        known(m.lagMillis()),
                        known(m.leaseLeftMillis()),
                        known(m.logBytes()),
                        text(m.address()),
                        text(ClientAddress.of(database.log(), m.name(), m.address()))
                    })
                    .toList();
        }
    },
    LAG(List.of(
            column("NODE", TypeInfo.TYPE_VARCHAR),
            column("COMMIT_INDEX", TypeInfo.TYPE_BIGINT),
            column("APPLIED_INDEX", TypeInfo.TYPE_BIGINT),
            column("LAG_ENTRIES", TypeInfo.TYPE_BIGINT),
            column("LAG_MILLIS", TypeInfo.TYPE_BIGINT),
            column("STALENESS_MILLIS", TypeInfo.TYPE_BIGINT))) {
        @Override
        List<Value[]> rows(SystemSchema schema, RoutedSession session) {
            HostedDatabase database = schema.database();
            return database.log().status().stream()
                    .map(m -> new Value[] {
                        text(m.name()),
                        known(m.commitIndex()),
                        known(m.appliedIndex()),
                        known(m.lagEntries()),
                        known(m.lagMillis()),
                        isThis(m, database) ? staleness(database.log().ageNanos()) : ValueNull.INSTANCE
                    })
                    .toList();
        }
    },
    SESSIONS(List.of(
            column("SESSION_ID", TypeInfo.TYPE_BIGINT),
            column("NODE", TypeInfo.TYPE_VARCHAR),
            column("USER_NAME", TypeInfo.TYPE_VARCHAR),
            column("FORWARDED", TypeInfo.TYPE_BOOLEAN),
            column("STATE", TypeInfo.TYPE_VARCHAR),
            column("STATE_MILLIS", TypeInfo.TYPE_BIGINT),
            column("STATEMENT", TypeInfo.TYPE_VARCHAR),
            column("READ_LEVEL", TypeInfo.TYPE_VARCHAR),
            column("COMMIT_LEVEL", TypeInfo.TYPE_VARCHAR),
            column("OPENED", TypeInfo.TYPE_TIMESTAMP_TZ))) {
        @Override
        List<Value[]> rows(SystemSchema schema, RoutedSession session) {
            boolean all = session == null || session.local().getUser().isAdmin();
            return schema.sessions().stream()
                    .filter(s -> all || s == session)
                    .map(s -> new Value[] {
                        ValueBigint.get(s.local().getId()),
                        text(schema.database().node()),
                        text(s.local().getUser().getName()),
                        ValueBoolean.get(s.isInternal()),
                        text(s.activity().state().name()),
                        ValueBigint.get(s.activity().stateMillis()),
                        text(s.activity().statement()),
                        text(s.levels().read().level().name()),
                        text(s.levels().commit().name()),
                        s.activity().opened()
                    })
                    .toList();
        }
    },
    IN_DOUBT(List.of(
            column("TRANSACTION_ID", TypeInfo.TYPE_VARCHAR),
            column("NODE", TypeInfo.TYPE_VARCHAR),
            column("USER_NAME", TypeInfo.TYPE_VARCHAR),
            column("STATE", TypeInfo.TYPE_VARCHAR),
            column("STATE_MILLIS", TypeInfo.TYPE_BIGINT),
            column("TRANSACTION_NAME", TypeInfo.TYPE_VARCHAR),
            column("LOG_INDEX", TypeInfo.TYPE_BIGINT))) {
        @Override
        List<Value[]> rows(SystemSchema schema, RoutedSession session) {
            return Stream.concat(unknown(schema, session), prepared(schema, session))
                    .toList();
        }

        private static Stream<Value[]> prepared(SystemSchema schema, RoutedSession session) {
            return schema.database().branches().waiting().stream()
                    .filter(b -> mayKnow(session, b.user()))
                    .map(b -> new Value[] {
                        text(b.id()),
                        text(schema.database().node()),
                        text(b.user()),
                        text("PREPARED"),
                        ValueBigint.get(b.millis()),
                        text(b.gid()),
                        ValueBigint.get(b.index())
                    });
        }

        private static Stream<Value[]> unknown(SystemSchema schema, RoutedSession session) {
            return schema.database().inDoubt().list().stream()
                    .filter(t -> mayKnow(session, t.user()))
                    .map(t -> new Value[] {
                        text(t.id()),
                        text(schema.database().node()),
                        text(t.user()),
                        text(t.state()),
                        ValueBigint.get(t.millis()),
                        ValueNull.INSTANCE,
                        ValueNull.INSTANCE
                    });
        }
    },
    GLOBAL_TRANSACTIONS(List.of(
            column("TRANSACTION_NAME", TypeInfo.TYPE_VARCHAR),
            column("STATE", TypeInfo.TYPE_VARCHAR),
            column("AGE_MILLIS", TypeInfo.TYPE_BIGINT),
            column("PARTICIPANTS", TypeInfo.TYPE_VARCHAR),
            column("HOME", TypeInfo.TYPE_VARCHAR),
            column("ATTEMPT", TypeInfo.TYPE_VARCHAR))) {
        @Override
        List<Value[]> rows(SystemSchema schema, RoutedSession session) {
            return schema.database().votes().list().stream()
                    .filter(t -> mayKnow(session, t.user()))
                    .map(t -> new Value[] {
                        text(t.gid()),
                        text(t.standing().state().name()),
                        known(t.millis()),
                        t.branch() == null
                                ? ValueNull.INSTANCE
                                : text(t.branch().participants().stream()
                                        .map(Participant::database)
                                        .collect(Collectors.joining(", "))),
                        t.branch() == null
                                ? ValueNull.INSTANCE
                                : text(t.branch().home()),
                        attempt(t.standing().elected())
                    })
                    .toList();
        }

        private static Value attempt(Attempt attempt) {
            return attempt.equals(Attempt.NONE)
                    ? ValueNull.INSTANCE
                    : text(attempt.number() + "." + attempt.slot() + "." + attempt.serial());
        }
    },
    SETTINGS(List.of(
            column("SETTING_NAME", TypeInfo.TYPE_VARCHAR),
            column("SETTING_VALUE", TypeInfo.TYPE_VARCHAR),
            column("SCOPE", TypeInfo.TYPE_VARCHAR))) {
        @Override
        List<Value[]> rows(SystemSchema schema, RoutedSession session) {
            Map<String, Value[]> rows = new TreeMap<>();
            schema.nodeSettings().forEach((name, value) -> put(rows, name, value, "NODE"));
            if (session != null) {
                Levels levels = session.levels();
                put(rows, "READ", levels.read().level().name(), "SESSION");
                put(rows, "MAX_STALENESS", String.valueOf(levels.read().maxStalenessMillis()), "SESSION");
                put(rows, "COMMIT", levels.commit().name(), "SESSION");
                put(rows, "READ ONLY", session.transaction().isReadOnly() ? "TRUE" : "FALSE", "SESSION");
            }
            return List.copyOf(rows.values());
        }

        private static void put(Map<String, Value[]> rows, String name, String value, String scope) {
            rows.put(name, new Value[] {text(name), value == null ? ValueNull.INSTANCE : text(value), text(scope)});
        }
    },
    LOG(List.of(
            column("NODE", TypeInfo.TYPE_VARCHAR),
            column("FIRST_INDEX", TypeInfo.TYPE_BIGINT),
            column("DURABLE_INDEX", TypeInfo.TYPE_BIGINT),
            column("COMMIT_INDEX", TypeInfo.TYPE_BIGINT),
            column("APPLIED_INDEX", TypeInfo.TYPE_BIGINT),
            column("SEGMENTS", TypeInfo.TYPE_BIGINT),
            column("BYTES", TypeInfo.TYPE_BIGINT))) {
        @Override
        List<Value[]> rows(SystemSchema schema, RoutedSession session) {
            return schema.database().log().status().stream()
                    .filter(m -> isThis(m, schema.database()))
                    .map(m -> new Value[] {
                        text(m.name()),
                        known(m.firstIndex()),
                        known(m.durableIndex()),
                        known(m.commitIndex()),
                        known(m.appliedIndex()),
                        known(schema.database().log().segments()),
                        known(m.logBytes())
                    })
                    .toList();
        }
    };

    /** What others have on their way is an administrator's business, as in INFORMATION_SCHEMA. */
    private static boolean mayKnow(RoutedSession session, String user) {
        User asking = session == null ? null : session.local().getUser();
        return asking == null || asking.isAdmin() || asking.getName().equals(user);
    }

    /** A column. */
    record Column(String name, TypeInfo type) {}

    private final List<Column> columns;

    SystemView(List<Column> columns) {
        this.columns = columns;
    }

    List<Column> columns() {
        return columns;
    }

    /**
     * @param session who asks; {@code null} for a connection inside H2, which has all rights
     * @return values by column
     */
    abstract List<Value[]> rows(SystemSchema schema, RoutedSession session);

    private static Column column(String name, TypeInfo type) {
        return new Column(name, type);
    }

    private static boolean isThis(MemberStatus member, HostedDatabase database) {
        return member.name().equals(database.node());
    }

    private static Value text(String text) {
        return ValueVarchar.get(text == null ? "" : text);
    }

    /** What is not known to this node is −1 in a status and NULL here. */
    private static Value known(long number) {
        return number < 0 ? ValueNull.INSTANCE : ValueBigint.get(number);
    }

    private static Value staleness(long nanos) {
        return nanos == Long.MAX_VALUE ? ValueNull.INSTANCE : ValueBigint.get(nanos / 1_000_000);
    }
}
