package io.synod.engine.session;

import io.synod.branch.Attempt;
import io.synod.branch.Participant;
import io.synod.engine.database.BranchVotes;
import io.synod.engine.database.HostedDatabase;
import io.synod.replica.ReplicatedLog.MemberStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.ToLongFunction;
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
    MEMBERS(table(
            SystemView::members,
            Member.NODE,
            flag("THIS_NODE", Member::isThis),
            textOrNull("MEMBERSHIP", Member::membership),
            text("ROLE", m -> m.status().role()),
            text("EPOCH", m -> m.status().epoch()),
            flag("REACHABLE", m -> m.status().reachable()),
            Member.DURABLE_INDEX,
            Member.COMMIT_INDEX,
            Member.APPLIED_INDEX,
            Member.LAG_ENTRIES,
            Member.LAG_MILLIS,
            number("LEASE_LEFT_MILLIS", m -> m.status().leaseLeftMillis()),
            number("LOG_BYTES", m -> m.status().logBytes()),
            text("ADDRESS", m -> m.status().address()),
            text(
                    "SQL_ADDRESS",
                    m -> ClientAddress.of(
                            m.database().log(), m.status().name(), m.status().address())))),
    LAG(table(
            SystemView::members,
            Member.NODE,
            Member.COMMIT_INDEX,
            Member.APPLIED_INDEX,
            Member.LAG_ENTRIES,
            Member.LAG_MILLIS,
            number("STALENESS_MILLIS", Member::stalenessMillis))),
    SESSIONS(table(
            SystemView::sessions,
            number("SESSION_ID", s -> s.local().getId()),
            text("NODE", s -> s.database().node()),
            text("USER_NAME", s -> s.local().getUser().getName()),
            flag("FORWARDED", RoutedSession::isInternal),
            text("STATE", s -> s.activity().state().name()),
            number("STATE_MILLIS", s -> s.activity().stateMillis()),
            text("STATEMENT", s -> s.activity().statement()),
            text("READ_LEVEL", s -> s.levels().read().level().name()),
            text("COMMIT_LEVEL", s -> s.levels().commit().name()),
            new Column<>("OPENED", TypeInfo.TYPE_TIMESTAMP_TZ, s -> s.activity().opened()))),
    IN_DOUBT(table(
            SystemView::inDoubt,
            text("TRANSACTION_ID", Doubt::id),
            text("NODE", Doubt::node),
            text("USER_NAME", Doubt::user),
            text("STATE", Doubt::state),
            // By the clocks of two nodes, which may differ.
            new Column<>("STATE_MILLIS", TypeInfo.TYPE_BIGINT, d -> ValueBigint.get(d.millis())),
            textOrNull("TRANSACTION_NAME", Doubt::name),
            number("LOG_INDEX", Doubt::index))),
    GLOBAL_TRANSACTIONS(table(
            (schema, session) -> schema.database().votes().list().stream().filter(t -> mayKnow(session, t.user())),
            text("TRANSACTION_NAME", BranchVotes.Global::gid),
            text("STATE", t -> t.standing().state().name()),
            number("AGE_MILLIS", BranchVotes.Global::millis),
            textOrNull("PARTICIPANTS", SystemView::participants),
            textOrNull("HOME", t -> t.branch() == null ? null : t.branch().home()),
            textOrNull("ATTEMPT", t -> attempt(t.standing().elected())))),
    SETTINGS(table(
            SystemView::settings,
            text("SETTING_NAME", Setting::name),
            textOrNull("SETTING_VALUE", Setting::value),
            text("SCOPE", Setting::scope))),
    LOG(table(
            (schema, session) -> members(schema, session).filter(Member::isThis),
            Member.NODE,
            number("FIRST_INDEX", m -> m.status().firstIndex()),
            Member.DURABLE_INDEX,
            Member.COMMIT_INDEX,
            Member.APPLIED_INDEX,
            number("SEGMENTS", m -> m.database().log().segments()),
            number("BYTES", m -> m.status().logBytes()),
            textOrNull("DAMAGE", Member::damage)));

    /** A column of rows that are made of R. */
    record Column<R>(String name, TypeInfo type, Function<R, Value> value) {}

    /** @param rows for who asks; {@code null} for a connection inside H2, which has all rights */
    private record Table<R>(BiFunction<SystemSchema, RoutedSession, Stream<R>> rows, List<Column<R>> columns) {
        List<Value[]> values(SystemSchema schema, RoutedSession session) {
            return rows.apply(schema, session)
                    .map(row -> columns.stream()
                            .map(column -> column.value().apply(row))
                            .toArray(Value[]::new))
                    .toList();
        }
    }

    private final Table<?> table;

    SystemView(Table<?> table) {
        this.table = table;
    }

    List<? extends Column<?>> columns() {
        return table.columns();
    }

    /**
     * @param session who asks; {@code null} for a connection inside H2, which has all rights
     * @return values by column
     */
    List<Value[]> rows(SystemSchema schema, RoutedSession session) {
        return table.values(schema, session);
    }

    @SafeVarargs
    @SuppressWarnings("varargs")
    private static <R> Table<R> table(BiFunction<SystemSchema, RoutedSession, Stream<R>> rows, Column<R>... columns) {
        return new Table<>(rows, List.of(columns));
    }

    private static <R> Column<R> text(String name, Function<R, String> value) {
        return new Column<>(name, TypeInfo.TYPE_VARCHAR, row -> {
            String text = value.apply(row);
            return ValueVarchar.get(text == null ? "" : text);
        });
    }

    private static <R> Column<R> textOrNull(String name, Function<R, String> value) {
        return new Column<>(name, TypeInfo.TYPE_VARCHAR, row -> {
            String text = value.apply(row);
            return text == null ? ValueNull.INSTANCE : ValueVarchar.get(text);
        });
    }

    /** What is not known to this node is −1 in a status and NULL here. */
    private static <R> Column<R> number(String name, ToLongFunction<R> value) {
        return new Column<>(name, TypeInfo.TYPE_BIGINT, row -> {
            long number = value.applyAsLong(row);
            return number < 0 ? ValueNull.INSTANCE : ValueBigint.get(number);
        });
    }

    private static <R> Column<R> flag(String name, Function<R, Boolean> value) {
        return new Column<>(name, TypeInfo.TYPE_BOOLEAN, row -> ValueBoolean.get(value.apply(row)));
    }

    /** What others have on their way is an administrator's business, as in INFORMATION_SCHEMA. */
    private static boolean mayKnow(RoutedSession session, String user) {
        User asking = session == null ? null : session.local().getUser();
        return asking == null || asking.isAdmin() || asking.getName().equals(user);
    }

    /** Of the database that the schema is in. */
    private record Member(MemberStatus status, HostedDatabase database) {
        static final Column<Member> NODE = text("NODE", m -> m.status().name());
        static final Column<Member> DURABLE_INDEX =
                number("DURABLE_INDEX", m -> m.status().durableIndex());
        static final Column<Member> COMMIT_INDEX =
                number("COMMIT_INDEX", m -> m.status().commitIndex());
        static final Column<Member> APPLIED_INDEX =
                number("APPLIED_INDEX", m -> m.status().appliedIndex());
        static final Column<Member> LAG_ENTRIES =
                number("LAG_ENTRIES", m -> m.status().lagEntries());
        static final Column<Member> LAG_MILLIS =
                number("LAG_MILLIS", m -> m.status().lagMillis());

        boolean isThis() {
            return status.name().equals(database.node());
        }

        /** Of the node's log and of its copy; {@code null} for none that is known. */
        String damage() {
            List<String> all = new ArrayList<>(database.log().damage());
            String copy = database.administration().repair().damage();
            if (copy != null) {
                all.add(copy);
            }
            return all.isEmpty() ? null : String.join("; ", all);
        }

        /** VOTER, LEARNER or WITNESS; {@code null} for one that has gone since. */
        String membership() {
            io.synod.group.Member member = database.log().members().byName(status.name());
            return member == null ? null : member.role().name();
        }

        /** Known of this node only. */
        long stalenessMillis() {
            long nanos = isThis() ? database.log().ageNanos() : Long.MAX_VALUE;
            return nanos == Long.MAX_VALUE ? -1 : nanos / 1_000_000;
        }
    }

    private static Stream<Member> members(SystemSchema schema, RoutedSession session) {
        HostedDatabase database = schema.database();
        return database.log().status().stream().map(status -> new Member(status, database));
    }

    private static Stream<RoutedSession> sessions(SystemSchema schema, RoutedSession session) {
        boolean all = session == null || session.local().getUser().isAdmin();
        return schema.sessions().stream().filter(s -> all || s == session);
    }

    /**
     * @param name {@code null} for none
     * @param index −1 where it has none
     */
    private record Doubt(String id, String node, String user, String state, long millis, String name, long index) {}

    /** Commits of unknown outcome, and branches that are prepared. */
    private static Stream<Doubt> inDoubt(SystemSchema schema, RoutedSession session) {
        HostedDatabase database = schema.database();
        String node = database.node();
        Stream<Doubt> unknown = database.inDoubt().list().stream()
                .map(t -> new Doubt(t.id(), node, t.user(), t.state(), t.millis(), null, -1));
        Stream<Doubt> prepared = database.branches().waiting().stream()
                .map(b -> new Doubt(b.id(), node, b.user(), "PREPARED", b.millis(), b.gid(), b.index()));
        return Stream.concat(unknown, prepared).filter(d -> mayKnow(session, d.user()));
    }

    private static String participants(BranchVotes.Global transaction) {
        return transaction.branch() == null
                ? null
                : transaction.branch().participants().stream()
                        .map(Participant::database)
                        .collect(Collectors.joining(", "));
    }

    private static String attempt(Attempt attempt) {
        return attempt.equals(Attempt.NONE) ? null : attempt.number() + "." + attempt.slot() + "." + attempt.serial();
    }

    private record Setting(String name, String value, String scope) {}

    private static Stream<Setting> settings(SystemSchema schema, RoutedSession session) {
        Map<String, Setting> all = new TreeMap<>();
        schema.nodeSettings().forEach((name, value) -> all.put(name, new Setting(name, value, "NODE")));
        if (session != null) {
            Levels levels = session.levels();
            Stream.of(
                            new Setting("READ", levels.read().level().name(), "SESSION"),
                            new Setting(
                                    "MAX_STALENESS",
                                    String.valueOf(levels.read().maxStalenessMillis()),
                                    "SESSION"),
                            new Setting("COMMIT", levels.commit().name(), "SESSION"),
                            new Setting("READ ONLY", session.transaction().isReadOnly() ? "TRUE" : "FALSE", "SESSION"))
                    .forEach(setting -> all.put(setting.name(), setting));
        }
        return all.values().stream();
    }
}
