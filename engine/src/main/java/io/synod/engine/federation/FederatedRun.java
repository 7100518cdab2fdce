package io.synod.engine.federation;

import io.synod.engine.federation.FederatedPlan.Edge;
import io.synod.engine.federation.FederatedPlan.Fragment;
import io.synod.engine.federation.ShippingOrder.Turn;
import io.synod.engine.federation.TableNames.Named;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.h2.api.ErrorCode;
import org.h2.index.Index;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.table.Column;
import org.h2.table.Table;
import org.h2.util.StringUtils;
import org.h2.value.TypeInfo;
import org.h2.value.Value;
import org.h2.value.ValueArray;
import org.h2.value.ValueNull;

/** One execution of a query over several databases. */
final class FederatedRun {
    private static final List<String> NOT_OF_THE_PLAN = List.of(
            "08", "40", "57", "54", "HYT", "23", "28", "90007", "90012", "90020", "90067", "90096", "90098", "90108",
            "90121");

    private final FederatedQuery query;
    private final Databases databases;
    private final Value[] parameters;
    private final long maxRows;
    private final ShippingLimits limits;
    private final Running running;
    /** {@code null} if no rows are locked. */
    private final HomeLocks locks;
    /** Makes tables that are those of no database. */
    private final Consumer<Scratch> given;

    private Meter meter;
    /** {@code null} while the scratch database is in memory. */
    private Path directory;

    FederatedRun(
            FederatedQuery query,
            Databases databases,
            Value[] parameters,
            long maxRows,
            ShippingLimits limits,
            Running running,
            HomeLocks locks,
            Consumer<Scratch> given) {
        this.query = query;
        this.databases = databases;
        this.parameters = parameters;
        this.maxRows = maxRows;
        this.limits = limits;
        this.running = running;
        this.locks = locks;
        this.given = given;
        this.meter = new Meter(limits);
    }

    ResultInterface run() {
        try {
            return attempt();
        } catch (Spill e) {
            // Begins again, rather than to move what is there: a statement sees what is committed when it reads.
            directory = limits.directory();
            meter = new Meter(limits);
            return attempt();
        }
    }

    private ResultInterface attempt() {
        if (query.way() instanceof FederatedQuery.Shipped shipped) {
            try {
                return whole(shipped.sql());
            } catch (DbException e) {
                throw FederationErrors.named(e, query.sql());
            }
        }
        FederatedPlan plan = ((FederatedQuery.Planned) query.way()).plan();
        try {
            return planned(plan);
        } catch (DbException e) {
            if (!mayBeThePlans(e)) {
                throw e;
            }
            return again(e);
        }
    }

    /**
     * An error of the text or of a value: the plan may have evaluated what H2 would not have, or H2 does not take a
     * fragment's text. The user's own text, on all rows, gives the result or the true error.
     */
    private ResultInterface again(DbException e) {
        meter = new Meter(limits);
        String text = TableNames.of(query.sql(), databases).executed();
        ResultInterface result;
        try {
            result = whole(text);
        } catch (DbException other) {
            throw other.getErrorCode() == FederationErrors.TOO_MUCH_SHIPPED
                    ? e
                    : FederationErrors.named(other, query.sql());
        }
        if (!state(e).startsWith("22")) {
            query.givePlanUp(new FederatedQuery.Shipped(text, "H2 refused a part of it with " + state(e), false));
        }
        return result;
    }

    private static String state(DbException e) {
        return String.valueOf(e.getSQLException().getSQLState());
    }

    /** Not so: what is of the transaction, of the connection, of a time-out or of a bound. */
    private static boolean mayBeThePlans(DbException e) {
        String state = state(e);
        return NOT_OF_THE_PLAN.stream().noneMatch(state::startsWith);
    }

    private ResultInterface planned(FederatedPlan plan) {
        Scratch scratch = Scratch.like(databases.own().catalogue(), directory);
        try {
            Value[] clock = clock(scratch);
            Shipment shipment = new Shipment(plan, scratch, clock);
            if (plan.rest() == null) {
                ResultInterface result = shipment.query(0, Set.of(), maxRows);
                return result(result, plan.columns(), scratch);
            }
            shipment.shipAll();
            shipment.step();
            SqlPieces.Assembled rest = plan.rest().assemble();
            ResultInterface result =
                    running.query(scratch, rest.sql(), values(rest.parameters(), clock, Map.of()), maxRows);
            return result(result, plan.columns(), scratch);
        } catch (RuntimeException e) {
            scratch.close();
            throw e;
        }
    }

    private ResultInterface result(ResultInterface result, int[] places, Scratch scratch) {
        return new FederatedResult(
                result, query.columns(), places, scratch, databases.own().catalogue(), meter);
    }

    private static Value[] clock(Scratch scratch) {
        try (ResultInterface now = scratch.query("SELECT " + String.join(", ", FederatedPlan.CLOCK), new Value[0], 0)) {
            now.next();
            return now.currentRow().clone();
        }
    }

    private Value[] values(List<Integer> numbers, Value[] clock, Map<Integer, Value> keys) {
        Value[] values = new Value[numbers.size()];
        for (int i = 0; i < values.length; i++) {
            int number = numbers.get(i);
            if (number >= parameters.length && number < FederatedPlan.CLOCK_PARAMETER) {
                throw DbException.get(ErrorCode.PARAMETER_NOT_SET_1, "#" + (number + 1));
            }
            values[i] = number >= FederatedPlan.KEY_PARAMETER
                    ? keys.get(number - FederatedPlan.KEY_PARAMETER)
                    : number >= FederatedPlan.CLOCK_PARAMETER
                            ? clock[number - FederatedPlan.CLOCK_PARAMETER]
                            : parameters[number];
        }
        return values;
    }

    /** What is shipped is too much for the memory. */
    private static final class Spill extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Spill() {
            super(null, null, false, false);
        }
    }

    /** Brings the fragments' rows in {@link ShippingOrder}. */
    private final class Shipment {
        private final FederatedPlan plan;
        private final Scratch scratch;
        private final Value[] clock;
        private final HeldRows rows;

        Shipment(FederatedPlan plan, Scratch scratch, Value[] clock) {
            this.plan = plan;
            this.scratch = scratch;
            this.clock = clock;
            this.rows = new HeldRows(plan.edges(), scratch, limits.keys());
        }

        void shipAll() {
            ShippingOrder order = new ShippingOrder(plan, limits.keys(), edge -> {
                Collection<Value> distinct = keys(edge);
                return distinct == null ? -1 : distinct.size();
            });
            for (Turn turn = order.next(); turn != null; turn = order.next()) {
                read(turn, order);
            }
            for (int fragment : rows.fragments()) {
                String database = plan.fragments().get(fragment).database();
                for (Value[] row : rows.release(fragment)) {
                    ship(scratch, rows.table(fragment), row, 0, database);
                }
            }
            scratch.commit();
            for (int i = 0; i < plan.fragments().size(); i++) {
                index(rows.table(i), plan.fragments().get(i).indexes());
            }
        }

        private void read(Turn turn, ShippingOrder order) {
            int number = turn.fragment();
            boolean some = turn.most() > 0;
            try (ResultInterface result = query(number, order.filters(number), some ? turn.most() + 1 : 0)) {
                meter.read(result.isLazy() ? 0 : result.getRowCount());
                if (some && (result.isLazy() || result.getRowCount() > turn.most())) {
                    order.exceeded(turn);
                    return;
                }
                List<Value[]> copy = rows.copy(result, room());
                Table table = table(number, result);
                if (copy == null) {
                    String database = plan.fragments().get(number).database();
                    fill(scratch, table, result, table.getColumns().length, false, database);
                }
                rows.arrived(number, table, copy);
                order.shipped(number);
            }
        }

        private long room() {
            return limits.memory() - (scratch.isInMemory() ? meter.kept() : 0);
        }

        /** Makes tables of what the scratch database executes before the rest. */
        void step() {
            for (int i = 0; i < plan.steps().size(); i++) {
                FederatedPlan.Step step = plan.steps().get(i);
                SqlPieces.Assembled text = step.sql().assemble();
                Value[] values = values(text.parameters(), clock, Map.of());
                try (ResultInterface result = running.query(scratch, text.sql(), values, 0)) {
                    Table table = table(plan.fragments().size() + i, result);
                    keep(scratch, table, result);
                    scratch.commit();
                    index(table, step.indexes());
                }
            }
        }

        private void index(Table table, List<List<Integer>> indexes) {
            for (List<Integer> index : indexes) {
                scratch.index(table, index.stream().map(FederatedPlan::column).toList());
            }
        }

        private Table table(int number, ResultInterface result) {
            List<Scratch.Column> columns = new ArrayList<>();
            for (int i = 0; i < result.getVisibleColumnCount(); i++) {
                columns.add(new Scratch.Column(FederatedPlan.column(i), type(result, i), true));
            }
            return scratch.create("PUBLIC", FederatedPlan.table(number), columns);
        }

        private ResultInterface query(int number, Set<Integer> filters, long maxRows) {
            Fragment fragment = plan.fragments().get(number);
            Map<Integer, String> lists = new HashMap<>();
            Map<Integer, Value> arrays = new HashMap<>();
            for (int filter : filters) {
                Edge edge = plan.edges().get(filter);
                Collection<Value> keys = keys(edge);
                lists.put(filter, SqlPieces.list(keys));
                arrays.put(
                        filter,
                        ValueArray.get(
                                keyType(edge),
                                keys.toArray(new Value[0]),
                                databases.own().catalogue()));
            }
            SqlPieces.Assembled text = fragment.sql().assemble(lists);
            var session = Federation.branch(databases, fragment.database()).session();
            Value[] values = ForeignLobs.inMemory(values(text.parameters(), clock, arrays));
            return running.query(session.prepareCommand(text.sql()), values, maxRows);
        }

        private TypeInfo keyType(Edge edge) {
            return rows.table(edge.source()).getColumn(edge.sourceColumn()).getType();
        }

        /** Distinct keys of what was read, {@code null} if they cannot be sent or are too many. */
        private Collection<Value> keys(Edge edge) {
            if (limits.keys() <= 0 || !isKey(keyType(edge).getValueType()) || !comparesAlike(edge)) {
                return null;
            }
            Map<Object, Value> distinct = rows.keys(edge.source(), edge.sourceColumn());
            return distinct == null ? null : distinct.values();
        }

        /** Whether the target's database finds all rows that the scratch database takes for equal: texts by the same collation. */
        private boolean comparesAlike(Edge edge) {
            String target = plan.fragments().get(edge.target()).database();
            return keyType(edge).getValueType() != Value.VARCHAR
                    || Federation.branch(databases, target)
                            .catalogue()
                            .getDatabase()
                            .getCompareMode()
                            .equals(scratch.session().getDatabase().getCompareMode());
        }
    }

    /** Types whose equal values are equal in every database: numbers, dates and text without padding or folding. */
    private static boolean isKey(int type) {
        return switch (type) {
            case Value.TINYINT,
                    Value.SMALLINT,
                    Value.INTEGER,
                    Value.BIGINT,
                    Value.NUMERIC,
                    Value.VARCHAR,
                    Value.DATE,
                    Value.TIMESTAMP,
                    Value.UUID -> true;
            default -> false;
        };
    }

    /** A column's type, or the one that all its values have if the text does not tell, as of a parameter. */
    static TypeInfo type(ResultInterface result, int column) {
        TypeInfo type = result.getColumnType(column);
        if (type.getValueType() != Value.UNKNOWN && type.getValueType() != Value.NULL) {
            return type;
        }
        TypeInfo found = null;
        while (result.next()) {
            Value value = result.currentRow()[column];
            if (value != ValueNull.INSTANCE) {
                found = found == null ? value.getType() : TypeInfo.getHigherType(found, value.getType());
            }
        }
        result.reset();
        return found == null ? TypeInfo.TYPE_VARCHAR : found;
    }

    private void fill(
            Scratch scratch, Table table, ResultInterface result, int columns, boolean keyed, String database) {
        while (result.next()) {
            Value[] from = result.currentRow();
            Value[] row = new Value[columns];
            for (int i = 0; i < columns; i++) {
                row[i] = from[i];
            }
            ship(scratch, table, row, keyed ? from[columns].getLong() : 0, database);
        }
    }

    private void ship(Scratch scratch, Table table, Value[] row, long key, String database) {
        running.check();
        meter.count(database, row, row.length);
        add(scratch, table, row, key);
    }

    private void keep(Scratch scratch, Table table, ResultInterface result) {
        int columns = table.getColumns().length;
        while (result.next()) {
            Value[] row = Arrays.copyOf(result.currentRow(), columns);
            running.check();
            meter.keep(row);
            add(scratch, table, row, 0);
        }
    }

    private void add(Scratch scratch, Table table, Value[] row, long key) {
        if (scratch.isInMemory() && meter.kept() > limits.memory()) {
            throw new Spill();
        }
        scratch.add(table, row, key);
    }

    /** Brings the tables that are named, with the columns that are, and executes the user's text. */
    private ResultInterface whole(String text) {
        TableNames names = TableNames.of(query.sql(), databases);
        Scratch scratch = Scratch.like(databases.own().catalogue(), directory);
        try {
            Map<Named, Table> tables = Federation.tables(scratch, names, databases, true, locks);
            given.accept(scratch);
            SequenceDraws.create(scratch, names.draws(), databases);
            for (Map.Entry<Named, Table> entry : tables.entrySet()) {
                if (locks != null) {
                    primaryKey(scratch, entry.getKey().table(), entry.getValue());
                }
                ship(scratch, names, entry.getKey(), entry.getValue());
            }
            scratch.commit();
            for (Map.Entry<Named, Table> entry : tables.entrySet()) {
                index(scratch, entry.getKey().table(), entry.getValue());
            }
            ResultInterface result;
            try {
                result = running.query(scratch, text, parameters, maxRows);
            } finally {
                scratch.giveVariables(databases.own().catalogue());
            }
            return result(result, FederatedResult.inOrder(query.columns().size()), scratch);
        } catch (RuntimeException e) {
            scratch.close();
            throw e;
        }
    }

    private void ship(Scratch scratch, TableNames names, Named named, Table table) {
        StringBuilder sql = new StringBuilder("SELECT ");
        int columns = table.getColumns().length;
        String separator = "";
        for (Column column : table.getColumns()) {
            sql.append(separator).append(StringUtils.quoteIdentifier(column.getName()));
            separator = ", ";
        }
        boolean keyed = (names.usesRowIds() || locks != null) && named.table().getRowIdColumn() != null;
        sql.append(keyed ? ", _ROWID_" : "").append(" FROM ").append(named.quoted());
        var command = Federation.branch(databases, named.home()).session().prepareCommand(sql.toString());
        try (ResultInterface result = running.query(command, new Value[0], 0)) {
            fill(scratch, table, result, columns, keyed, named.database());
        }
    }

    /** How many rows H2 locks depends on which index it reads: it has the same ones. */
    private static void primaryKey(Scratch scratch, Table source, Table table) {
        Index key = source.isRowLockable() ? source.findPrimaryKey() : null;
        if (key != null && hasAll(table, key, source)) {
            scratch.primaryKey(table, key);
        }
    }

    private void index(Scratch scratch, Table source, Table table) {
        if (source.getIndexes() == null) {
            return;
        }
        Set<List<String>> made = new HashSet<>();
        for (Index index : source.getIndexes()) {
            if (index.getIndexType().isScan() || index.getIndexType().isSpatial() || !hasAll(table, index, source)) {
                continue;
            }
            if (locks != null && source.isRowLockable()) {
                if (!index.getIndexType().isPrimaryKey()) {
                    scratch.index(table, index);
                }
                continue;
            }
            List<String> columns =
                    Arrays.stream(index.getColumns()).map(Column::getName).toList();
            if (made.add(columns)) {
                scratch.index(table, columns);
            }
        }
    }

    private static boolean hasAll(Table table, Index index, Table source) {
        return Arrays.stream(index.getColumns())
                .allMatch(column -> column.getTable() == source && table.doesColumnExist(column.getName()));
    }
}
