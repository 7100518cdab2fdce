package io.synod.engine.federation;

import io.synod.engine.federation.TableNames.Named;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionLocal;
import org.h2.result.ResultInterface;
import org.h2.table.Table;
import org.h2.value.Value;

/**
 * A query over several databases, ready to be executed any number of times. It holds texts and no session: threads share it.
 * Made by {@link Federation}.
 */
public final class FederatedQuery implements FederatedStatement {
    /** How many rows a table was expected to have. */
    private record Expected(List<String> path, double rows) {}

    /** A table that grew or shrank by this factor deserves another plan. */
    private static final double DRIFT = 10;

    /** Tables below this size are not worth another plan. */
    private static final double SMALL = 100;

    private final String sql;
    private volatile Way way;
    private final Description description;
    private final List<Expected> expected;

    /** How a query is executed. */
    sealed interface Way permits Local, Planned, Shipped, Locking, Changing {}

    /**
     * By one database.
     *
     * @param sql the user's text without that database's name
     */
    record Local(String database, String sql) implements Way {}

    /** By a plan. */
    record Planned(FederatedPlan plan) implements Way {}

    /**
     * By bringing the tables to a scratch database and executing the user's text there.
     *
     * @param sql that text, with other names
     * @param reason what has no plan
     * @param locks whether rows are locked, in the databases that have them
     */
    record Shipped(String sql, String reason, boolean locks) implements Way {}

    /** By other queries, and locks between. */
    record Locking(LockingQuery query) implements Way {}

    /** By changes, and on their rows. */
    record Changing(DeltaQuery query) implements Way {}

    FederatedQuery(String sql, Way way, Description description, TableNames names) {
        this.sql = sql;
        this.way = way;
        this.description = description;
        this.expected = names.tables().stream()
                .map(n -> new Expected(n.path(), rows(n)))
                .toList();
    }

    private static double rows(Named named) {
        return named.table().getRowCountApproximation(named.branch().catalogue());
    }

    String sql() {
        return sql;
    }

    Way way() {
        return way;
    }

    /** From now on it brings whole tables: H2 does not take what the plan made of the text. */
    void givePlanUp(Shipped instead) {
        way = instead;
    }

    List<ResultColumn> columns() {
        return description.columns();
    }

    @Override
    public Description description() {
        return description;
    }

    @Override
    public boolean fits(Databases databases) {
        if (way instanceof Local) {
            return true;
        }
        if (way instanceof Changing changing && !changing.query().fits(databases)) {
            return false;
        }
        for (Expected table : expected) {
            Branch branch = Federation.branch(databases, table.path().get(0));
            if (branch == null) {
                return false;
            }
            SessionLocal session = branch.catalogue();
            var schema = session.getDatabase().findSchema(table.path().get(1));
            Table found = schema == null
                    ? null
                    : schema.resolveTableOrView(session, table.path().get(2));
            if (found == null) {
                return false;
            }
            double rows = Math.max(SMALL, found.getRowCountApproximation(session));
            double then = Math.max(SMALL, table.rows());
            if (rows > DRIFT * then || then > DRIFT * rows) {
                return false;
            }
        }
        return true;
    }

    /**
     * Executes it.
     *
     * @param databases of the session that asks
     * @param parameters as many as the text has
     * @param maxRows rows of the result at most, 0 for all
     * @param limits what may be shipped
     * @return rows with the metadata that H2 gives for this text on one database; to be closed
     */
    public ResultInterface execute(Databases databases, Value[] parameters, long maxRows, ShippingLimits limits) {
        return execute(databases, parameters, maxRows, limits, new Running());
    }

    ResultInterface execute(
            Databases databases, Value[] parameters, long maxRows, ShippingLimits limits, Running running) {
        return execute(databases, parameters, maxRows, limits, running, scratch -> {});
    }

    /** @param given makes tables that the text names beside those of databases */
    ResultInterface execute(
            Databases databases,
            Value[] parameters,
            long maxRows,
            ShippingLimits limits,
            Running running,
            Consumer<Scratch> given) {
        if (way instanceof Local local) {
            CommandInterface command =
                    Federation.branch(databases, local.database()).session().prepareCommand(local.sql());
            if (!command.isQuery()) {
                throw FederationErrors.unsupported("only queries may name another database");
            }
            return running.query(command, ForeignLobs.inMemory(parameters), maxRows);
        }
        if (way instanceof Locking locking) {
            return locking.query().execute(databases, parameters, maxRows, limits, running);
        }
        if (way instanceof Changing changing) {
            return changing.query().execute(databases, parameters, maxRows, limits, running);
        }
        Set<String> names = new LinkedHashSet<>();
        expected.forEach(table -> names.add(table.path().get(0)));
        if (!(way instanceof Shipped shipped && shipped.locks())) {
            return new FederatedRun(this, moment(databases, names), parameters, maxRows, limits, running, null, given)
                    .run();
        }
        return FederatedUpdate.inOneTransaction(databases, names, () -> {
            try (HomeLocks locks = new HomeLocks(databases, running)) {
                HomeLocks.begin(TableNames.of(sql, databases).tables(), databases, running);
                Databases read = moment(databases, names);
                return new FederatedRun(this, read, parameters, maxRows, limits, running, locks, given).run();
            }
        });
    }

    private static Databases moment(Databases databases, Set<String> names) {
        return names.size() < 2 ? databases : databases.asOfOneMoment(names);
    }

    /**
     * Which database runs what.
     *
     * @return lines that begin with the database, or with {@code here} for what runs in the scratch database
     */
    @Override
    public String explain() {
        if (way instanceof Local local) {
            return local.database() + ": " + local.sql();
        }
        if (way instanceof Locking locking) {
            return locking.query().explain();
        }
        if (way instanceof Changing changing) {
            return changing.query().explain();
        }
        StringBuilder text = new StringBuilder();
        if (way instanceof Shipped shipped) {
            text.append("no plan (").append(shipped.reason()).append("): whole tables are shipped\n");
            for (Expected table : expected) {
                text.append(table.path().get(0))
                        .append(": used columns of ")
                        .append(table.path().get(1))
                        .append('.')
                        .append(table.path().get(2))
                        .append(", ")
                        .append((long) table.rows())
                        .append(" rows\n");
            }
            if (shipped.locks()) {
                text.append("each database: the rows that are locked below, one by one\n");
            }
            return text.append("here: ").append(shipped.sql()).toString();
        }
        FederatedPlan plan = ((Planned) way).plan();
        for (int i = 0; i < plan.fragments().size(); i++) {
            FederatedPlan.Fragment fragment = plan.fragments().get(i);
            text.append(fragment.database()).append(": ");
            if (plan.rest() != null) {
                text.append(FederatedPlan.table(i)).append(" = ");
            }
            text.append(fragment.sql().readable())
                    .append(" /* about ")
                    .append(Math.round(fragment.rows()))
                    .append(" rows */\n");
        }
        for (int i = 0; i < plan.steps().size(); i++) {
            text.append("here: ")
                    .append(FederatedPlan.table(plan.fragments().size() + i))
                    .append(" = ")
                    .append(plan.steps().get(i).sql().readable())
                    .append('\n');
        }
        if (plan.rest() != null) {
            text.append("here: ").append(plan.rest().readable());
        }
        return text.toString().strip();
    }
}
