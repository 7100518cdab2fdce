package io.synod.engine.federation;

import io.synod.engine.federation.ChangeText.Piece;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.h2.command.CommandInterface;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.result.ResultWithGeneratedKeys;
import org.h2.value.Value;
import org.h2.value.ValueArray;

/**
 * A change of rows in one database that depends on rows of others. What it reads elsewhere is read first, through
 * {@link FederatedQuery}; the change itself is the user's text, executed by the target's H2 with those rows as arrays: counts,
 * keys, triggers, constraints and locks are H2's. Where a new value comes from elsewhere, the target's rows are locked before
 * it is read. Holds texts and no session.
 */
final class FederatedUpdate implements FederatedStatement {
    /**
     * What is read elsewhere.
     *
     * @param once whether it calls functions or draws from sequences, so that it is executed once, before anything is locked
     */
    private record Source(FederatedQuery query, List<Integer> parameters, boolean once) {
        static Source of(FederatedQuery query, List<Integer> parameters, Databases databases) {
            TableNames names = TableNames.of(query.sql(), databases);
            boolean calls = OwnObjects.of(names.words(), databases.own().catalogue(), names.tables())
                    .areCalled();
            return new Source(
                    query,
                    parameters,
                    calls || !names.draws().isEmpty() || !names.calls().isEmpty());
        }
    }

    /** How often rows are read and locked before others are given way to. */
    private static final int ATTEMPTS = 20;

    private final String target;
    private final List<Source> sources;
    private final List<Piece> change;
    /** {@code null} if nothing has to be locked before. */
    private final List<Piece> lock;

    /** Locks rows by their keys until none is new; {@code null} if the text is not a {@link KeyedChange}. */
    private final String lockByKey;

    /** Databases in which rows may be locked until the change; none if what is read is not locked. */
    private final Set<String> locking;

    private final Description description;

    private FederatedUpdate(
            String target,
            List<Source> sources,
            List<Piece> change,
            List<Piece> lock,
            String lockByKey,
            Set<String> locking,
            Description description) {
        this.target = target;
        this.sources = sources;
        this.change = change;
        this.lock = lock;
        this.lockByKey = lockByKey;
        this.locking = locking;
        this.description = description;
    }

    static FederatedUpdate of(
            StatementText text, TableNames names, Databases databases, Description description, Federation federation) {
        Map<String, FederatedQuery> queries = new HashMap<>();
        ChangeText taken = new ChangeText(text, names, databases, sql -> {
            try {
                queries.put(sql, federation.prepare(sql, databases));
                return true;
            } catch (DbException e) {
                // It names something of the text around it; what is wrong with it was told before.
                return false;
            }
        });
        List<Piece> change = taken.change();
        Set<String> locking = new TreeSet<>();
        if (names.locks()) {
            names.tables().forEach(table -> locking.add(table.database()));
        }
        String target = taken.target().database();
        KeyedChange keyed = taken.readsTables() || !taken.others().isEmpty() ? KeyedChange.of(taken) : null;
        boolean locksByRow = names.locks() && taken.locksByRow();
        FederatedQuery byKey = keyed == null ? null : byKey(keyed, locksByRow, databases, federation);
        if (byKey != null) {
            refuseOwnObjects(target, databases, names, keyed.change());
            List<Source> sources = new ArrayList<>();
            sources.add(new Source(byKey, keyed.query().parameters(), false));
            if (keyed.keys() != null) {
                sources.add(new Source(
                        federation.prepare(keyed.keys().sql(), databases),
                        keyed.keys().parameters(),
                        false));
            }
            return new FederatedUpdate(target, sources, keyed.change(), null, keyed.lock(), locking, description);
        }
        if (locksByRow) {
            // What is left is the user's text with rows in place of the tables: none that could be locked.
            throw FederationErrors.unsupported("FOR UPDATE in a sub-query that depends on the row which is changed, in"
                    + " another database, where the target has no primary key of one column or the text is more than"
                    + " UPDATE or DELETE with WHERE: lock the rows by a query, then change these, in one transaction");
        }
        List<Piece> lock = taken.lock();
        taken.others().refuseWhatIsLeft();
        refuseOwnObjects(target, databases, names, change);
        List<Source> sources = new ArrayList<>();
        for (ChangeText.Source source : taken.sources()) {
            FederatedQuery query = queries.get(source.sql());
            sources.add(Source.of(
                    query == null ? federation.prepare(source.sql(), databases) : query,
                    source.parameters(),
                    databases));
        }
        return new FederatedUpdate(target, sources, change, lock, null, locking, description);
    }

    private static void refuseOwnObjects(String target, Databases databases, TableNames names, List<Piece> change) {
        SessionLocal own = databases.own().catalogue();
        if (!target.equals(databases.own().database())) {
            OwnObjects.of(Words.of(readable(change), own.getStaticSettings()), own, names.tables())
                    .refuse(target);
        }
    }

    /** @return {@code null} if it has no plan, and whole tables would be read for nothing but that */
    private static FederatedQuery byKey(
            KeyedChange keyed, boolean locksByRow, Databases databases, Federation federation) {
        if (keyed.keys() != null || locksByRow) {
            return federation.prepare(keyed.query().sql(), databases);
        }
        try {
            FederatedQuery query = federation.prepare(keyed.query().sql(), databases);
            return query.way() instanceof FederatedQuery.Planned ? query : null;
        } catch (DbException e) {
            return null;
        }
    }

    /** The database whose rows are changed. */
    String target() {
        return target;
    }

    @Override
    public Description description() {
        return description;
    }

    @Override
    public boolean fits(Databases databases) {
        return Federation.branch(databases, target) != null
                && sources.stream().allMatch(s -> s.query().fits(databases));
    }

    @Override
    public String explain() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < sources.size(); i++) {
            for (String line : sources.get(i).query().explain().split("\n")) {
                text.append("rows R").append(i).append(": ").append(line).append('\n');
            }
        }
        if (lock != null) {
            text.append(target).append(": ").append(readable(lock)).append(" /* then the rows again */\n");
        }
        if (lockByKey != null) {
            text.append(target).append(": ").append(lockByKey).append(" /* until the rows have no new key */\n");
        }
        return text.append(target).append(": ").append(readable(change)).toString();
    }

    static String readable(List<Piece> pieces) {
        StringBuilder text = new StringBuilder();
        for (Piece piece : pieces) {
            if (piece instanceof ChangeText.Sql sql) {
                text.append(sql.text());
            } else if (piece instanceof ChangeText.Rows rows) {
                text.append("(rows R").append(rows.source()).append(')');
                text.append(rows.alias() == null ? "" : " " + rows.alias());
            } else {
                text.append('?');
            }
        }
        return text.toString().replaceAll("\\s*\n\\s*", " ").strip();
    }

    /** One execution; {@code parameters} are as many as the text has. */
    ResultWithGeneratedKeys execute(
            Databases databases,
            Value[] parameters,
            Object generatedKeysRequest,
            ShippingLimits limits,
            Running running) {
        Execution execution = new Execution(databases, parameters, limits, running);
        Session session = Federation.branch(databases, target).session();
        return executed(execution, session, () -> execution.change(session, generatedKeysRequest));
    }

    /**
     * One execution, for the rows that it changes.
     *
     * @param head the query of them up to the parenthesis before the change
     */
    ResultInterface rows(String head, Databases databases, Value[] parameters, ShippingLimits limits, Running running) {
        List<Piece> pieces = new ArrayList<>();
        pieces.add(new ChangeText.Sql(head));
        pieces.addAll(change);
        pieces.add(new ChangeText.Sql(")"));
        FederatedUpdate query =
                new FederatedUpdate(target, sources, List.copyOf(pieces), lock, lockByKey, locking, description);
        Execution execution = query.new Execution(databases, parameters, limits, running);
        Session session = Federation.branch(databases, target).session();
        return query.executed(execution, session, () -> execution.rows(session));
    }

    private <T> T executed(Execution execution, Session session, Supplier<T> changed) {
        return inOneTransaction(execution.databases, locking, () -> {
            if (lock == null && lockByKey == null) {
                execution.read(change);
                return changed.get();
            }
            // The locks must last until the change.
            return inOneTransaction(session, () -> {
                execution.lock(session);
                return changed.get();
            });
        });
    }

    /** In auto-commit mode, too, it ends not before the work has. */
    static <T> T inOneTransaction(Session session, Supplier<T> work) {
        if (!session.getAutoCommit()) {
            return work.get();
        }
        session.setAutoCommit(false);
        try {
            T result = work.get();
            end(session, "COMMIT");
            return result;
        } catch (RuntimeException e) {
            try {
                end(session, "ROLLBACK");
            } catch (DbException lost) {
                e.addSuppressed(lost);
            }
            throw e;
        } finally {
            session.setAutoCommit(true);
        }
    }

    /** The same in each of these databases. */
    static <T> T inOneTransaction(Databases databases, Collection<String> names, Supplier<T> work) {
        Supplier<T> all = work;
        for (String name : names) {
            Session session = Federation.branch(databases, name).session();
            Supplier<T> inner = all;
            all = () -> inOneTransaction(session, inner);
        }
        return all.get();
    }

    private static void end(Session session, String how) {
        try (CommandInterface command = session.prepareCommand(how)) {
            command.executeUpdate(null);
        }
    }

    private final class Execution {
        private final Databases databases;
        private final Value[] parameters;
        private final ShippingLimits limits;
        private final Running running;
        private final Map<Integer, RowArrays> rows = new HashMap<>();
        private Meter meter;

        Execution(Databases databases, Value[] parameters, ShippingLimits limits, Running running) {
            this.databases = databases;
            this.parameters = parameters;
            this.limits = limits;
            this.running = running;
        }

        /** Locks what will be changed, and reads what that depends on. */
        void lock(Session session) {
            if (lockByKey != null) {
                keyed(session);
                return;
            }
            read(lock);
            List<Value> values = new ArrayList<>();
            try (CommandInterface command = session.prepareCommand(RowArrays.assemble(lock, rows, parameters, values));
                    ResultInterface result = running.query(command, given(values), 0)) {
                // The locks are all that is wanted.
                result.getVisibleColumnCount();
            }
            rows.keySet().removeIf(number -> !sources.get(number).once());
            read(change);
        }

        private void keyed(Session session) {
            Set<Value> locked = new HashSet<>();
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                int number = attempt == 0 ? sources.size() - 1 : 0;
                rows.clear();
                read(Set.of(number));
                List<ValueArray> fresh =
                        rows.get(number).keys(locked, databases.own().catalogue());
                if (fresh.isEmpty() && number == 0) {
                    return;
                }
                for (ValueArray keys : fresh) {
                    try (CommandInterface command = session.prepareCommand(lockByKey);
                            ResultInterface result = running.query(command, new Value[] {keys}, 0)) {
                        // The locks are all that is wanted.
                        result.getVisibleColumnCount();
                    }
                }
            }
            throw FederationErrors.changing(target);
        }

        void read(List<Piece> pieces) {
            Set<Integer> wanted = new TreeSet<>();
            for (Piece piece : pieces) {
                if (piece instanceof ChangeText.Rows place) {
                    wanted.add(place.source());
                }
            }
            read(wanted);
        }

        private void read(Set<Integer> wanted) {
            meter = new Meter(limits);
            for (int number : wanted) {
                if (rows.containsKey(number)) {
                    continue;
                }
                Source source = sources.get(number);
                Value[] values =
                        source.parameters().stream().map(i -> parameters[i]).toArray(Value[]::new);
                try (ResultInterface result = source.query().execute(databases, values, 0, limits, running)) {
                    rows.put(
                            number,
                            RowArrays.of(
                                    result,
                                    Federation.branch(databases, target),
                                    meter,
                                    running,
                                    databases.own().catalogue()));
                }
            }
        }

        ResultWithGeneratedKeys change(Session session, Object generatedKeysRequest) {
            List<Value> values = new ArrayList<>();
            try (CommandInterface command =
                    session.prepareCommand(RowArrays.assemble(change, rows, parameters, values))) {
                return running.run(command, given(values), c -> c.executeUpdate(generatedKeysRequest));
            }
        }

        ResultInterface rows(Session session) {
            List<Value> values = new ArrayList<>();
            CommandInterface command = session.prepareCommand(RowArrays.assemble(change, rows, parameters, values));
            return running.query(command, given(values), 0);
        }

        private Value[] given(List<Value> values) {
            return ForeignLobs.in(Federation.branch(databases, target), values.toArray(new Value[0]));
        }
    }
}
