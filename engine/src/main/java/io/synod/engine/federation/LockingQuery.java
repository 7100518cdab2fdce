package io.synod.engine.federation;

import io.synod.engine.federation.ChangeText.Piece;
import io.synod.engine.federation.ChangeText.Source;
import io.synod.engine.federation.TableNames.Named;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.h2.command.CommandInterface;
import org.h2.engine.Constants;
import org.h2.engine.Session;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.result.SimpleResult;
import org.h2.table.Table;
import org.h2.util.StringUtils;
import org.h2.value.TypeInfo;
import org.h2.value.Value;
import org.h2.value.ValueArray;
import org.h2.value.ValueNull;

/**
 * A {@code SELECT … FOR UPDATE} over several databases. It is executed without locks but with the keys of its rows; they are
 * locked, each in its database; then it is executed again, since a row may have changed before it was locked, and gives those
 * rows all of whose parts are locked: none of them changes from then on. A set operation, and what is around a sub-query that
 * locks, is executed with the rows that the locking queries in it have given. Holds texts and no session.
 */
final class LockingQuery {
    /** How often rows are read and locked before others are given way to. */
    private static final int ATTEMPTS = 20;

    /**
     * A table whose rows are locked.
     *
     * @param lock locks rows by arrays of their keys' columns, and gives the keys of those that it has locked
     * @param keys the columns of a key
     */
    record Locked(Named table, String lock, List<String> keys) {
        String home() {
            return table.home();
        }
    }

    /**
     * One {@code SELECT}.
     *
     * @param text the query with the keys as its last columns, without its limits
     * @param tables in the order of the keys
     * @param numbered whether the value of a row depends on which others there are, as that of a window function does
     * @param inOrder whether no more rows are locked than are wanted
     * @param limit how many are
     */
    record Single(Source text, List<Locked> tables, boolean numbered, boolean inOrder, Limit limit) {}

    /**
     * Texts of numbers, {@code null} for none.
     *
     * @param percent what {@code fetch} is
     */
    record Limit(Source offset, Source fetch, boolean percent) {}

    /** A query by itself, and which of the user's parameters are its own. */
    private record Part(FederatedQuery query, List<Integer> parameters) {
        Value[] values(Value[] all) {
            return parameters.stream().map(i -> all[i]).toArray(Value[]::new);
        }
    }

    private final List<ResultColumn> columns;
    private final Set<String> names;
    private final Federation federation;
    private final List<Part> parts;
    /** {@code null} if it has parts that lock by themselves. */
    private final Single single;
    /** {@code null} otherwise. */
    private final List<Piece> around;
    /** Whether the parts are the sides of a set operation, and all of it. */
    private final boolean ofSides;

    /**
     * Takes a text apart.
     *
     * @param calls whether it calls functions of the connection's own database
     * @throws Unplannable if it has no such form, or may not be executed twice
     */
    LockingQuery(
            StatementText text,
            TableNames names,
            Databases databases,
            FederatedStatement.Description description,
            boolean calls,
            Federation federation) {
        this.columns = description.columns();
        this.names = new TreeSet<>();
        names.tables().forEach(table -> this.names.add(table.database()));
        this.federation = federation;
        LockingText taken = new LockingText(text, names, databases);
        List<LockingText.Range> ranges = taken.parts();
        if (ranges.isEmpty() && calls) {
            throw new Unplannable("a function of this database");
        }
        this.single = ranges.isEmpty() ? taken.single() : null;
        this.around = ranges.isEmpty() ? null : taken.around(ranges);
        this.ofSides = taken.locksItself();
        List<Source> sources = ranges.isEmpty()
                ? List.of(single.text())
                : ranges.stream().map(LockingText.Range::text).toList();
        this.parts = new ArrayList<>();
        for (Source source : sources) {
            parts.add(new Part(part(source.sql(), databases), source.parameters()));
        }
    }

    private FederatedQuery part(String sql, Databases databases) {
        try {
            return federation.prepare(sql, databases);
        } catch (DbException e) {
            if (single != null || "0A000".equals(e.getSQLException().getSQLState())) {
                throw e;
            }
            // The whole text has been found right, so it names something of the text around it.
            throw new Unplannable("FOR UPDATE in a sub-query that depends on the query around it");
        }
    }

    String explain() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < parts.size(); i++) {
            for (String line : parts.get(i).query().explain().split("\n")) {
                text.append("rows R").append(i).append(": ").append(line).append('\n');
            }
        }
        if (single == null) {
            return text.append("then: ")
                    .append(FederatedUpdate.readable(around))
                    .toString();
        }
        for (Locked table : single.tables()) {
            text.append(table.table().database())
                    .append(": ")
                    .append(table.lock())
                    .append('\n');
        }
        return text.append("rows R0: again, those that are locked").toString();
    }

    ResultInterface execute(
            Databases databases, Value[] parameters, long maxRows, ShippingLimits limits, Running running) {
        Run run = new Run(databases, parameters, limits, running);
        // The locks must last until the rows are read.
        return FederatedUpdate.inOneTransaction(
                databases,
                names,
                () -> single != null ? run.single(maxRows) : ofSides ? run.together(maxRows) : run.around(maxRows));
    }

    private final class Run {
        private final Databases databases;
        private final Value[] parameters;
        private final ShippingLimits limits;
        private final Running running;
        private final Map<String, Set<List<Value>>> locked = new HashMap<>();
        private final Map<String, Set<List<Value>>> refused = new HashMap<>();
        private final List<TypeInfo> types = new ArrayList<>();
        private Meter meter;

        Run(Databases databases, Value[] parameters, ShippingLimits limits, Running running) {
            this.databases = databases;
            this.parameters = parameters;
            this.limits = limits;
            this.running = running;
            this.meter = new Meter(limits);
        }

        /** Of a set operation, whose sides are all that it is made of: their values are taken as they are, to the digit. */
        ResultInterface together(long maxRows) {
            Scratch scratch = Scratch.like(databases.own().catalogue());
            try {
                StringBuilder sql = new StringBuilder();
                List<Value> values = new ArrayList<>();
                for (Piece piece : around) {
                    if (piece instanceof ChangeText.Sql text) {
                        sql.append(text.text());
                    } else if (piece instanceof ChangeText.Parameter parameter) {
                        sql.append('?');
                        values.add(parameters[parameter.number()]);
                    } else if (piece instanceof ChangeText.Rows side) {
                        sql.append(copied(scratch, side.source()));
                    }
                }
                scratch.commit();
                ResultInterface result = running.query(scratch, sql.toString(), values.toArray(new Value[0]), maxRows);
                return new FederatedResult(
                        result,
                        columns,
                        FederatedResult.inOrder(columns.size()),
                        scratch,
                        databases.own().catalogue(),
                        meter);
            } catch (RuntimeException e) {
                scratch.close();
                throw e;
            }
        }

        /** @return the query that gives the rows of a part */
        private String copied(Scratch scratch, int number) {
            Part part = parts.get(number);
            try (ResultInterface result =
                    part.query().execute(databases, part.values(parameters), 0, limits, running)) {
                int count = result.getVisibleColumnCount();
                List<Scratch.Column> made = new ArrayList<>();
                List<String> names = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    made.add(new Scratch.Column("C" + i, FederatedRun.type(result, i), true));
                    names.add("C" + i + " AS " + StringUtils.quoteIdentifier(result.getAlias(i)));
                }
                Table table = scratch.create("PUBLIC", "SYNOD$SIDE" + number, made);
                while (result.next()) {
                    running.check();
                    Value[] row = Arrays.copyOf(result.currentRow(), count);
                    meter.count(databases.own().database(), row, count);
                    scratch.add(table, row, 0);
                }
                return "(SELECT " + String.join(", ", names) + " FROM " + table.getSQL(0) + ')';
            }
        }

        ResultInterface around(long maxRows) {
            Map<Integer, RowArrays> rows = new HashMap<>();
            for (int i = 0; i < parts.size(); i++) {
                Part part = parts.get(i);
                try (ResultInterface result =
                        part.query().execute(databases, part.values(parameters), 0, limits, running)) {
                    rows.put(
                            i,
                            RowArrays.of(
                                    result,
                                    databases.own(),
                                    meter,
                                    running,
                                    databases.own().catalogue()));
                }
            }
            List<Value> values = new ArrayList<>();
            String sql = RowArrays.assemble(around, rows, parameters, values);
            ResultInterface result = federation
                    .prepare(sql, databases)
                    .execute(databases, values.toArray(new Value[0]), maxRows, limits, running);
            return result(result);
        }

        private ResultInterface result(ResultInterface rows) {
            int[] places = new int[columns.size()];
            Arrays.setAll(places, i -> i);
            return new FederatedResult(
                    rows, columns, places, null, databases.own().catalogue(), meter);
        }

        ResultInterface single(long maxRows) {
            Limit limit = single.limit();
            long offset = number(limit.offset(), "result OFFSET", 0);
            long fetch = number(limit.fetch(), "result FETCH", -1);
            if (maxRows > 0) {
                // Also where it is percent, as in H2.
                fetch = fetch < 0 ? maxRows : Math.min(fetch, maxRows);
            }
            boolean percent = limit.percent() && fetch != 0;
            if (percent && fetch > 100) {
                throw DbException.getInvalidValueException("result FETCH PERCENT", fetch);
            }
            HomeLocks.begin(single.tables().stream().map(Locked::table).toList(), databases, running);
            List<Value[]> rows;
            if (fetch == 0) {
                rows = List.of();
            } else if (single.inOrder() && !single.numbered() && !percent && (fetch > 0 || offset > 0)) {
                rows = wanted(offset, fetch < 0 ? Long.MAX_VALUE : fetch);
            } else {
                rows = single.numbered() ? settled() : all();
                long wanted = percent ? (fetch * rows.size() + 99) / 100 : fetch;
                rows = rows.stream()
                        .skip(offset)
                        .limit(wanted < 0 ? Long.MAX_VALUE : wanted)
                        .toList();
            }
            SimpleResult result = new SimpleResult();
            for (int i = 0; i < columns.size(); i++) {
                ResultColumn column = columns.get(i);
                result.addColumn(column.label(), types.isEmpty() ? column.type() : types.get(i));
            }
            rows.forEach(row -> result.addRow(Arrays.copyOf(row, columns.size())));
            return result(result);
        }

        private long number(Source text, String what, long otherwise) {
            if (text == null) {
                return otherwise;
            }
            Value[] values = text.parameters().stream().map(i -> parameters[i]).toArray(Value[]::new);
            Value value;
            if (text.sql().equals("?")) {
                value = values[0];
            } else {
                try (Scratch scratch = Scratch.like(databases.own().catalogue());
                        ResultInterface result = scratch.query("VALUES (" + text.sql() + ")", values, 0)) {
                    result.next();
                    value = result.currentRow()[0];
                }
            }
            if (value == ValueNull.INSTANCE || value.getLong() < 0) {
                throw DbException.getInvalidValueException(what, value);
            }
            return value.getLong();
        }

        private void execute(Session session, String sql, Value[] values, Consumer<Value[]> rows) {
            try (CommandInterface command = session.prepareCommand(sql);
                    ResultInterface result = running.query(command, values, 0)) {
                while (result.next()) {
                    rows.accept(result.currentRow());
                }
            }
        }

        // ---- rows and their locks
        // -------------------------------------------------------------------------------------

        private List<Value[]> all() {
            List<Value[]> rows = read();
            if (rows.isEmpty() || single.tables().isEmpty()) {
                return rows;
            }
            lock(rows);
            Set<List<Value>> together = new HashSet<>();
            rows.forEach(row -> together.add(keys(row)));
            // A row that has another partner now is another row of the result, as in H2.
            return read().stream()
                    .filter(row -> isLocked(row) && together.contains(keys(row)))
                    .toList();
        }

        /** Until all rows of the query are locked: a row that was not there when it was locked would count, too. */
        private List<Value[]> settled() {
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                List<Value[]> rows = read();
                if (rows.stream().allMatch(this::isLocked)) {
                    return rows;
                }
                lock(rows);
            }
            throw FederationErrors.changing(String.join(", ", names));
        }

        /** So many rows that can be locked, from the first one behind the offset on, and locks no more. */
        private List<Value[]> wanted(long offset, long fetch) {
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                boolean fresh = false;
                List<Value[]> taken = new ArrayList<>();
                Iterator<Value[]> rows = read().stream().skip(offset).iterator();
                while (taken.size() < fetch && rows.hasNext()) {
                    List<Value[]> next = new ArrayList<>();
                    while (taken.size() + next.size() < fetch && rows.hasNext()) {
                        Value[] row = rows.next();
                        if (!isRefused(row)) {
                            next.add(row);
                        }
                    }
                    if (!next.stream().allMatch(this::isLocked)) {
                        fresh = true;
                        lock(next);
                    }
                    next.stream().filter(this::isLocked).forEach(taken::add);
                }
                if (!fresh) {
                    return taken;
                }
            }
            throw FederationErrors.changing(String.join(", ", names));
        }

        private List<Value[]> read() {
            meter = new Meter(limits);
            Part part = parts.get(0);
            List<Value[]> rows = new ArrayList<>();
            try (ResultInterface result =
                    part.query().execute(databases, part.values(parameters), 0, limits, running)) {
                int count = result.getVisibleColumnCount();
                types.clear();
                for (int i = 0; i < count; i++) {
                    types.add(FederatedRun.type(result, i));
                }
                while (result.next()) {
                    running.check();
                    Value[] row = Arrays.copyOf(result.currentRow(), count);
                    meter.count(databases.own().database(), row, count);
                    // What they are read from ends with the result.
                    rows.add(ForeignLobs.inMemory(row));
                }
            }
            return rows;
        }

        private List<Value> keys(Value[] row) {
            return List.of(row).subList(columns.size(), row.length);
        }

        private boolean isLocked(Value[] row) {
            int at = columns.size();
            for (Locked table : single.tables()) {
                if (!of(locked, table).contains(key(row, at, table))) {
                    return false;
                }
                at += table.keys().size();
            }
            return true;
        }

        private boolean isRefused(Value[] row) {
            int at = columns.size();
            for (Locked table : single.tables()) {
                if (of(refused, table).contains(key(row, at, table))) {
                    return true;
                }
                at += table.keys().size();
            }
            return false;
        }

        private static Set<List<Value>> of(Map<String, Set<List<Value>>> keys, Locked table) {
            return keys.computeIfAbsent(table.home() + table.lock(), t -> new HashSet<>());
        }

        private static List<Value> key(Value[] row, int at, Locked table) {
            return List.of(row).subList(at, at + table.keys().size());
        }

        /** As H2: a row of the next table is not locked for one that could not be. */
        private void lock(List<Value[]> rows) {
            List<Value[]> left = rows;
            int first = columns.size();
            for (Locked table : single.tables()) {
                int at = first;
                Set<List<Value>> known = of(locked, table);
                Set<List<Value>> fresh = new LinkedHashSet<>();
                for (Value[] row : left) {
                    List<Value> key = key(row, at, table);
                    if (!known.contains(key)) {
                        fresh.add(key);
                    }
                }
                lock(table, new ArrayList<>(fresh), at);
                fresh.removeAll(known);
                of(refused, table).addAll(fresh);
                left = left.stream()
                        .filter(row -> known.contains(key(row, at, table)))
                        .toList();
                first += table.keys().size();
            }
        }

        private void lock(Locked table, List<List<Value>> keys, int at) {
            Session session = Federation.branch(databases, table.home()).session();
            for (int from = 0; from < keys.size(); from += Constants.MAX_ARRAY_CARDINALITY) {
                List<List<Value>> some =
                        keys.subList(from, Math.min(keys.size(), from + Constants.MAX_ARRAY_CARDINALITY));
                Value[] arrays = new Value[table.keys().size()];
                for (int i = 0; i < arrays.length; i++) {
                    int column = i;
                    arrays[i] = ValueArray.get(
                            types.get(at + i),
                            some.stream().map(key -> key.get(column)).toArray(Value[]::new),
                            databases.own().catalogue());
                }
                execute(
                        session,
                        table.lock(),
                        arrays,
                        row -> of(locked, table).add(List.of(Arrays.copyOf(row, arrays.length))));
            }
        }
    }
}
