package io.synod.engine.federation;

import io.synod.engine.federation.StatementText.Kind;
import io.synod.engine.federation.Words.Word;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.h2.command.CommandInterface;
import org.h2.engine.Session;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.table.Table;
import org.h2.value.Value;

/**
 * A query over the rows of changes: {@code FINAL TABLE (INSERT …)} and its like beside tables of other databases. Each change is
 * executed first, by its target's database, which gives its rows; then the query is, on these rows and whole tables, by the
 * scratch database. Holds texts and no session.
 */
final class DeltaQuery {
    private static final String SCHEMA = "SYNOD$CHANGED";

    /** A savepoint. */
    private static final String BEGIN = "SYNOD$BEGIN_OF_DELTA";

    private static final List<String> WHICH = List.of("FINAL", "NEW", "OLD");

    /**
     * One change.
     *
     * @param head the query of its rows up to the parenthesis
     * @param parameters the user's for its own, in their order
     */
    private record Change(String head, FederatedStatement statement, List<Integer> parameters) {}

    private final List<Change> changes;
    private final FederatedQuery query;
    private final List<Integer> parameters;

    private DeltaQuery(List<Change> changes, FederatedQuery query, List<Integer> parameters) {
        this.changes = changes;
        this.query = query;
        this.parameters = parameters;
    }

    /** Whether there is one in the text. */
    static boolean isIn(List<Word> words) {
        for (int i = 0; i + 2 < words.size(); i++) {
            if (isAt(words, i)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isAt(List<Word> words, int i) {
        return i + 2 < words.size()
                && WHICH.stream().anyMatch(words.get(i)::is)
                && words.get(i + 1).is("TABLE")
                && words.get(i + 2).is("(");
    }

    static DeltaQuery of(
            StatementText text,
            TableNames names,
            Databases databases,
            FederatedStatement.Description description,
            Federation federation) {
        List<Word> words = names.words();
        WordGroups groups = new WordGroups(text.sql(), words);
        List<Change> changes = new ArrayList<>();
        List<Integer> parameters = new ArrayList<>();
        StringBuilder outer = new StringBuilder();
        int from = 0;
        for (int i = 0; i < words.size(); i++) {
            if (!isAt(words, i) || groups.partner(i + 2) >= words.size()) {
                continue;
            }
            int end = groups.partner(i + 2);
            groups.slice(outer, parameters, from, i);
            outer.append(' ')
                    .append(SCHEMA)
                    .append(".\"T")
                    .append(changes.size())
                    .append("\" ");
            List<Integer> its = new ArrayList<>();
            StringBuilder change = new StringBuilder();
            groups.slice(change, its, i + 3, end);
            StatementText inner = StatementText.of(
                    change.toString(), databases.own().catalogue().getStaticSettings());
            if (inner.kind() == Kind.QUERY || inner.explain()) {
                throw FederationErrors.unsupported(words.get(i).text() + " TABLE of something that changes no rows");
            }
            changes.add(new Change(
                    "SELECT * FROM " + words.get(i).text() + " TABLE (",
                    federation.statement(inner, inner, databases),
                    its));
            from = end + 1;
            i = end;
        }
        groups.slice(outer, parameters, from, words.size());
        TableNames rest = TableNames.of(outer.toString(), databases);
        FederatedQuery query = new FederatedQuery(
                outer.toString(),
                new FederatedQuery.Shipped(rest.executed(), "the rows of a change", rest.locks()),
                description,
                rest);
        return new DeltaQuery(changes, query, parameters);
    }

    /** What a query has changed is undone when it fails, as that of a statement. */
    ResultInterface execute(Databases databases, Value[] values, long maxRows, ShippingLimits limits, Running running) {
        Session own = databases.session().session();
        // Else the whole is one transaction, and rolled back.
        boolean undoes = !own.getAutoCommit();
        if (undoes) {
            run(own, "SAVEPOINT " + BEGIN);
        }
        try {
            return rows(databases, values, maxRows, limits, running);
        } catch (DbException e) {
            if (undoes) {
                try {
                    run(own, "ROLLBACK TO SAVEPOINT " + BEGIN);
                } catch (DbException lost) {
                    e.addSuppressed(lost);
                }
            }
            throw e;
        }
    }

    private static void run(Session session, String sql) {
        try (CommandInterface command = session.prepareCommand(sql)) {
            command.executeUpdate(null);
        }
    }

    private ResultInterface rows(
            Databases databases, Value[] values, long maxRows, ShippingLimits limits, Running running) {
        List<Consumer<Scratch>> given = new ArrayList<>();
        for (Change change : changes) {
            String table = "T" + given.size();
            given.add(rows(change, table, databases, values, limits, running));
        }
        return query.execute(
                databases,
                parameters.stream().map(i -> values[i]).toArray(Value[]::new),
                maxRows,
                limits,
                running,
                scratch -> {
                    scratch.schema(SCHEMA);
                    given.forEach(g -> g.accept(scratch));
                });
    }

    /** Executes it; its rows are there when it has returned, as the query on them may be begun again. */
    private static Consumer<Scratch> rows(
            Change change, String table, Databases databases, Value[] values, ShippingLimits limits, Running running) {
        Value[] its = change.parameters().stream().map(i -> values[i]).toArray(Value[]::new);
        ResultInterface result;
        String database;
        if (change.statement() instanceof FederatedUpdate update) {
            database = update.target();
            result = update.rows(change.head(), databases, its, limits, running);
        } else {
            FederatedQuery.Local local = (FederatedQuery.Local) ((FederatedQuery) change.statement()).way();
            database = local.database();
            Branch branch = Federation.branch(databases, database);
            CommandInterface command = branch.session().prepareCommand(change.head() + local.sql() + ")");
            result = running.query(command, ForeignLobs.in(branch, its), 0);
        }
        List<Scratch.Column> columns = new ArrayList<>();
        List<Value[]> rows = new ArrayList<>();
        try (ResultInterface changed = result) {
            for (int i = 0; i < changed.getVisibleColumnCount(); i++) {
                columns.add(new Scratch.Column(changed.getAlias(i), changed.getColumnType(i), true));
            }
            Meter meter = new Meter(limits);
            while (changed.next()) {
                Value[] row = ForeignLobs.inMemory(changed.currentRow().clone());
                meter.count(database, row, row.length);
                rows.add(row);
            }
        }
        return scratch -> {
            Table made = scratch.create(SCHEMA, table, columns);
            rows.forEach(row -> scratch.add(made, row, 0));
        };
    }

    String explain() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < changes.size(); i++) {
            for (String line : changes.get(i).statement().explain().split("\n")) {
                text.append("changed T").append(i).append(": ").append(line).append('\n');
            }
        }
        return text.append(query.explain()).toString();
    }

    boolean fits(Databases databases) {
        return query.fits(databases)
                && changes.stream().allMatch(c -> c.statement().fits(databases));
    }
}
