package io.synod.engine.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.MathContext;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.h2.command.CommandInterface;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.value.Value;

/**
 * The same tables twice: all in one H2 database, and spread over several. A query names its tables in braces, {@code {orders}};
 * it must give the same on both sides.
 */
final class Twin implements AutoCloseable {
    private static final Pattern TABLE = Pattern.compile("\\{(\\w+)}");

    private static final AtomicInteger OPENED = new AtomicInteger();

    /** One of the several databases. */
    private record Member(String database, String url, JdbcConnection connection) implements Branch {
        @Override
        public SessionLocal catalogue() {
            return (SessionLocal) connection.getSession();
        }

        @Override
        public Session session() {
            return connection.getSession();
        }
    }

    private final String oneUrl = url();
    private final JdbcConnection one = open(oneUrl);
    private final Map<String, Member> members = new LinkedHashMap<>();
    private final List<JdbcConnection> opened = new ArrayList<>();
    private final Map<String, String> homes = new LinkedHashMap<>();
    private final Map<String, JdbcConnection> holders = new LinkedHashMap<>();
    private final Federation federation = new Federation();
    private final String own;
    ShippingLimits limits = ShippingLimits.DEFAULT;

    /** @param databases their names; the first one is the connection's own */
    Twin(String... databases) {
        this(name -> url(), databases);
    }

    Twin(UnaryOperator<String> urls, String... databases) {
        for (String name : databases) {
            String url = urls.apply(name);
            members.put(name, new Member(name, url, open(url)));
        }
        own = databases[0];
    }

    private static String url() {
        return "jdbc:h2:mem:twin" + OPENED.incrementAndGet();
    }

    /** Another connection to a database. */
    JdbcConnection another(String database) {
        return open(members.get(database).url());
    }

    private static JdbcConnection open(String url) {
        try {
            return new JdbcConnection(url, new Properties(), "sa", "", false);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    JdbcConnection one() {
        return one;
    }

    Connection member(String database) {
        return members.get(database).connection();
    }

    Databases databases() {
        return databases(members);
    }

    /** Those of another session. */
    Databases otherDatabases() {
        Map<String, Member> others = new LinkedHashMap<>();
        members.forEach((name, member) -> {
            JdbcConnection connection = another(name);
            opened.add(connection);
            others.put(name, new Member(name, member.url(), connection));
        });
        return databases(others);
    }

    private Databases databases(Map<String, Member> of) {
        return new Databases() {
            @Override
            public Branch own() {
                return of.get(own);
            }

            @Override
            public Branch find(String name) {
                return of.get(name);
            }

            @Override
            public Collection<String> names() {
                return of.keySet();
            }
        };
    }

    Federation federation() {
        return federation;
    }

    /** Tables that stand in a database already. */
    Twin has(String database, String... tables) {
        for (String table : tables) {
            homes.put(table, database);
        }
        return this;
    }

    /** Executes statements that make a table, on both sides. */
    Twin make(String database, String table, String... statements) {
        homes.put(table, database);
        for (String sql : statements) {
            execute(one, sql);
            execute(member(database), sql);
        }
        return this;
    }

    static void execute(Connection connection, String sql) {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new AssertionError(sql, e);
        }
    }

    String federated(String query) {
        return TABLE.matcher(query).replaceAll(found -> {
            String table = found.group(1);
            String home = homes.get(table);
            return Matcher.quoteReplacement(
                    home.equals(own) ? table : home + ".PUBLIC." + table.toUpperCase(Locale.ROOT));
        });
    }

    static String single(String query) {
        return TABLE.matcher(query).replaceAll("$1");
    }

    FederatedQuery prepare(String query) {
        return federation.prepare(federated(query), databases());
    }

    String explain(String query) {
        return prepare(query).explain();
    }

    /** How a query is executed: "planned", "local", or why it is neither. */
    String plan(String query) {
        try {
            FederatedQuery.Way way = prepare(query).way();
            return way instanceof FederatedQuery.Shipped shipped
                    ? shipped.reason()
                    : way instanceof FederatedQuery.Local ? "local" : "planned";
        } catch (DbException e) {
            return error(e).get(0);
        }
    }

    long shippedRows(String query) {
        try (ResultInterface result = prepare(query).execute(databases(), new Value[0], 0, limits)) {
            return result instanceof FederatedResult federated ? federated.shippedRows() : 0;
        }
    }

    long readRows(String query) {
        try (ResultInterface result = prepare(query).execute(databases(), new Value[0], 0, limits)) {
            return result instanceof FederatedResult federated ? federated.readRows() : 0;
        }
    }

    List<String> runFederated(String query, Value... parameters) {
        try (ResultInterface result = prepare(query).execute(databases(), parameters, 0, limits)) {
            return rows(result);
        } catch (DbException e) {
            return error(e);
        }
    }

    List<String> runSingle(String query, Value... parameters) {
        try (ResultInterface result = Scratch.query(one.getSession().prepareCommand(single(query)), parameters, 0)) {
            return rows(result);
        } catch (DbException e) {
            return error(e);
        }
    }

    /**
     * Whether one broken constraint is as good as another: of several rows that break different ones, the first counts, and a
     * query without ORDER BY gives them in any order.
     */
    boolean anyConstraint;

    private String lastChange;

    /** What the last change gave on one database. */
    String lastChange() {
        return lastChange;
    }

    void autoCommit(boolean on) {
        one.getSession().setAutoCommit(on);
        members.values().forEach(m -> m.connection().getSession().setAutoCommit(on));
    }

    void rollback() {
        execute(one, "ROLLBACK");
        members.values().forEach(m -> execute(m.connection(), "ROLLBACK"));
    }

    /** Another transaction locks a row, on both sides, until {@link #release}. */
    void hold(String table, int id) {
        String sql = "SELECT * FROM " + table + " WHERE id = " + id + " FOR UPDATE SKIP LOCKED";
        execute(holder(""), sql);
        execute(holder(homes.get(table)), sql);
    }

    /** @param database empty for the one */
    private JdbcConnection holder(String database) {
        return holders.computeIfAbsent(database, d -> {
            JdbcConnection holder = d.isEmpty() ? open(oneUrl) : another(d);
            holder.getSession().setAutoCommit(false);
            opened.add(holder);
            return holder;
        });
    }

    void release() {
        holders.values().forEach(holder -> execute(holder, "ROLLBACK"));
    }

    /** The rows of each table that another session could lock. */
    List<String> free(boolean single) {
        List<String> free = new ArrayList<>();
        homes.forEach((table, database) -> {
            try (JdbcConnection c = single ? open(oneUrl) : another(database)) {
                c.setAutoCommit(false);
                var command = c.getSession().prepareCommand("SELECT id FROM " + table + " FOR UPDATE SKIP LOCKED");
                try (ResultInterface result = Scratch.query(command, new Value[0], 0)) {
                    while (result.next()) {
                        free.add(table + " " + result.currentRow()[0].getInt());
                    }
                }
                c.rollback();
            } catch (SQLException e) {
                throw new AssertionError(e);
            }
        });
        return free;
    }

    FederatedCommand command(String sql) {
        return federation.command(federated(sql), databases(), limits);
    }

    String explainChange(String sql) {
        try (FederatedCommand command = command(sql)) {
            return command.explain();
        } catch (DbException e) {
            return error(e).get(0);
        }
    }

    /** How many rows it changed, or the error. */
    String changeFederated(String sql, Value... parameters) {
        try (FederatedCommand command = command(sql)) {
            return change(command, parameters);
        } catch (DbException e) {
            return error(e).get(0);
        }
    }

    String changeSingle(String sql, Value... parameters) {
        try (CommandInterface command = one.getSession().prepareCommand(single(sql))) {
            return change(command, parameters);
        } catch (DbException e) {
            return error(e).get(0);
        }
    }

    private static String change(CommandInterface command, Value... parameters) {
        for (int i = 0; i < parameters.length; i++) {
            command.getParameters().get(i).setValue(parameters[i], true);
        }
        return command.executeUpdate(null).getUpdateCount() + " rows";
    }

    private String told(String result) {
        return anyConstraint && result.startsWith("error 23") ? "error 23" : result;
    }

    /** Every row of every table. */
    List<String> content(boolean single) {
        List<String> content = new ArrayList<>();
        homes.forEach((table, database) -> {
            Session session = (single ? one : members.get(database).connection()).getSession();
            try (ResultInterface result =
                    Scratch.query(session.prepareCommand("SELECT * FROM " + table), new Value[0], 0)) {
                List<String> rows = sorted(rows(result));
                rows.set(0, table + " " + rows.get(0));
                content.addAll(rows);
            }
        });
        return content;
    }

    /** Executes a change on both sides; {@code null} if it gave the same count or error, and the same rows after it. */
    String changeDifference(String sql, Value... parameters) {
        lastChange = changeSingle(sql, parameters);
        String federated = changeFederated(sql, parameters);
        if (!told(lastChange).equals(told(federated))) {
            return "one: " + lastChange + ", several: " + federated;
        }
        List<String> expected = content(true);
        List<String> actual = content(false);
        for (int i = 0; i < expected.size() && i < actual.size(); i++) {
            if (!expected.get(i).equals(actual.get(i))) {
                return "one     " + expected.get(i) + "\nseveral " + actual.get(i);
            }
        }
        return expected.size() == actual.size() ? null : expected.size() + " and " + actual.size() + " lines";
    }

    private static List<String> error(DbException e) {
        return List.of("error " + e.getSQLException().getSQLState());
    }

    /** Of another database it is told with that one's name before it. */
    private static String schema(String name) {
        return name == null ? null : name.substring(name.indexOf('.') + 1);
    }

    /** First the metadata, then a line per row, with the types of the values. */
    private static List<String> rows(ResultInterface result) {
        List<String> rows = new ArrayList<>();
        StringBuilder head = new StringBuilder();
        int columns = result.getVisibleColumnCount();
        for (int i = 0; i < columns; i++) {
            head.append(result.getAlias(i))
                    .append(' ')
                    .append(schema(result.getSchemaName(i)))
                    .append('.')
                    .append(result.getTableName(i))
                    .append('.')
                    .append(result.getColumnName(i))
                    .append(' ')
                    .append(result.getColumnType(i))
                    .append(' ')
                    .append(result.getNullable(i))
                    .append(", ");
        }
        // Names of derived tables are numbers of the session; a name in an expression is as the user wrote it.
        rows.add(head.toString()
                .replaceAll("PUBLIC\\._\\d+\\.", "PUBLIC._.")
                .replaceAll("\\bDB\\d\\.PUBLIC\\b", "PUBLIC"));
        while (result.next()) {
            StringBuilder row = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                Value value = result.currentRow()[i];
                row.append(Value.getTypeName(value.getValueType()))
                        .append(' ')
                        .append(text(value))
                        .append(" | ");
            }
            rows.add(row.toString());
        }
        return rows;
    }

    /** The last digits of a sum of floating-point numbers depend on the order of the rows. */
    private static String text(Value value) {
        if (value.getValueType() == Value.JAVA_OBJECT) {
            return HexFormat.of().formatHex(value.getBytes());
        }
        return value.getValueType() == Value.DOUBLE || value.getValueType() == Value.DECFLOAT
                ? value.getBigDecimal()
                        .round(new MathContext(12))
                        .stripTrailingZeros()
                        .toPlainString()
                : value.getString();
    }

    private static List<String> sorted(List<String> rows) {
        List<String> sorted = new ArrayList<>(rows.subList(1, rows.size()));
        sorted.sort(null);
        sorted.add(0, rows.get(0));
        return sorted;
    }

    /** What is different, {@code null} if nothing is: metadata, rows, and their order if the query has one. */
    String difference(String query, boolean ordered, Value... parameters) {
        return difference(runSingle(query, parameters), query, ordered, parameters);
    }

    String difference(List<String> single, String query, boolean ordered, Value... parameters) {
        List<String> expected = single;
        List<String> actual = runFederated(query, parameters);
        if (!ordered) {
            expected = sorted(expected);
            actual = sorted(actual);
        }
        if (expected.equals(actual)) {
            return null;
        }
        int i = 0;
        while (i < Math.min(expected.size(), actual.size()) && expected.get(i).equals(actual.get(i))) {
            i++;
        }
        return expected.size() + " and " + actual.size() + " lines, differing from line " + i + ":\n  one     "
                + (i < expected.size() ? expected.get(i) : "-") + "\n  several "
                + (i < actual.size() ? actual.get(i) : "-");
    }

    void assertSame(String query, boolean ordered, Value... parameters) {
        assertEquals(null, difference(query, ordered, parameters), () -> federated(query) + "\n" + explain(query));
    }

    @Override
    public void close() {
        try {
            one.close();
            for (JdbcConnection connection : opened) {
                connection.close();
            }
            for (Member member : members.values()) {
                member.connection().close();
            }
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }
}
