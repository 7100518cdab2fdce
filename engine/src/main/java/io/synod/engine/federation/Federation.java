package io.synod.engine.federation;

import io.synod.engine.federation.TableNames.Named;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.h2.api.ErrorCode;
import org.h2.engine.SessionLocal;
import org.h2.index.Index;
import org.h2.message.DbException;
import org.h2.table.Column;
import org.h2.table.Table;
import org.h2.util.StringUtils;

/**
 * Plans queries over several databases and keeps the plans. Thread-safe; one per node suffices. Calcite is loaded with the
 * first query that needs a plan.
 */
public final class Federation {
    /** The text and all that gives it its meaning. */
    private record Key(String sql, String asked, String own, List<String> path, String mode, String versions) {}

    /** Behind the name of the connection's database: its session itself, whatever moment is read otherwise. */
    static final String OF_SESSION = " (temporary)";

    private static final int KEPT = 256;

    private final Map<Key, FederatedStatement> plans = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, FederatedStatement> eldest) {
            return size() > KEPT;
        }
    };

    /** Keeps no plan yet. */
    public Federation() {}

    /**
     * Plans a query, or finds the plan of an earlier call.
     *
     * @param sql a query; tables of other databases by names of three parts
     * @param databases of the session that asks
     * @return the query
     * @throws DbException 90013, 90079 or 42102 for a name that does not exist, with those that do; 0A000 for what cannot be
     *     done over several databases; else what H2 says of this text
     */
    public FederatedQuery prepare(String sql, Databases databases) {
        StatementText text = StatementText.of(sql, databases.own().catalogue().getStaticSettings());
        FederatedStatement statement = statement(text, text, databases);
        if (statement instanceof FederatedQuery query) {
            if (query.description() == null) {
                describe(text, databases);
            }
            return query;
        }
        throw FederationErrors.unsupported("a change of rows is no query");
    }

    /**
     * Makes a command of a statement that names other databases, for one session: a query, {@code INSERT}, {@code UPDATE},
     * {@code DELETE} or {@code MERGE}, or {@code EXPLAIN} of one.
     *
     * @param sql the text; tables of other databases by names of three parts
     * @param databases of that session
     * @param limits what one execution may ship
     * @return a command that looks at every execution whether a catalogue has changed; as thread-safe as H2's own: {@code cancel}
     *     may be called by any thread, the rest by one at a time
     * @throws DbException 90013, 90079 or 42102 for a name that does not exist, with those that do; 0A000 for what cannot be
     *     done over several databases; else what H2 says of this text
     */
    public FederatedCommand command(String sql, Databases databases, ShippingLimits limits) {
        return new FederatedCommand(this, sql, databases, limits);
    }

    /** @param asked as the user wrote it; the text has answers in it, see {@link SessionWords} */
    FederatedStatement statement(StatementText text, StatementText asked, Databases databases) {
        TableNames names = TableNames.of(text.sql(), databases);
        if (names.tables().stream().anyMatch(Named::isOfSession)) {
            // Another session's table of this name is another one.
            return make(text, asked, names, databases);
        }
        Key key = key(text.sql(), asked.sql(), names, databases);
        FederatedStatement known;
        synchronized (plans) {
            known = plans.get(key);
        }
        if (known != null && known.fits(databases)) {
            return known;
        }
        FederatedStatement statement = make(text, asked, names, databases);
        synchronized (plans) {
            plans.put(key, statement);
        }
        return statement;
    }

    private static Key key(String sql, String asked, TableNames names, Databases databases) {
        SessionLocal own = databases.own().catalogue();
        TreeSet<String> versions = new TreeSet<>();
        versions.add(version(databases.own()));
        names.tables().forEach(n -> versions.add(version(n.branch())));
        names.draws().forEach(d -> versions.add(version(d.branch())));
        names.calls().forEach(c -> versions.add(version(c.branch())));
        return new Key(
                sql,
                asked,
                databases.own().database(),
                TableNames.searchPath(own),
                own.getMode().getName(),
                String.join(" ", versions));
    }

    private static String version(Branch branch) {
        var database = branch.catalogue().getDatabase();
        return branch.database() + "=" + System.identityHashCode(database) + "/" + database.getModificationMetaId();
    }

    private FederatedStatement make(StatementText text, StatementText asked, TableNames names, Databases databases) {
        String sql = text.sql();
        Branch only = names.onlyDatabase();
        OwnObjects objects = OwnObjects.of(names.words(), databases.own().catalogue(), names.tables());
        boolean knowsThem = objects.isEmpty()
                || only != null && only.database().equals(databases.own().database());
        if (only != null && knowsThem) {
            FederatedStatement.Description description = null;
            if (!asked.equals(text)) {
                description = describe(asked, databases);
            } else if (!only.database().equals(databases.own().database())
                    && (names.mayMeanMoreOf(only) || names.words().get(0).is("WITH"))) {
                // A name without a database is the connection's own, although the other one may have it too.
                describe(text, databases);
            }
            FederatedQuery.Way way = new FederatedQuery.Local(only.database(), names.local());
            return new FederatedQuery(sql, way, description, names);
        }
        FederatedStatement.Description description = describe(asked, databases);
        if (text.kind() != StatementText.Kind.QUERY) {
            return FederatedUpdate.of(text, names, databases, description, this);
        }
        if (DeltaQuery.isIn(names.words())) {
            DeltaQuery changing = DeltaQuery.of(text, names, databases, description, this);
            return new FederatedQuery(sql, new FederatedQuery.Changing(changing), description, names);
        }
        FederatedQuery.Way way;
        try {
            if (!names.calls().isEmpty()) {
                throw new Unplannable("a function of a database");
            }
            if (!names.draws().isEmpty()) {
                throw new Unplannable("a sequence");
            }
            if (names.locks()) {
                way = new FederatedQuery.Locking(
                        new LockingQuery(text, names, databases, description, objects.areCalled(), this));
            } else if (objects.areCalled()) {
                throw new Unplannable("a function of this database");
            } else {
                way = new FederatedQuery.Planned(Planner.plan(sql, names, databases));
            }
        } catch (Unplannable e) {
            way = new FederatedQuery.Shipped(names.executed(), e.getMessage(), names.locks());
        }
        return new FederatedQuery(sql, way, description, names);
    }

    /** What H2 says of the user's text, asked on tables without rows; its errors are the user's. */
    private static FederatedStatement.Description describe(StatementText text, Databases databases) {
        String sql = text.sql();
        TableNames names = TableNames.of(sql, databases);
        boolean query = text.kind() == StatementText.Kind.QUERY && !DeltaQuery.isIn(names.words());
        try (Scratch scratch = Scratch.like(databases.own().catalogue())) {
            tables(scratch, names, databases, query);
            var command = scratch.prepare(names.scratch());
            List<FederatedParameter.Description> parameters = new ArrayList<>();
            command.getParameters()
                    .forEach(p -> parameters.add(new FederatedParameter.Description(p.getType(), p.getNullable())));
            return new FederatedStatement.Description(
                    command.isQuery()
                            ? ResultColumn.of(
                                    command.getMetaData(), databases.own().database())
                            : List.of(),
                    parameters,
                    command.getCommandType());
        } catch (DbException e) {
            int code = e.getErrorCode();
            if (code == ErrorCode.DATABASE_NOT_FOUND_1 || code == ErrorCode.SCHEMA_NOT_FOUND_1) {
                String message = String.valueOf(e.getSQLException().getMessage());
                int from = message.indexOf('"');
                int to = message.indexOf('"', from + 1);
                if (from >= 0 && to > from) {
                    throw FederationErrors.noDatabase(message.substring(from + 1, to), databases.names());
                }
            }
            throw FederationErrors.named(e, sql);
        }
    }

    /**
     * Creates the tables that a text names, where {@link TableNames#scratch} has them.
     *
     * @param query whether the columns that it may use suffice; a change of rows may mean all, and the primary key
     */
    static Map<Named, Table> tables(Scratch scratch, TableNames names, Databases databases, boolean query) {
        return tables(scratch, names, databases, query, null);
    }

    /** @param locks where rows are locked that the text locks; {@code null} for nowhere */
    static Map<Named, Table> tables(
            Scratch scratch, TableNames names, Databases databases, boolean query, HomeLocks locks) {
        Map<Named, Table> tables = new LinkedHashMap<>();
        String own = databases.own().database();
        for (Named named : names.tables()) {
            scratch.schema(named.scratchSchema(own));
            boolean locked = locks != null && named.table().isRowLockable();
            List<Scratch.Column> columns = new ArrayList<>();
            for (Column column : !query
                    ? List.of(named.table().getVisibleColumns())
                    : locked ? withIndexes(names.usedColumns(named.table())) : names.usedColumns(named.table())) {
                columns.add(new Scratch.Column(column.getName(), column.getType(), column.isNullable()));
            }
            List<String> key = query ? List.of() : primaryKey(named.table());
            tables.put(
                    named,
                    locked
                            ? scratch.create(named.scratchSchema(own), columns, named, locks)
                            : scratch.create(named.scratchSchema(own), named.name(), columns, key));
        }
        names.draws().forEach(draw -> create(scratch, draw, own));
        for (TableNames.Call call : names.calls()) {
            Branch home = databases.live(call.branch().database());
            OwnObjects.create(scratch, call.function(), call.scratchSchema(), home);
        }
        OwnObjects.of(names.words(), databases.own().catalogue(), names.tables())
                .create(scratch, databases.session());
        List<String> path = TableNames.searchPath(databases.own().catalogue());
        path.forEach(scratch::schema);
        scratch.session().setCurrentSchemaName(path.get(0));
        scratch.session().setSchemaSearchPath(path.subList(1, path.size()).toArray(new String[0]));
        return tables;
    }

    /** Also the other columns of indexes that H2 may use: how many rows it locks depends on which it uses. */
    private static Collection<Column> withIndexes(List<Column> used) {
        Set<Column> columns = new LinkedHashSet<>(used);
        List<Index> indexes = used.get(0).getTable().getIndexes();
        for (Index index : indexes == null ? List.<Index>of() : indexes) {
            List<Column> its = List.of(index.getColumns());
            if (!index.getIndexType().isScan()
                    && used.contains(its.get(0))
                    && its.stream().allMatch(Column::getVisible)) {
                columns.addAll(its);
            }
        }
        return columns;
    }

    /** One that is not drawn from: it tells type and name. */
    private static void create(Scratch scratch, TableNames.Draw draw, String own) {
        String schema = draw.sequence().getSchema().getName();
        String there =
                draw.branch().database().equals(own) ? schema : draw.branch().database() + "." + schema;
        scratch.schema(there);
        StringBuilder sql = new StringBuilder("CREATE SEQUENCE IF NOT EXISTS ")
                .append(StringUtils.quoteIdentifier(there))
                .append('.')
                .append(StringUtils.quoteIdentifier(draw.sequence().getName()))
                .append(" AS ");
        scratch.execute(draw.sequence().getDataType().getSQL(sql, 0).toString());
    }

    private static List<String> primaryKey(Table table) {
        Index key = table.findPrimaryKey();
        return key == null
                ? List.of()
                : Arrays.stream(key.getColumns()).map(Column::getName).toList();
    }

    static Branch branch(Databases databases, String name) {
        if (name.endsWith(OF_SESSION)) {
            return databases.session();
        }
        return name.equals(databases.own().database()) ? databases.own() : databases.find(name);
    }
}
