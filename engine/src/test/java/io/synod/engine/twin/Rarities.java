package io.synod.engine.twin;

import io.synod.engine.twin.Generator.Choice;
import io.synod.engine.twin.Generator.Names;
import io.synod.engine.twin.Model.Column;
import io.synod.engine.twin.Model.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Random statements of the kinds that applications use less: some wrap what {@link Changes} makes, some are several in a row. */
final class Rarities {
    private static final String ROUTINES = "'io.synod.engine.twin.Routines$";
    /** Refuses some rows, whatever their columns are. */
    private static final String SOURCE = "$$import java.sql.*; import org.h2.api.Trigger; @CODE"
            + " Trigger create() { return new Trigger() { public void fire(Connection c, Object[] old, Object[] now)"
            + " throws SQLException { if (now != null && now[0] instanceof Integer i && i % 11 == 3)"
            + " throw new SQLException(\"no \" + i, \"45000\"); } }; }$$";

    private final Random random;
    private final Model model;
    private final Names names;
    private final Changes changes;

    Rarities(Random random, Model model, Names names, Changes changes) {
        this.random = random;
        this.model = model;
        this.names = names;
        this.changes = changes;
    }

    // ---- rows -----------------------------------------------------------------------------------------------------

    /** Statements for one session, one after the other, that write to the table and to nothing else but LOG. */
    List<Choice> rows(Table t, String session) {
        return switch (random.nextInt(12)) {
            case 0 -> one("INSERT INTO LOG(WHAT) SELECT 'new ' || ID FROM FINAL TABLE (" + insert(t) + ")");
            case 1 ->
                one("INSERT INTO LOG(WHAT) SELECT 'was ' || ID FROM OLD TABLE (DELETE FROM " + t.name + id() + ")");
            case 2 ->
                one("INSERT INTO " + t.name + "(ID) SELECT ID + " + (5000 + random.nextInt(90_000))
                        + " FROM OLD TABLE (UPDATE " + t.name + " SET ID = ID + 1" + id() + ")");
            case 3 ->
                one("INSERT INTO LOG(WHAT) SELECT 'merged ' || COUNT(*) FROM FINAL TABLE (MERGE INTO " + t.name
                        + " USING (SELECT X + " + random.nextInt(60) + " AS K FROM SYSTEM_RANGE(1, 4)) S ON ID = S.K"
                        + " WHEN MATCHED AND MOD(S.K, 2) = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET ID = S.K"
                        + " WHEN NOT MATCHED THEN INSERT (ID) VALUES (S.K))");
            case 4 ->
                one("INSERT INTO LOG(WHAT) WITH W AS (SELECT ID FROM FINAL TABLE (MERGE INTO " + t.name
                        + "(ID) KEY(ID) VALUES (" + random.nextInt(60) + "))) SELECT 'W ' || ID FROM W");
            case 5 -> one("EXECUTE IMMEDIATE '" + quoted(insert(t)) + "'");
            case 6 ->
                one("EXECUTE IMMEDIATE 'UPDATE " + t.name + " SET ' || '" + quoted(ofType(t)) + "' || '" + id() + "'");
            case 7 -> one(insert(t) + "; " + failing(t, session) + "; DELETE FROM " + t.name + id());
            case 8 ->
                one("UPDATE " + t.name + " SET ID = ID" + id() + "; SELECT COUNT(*) FROM LOG; " + failing(t, session));
            case 9 -> named(t);
            case 10 -> fromTemporary(t, session);
            default -> one("UPDATE " + t.name + " SET " + ofType(t) + (random.nextBoolean() ? id() : ""));
        };
    }

    private static List<Choice> one(String sql) {
        return List.of(Choice.of(sql));
    }

    private String insert(Table t) {
        return changes.insert(t, 1 + random.nextInt(3));
    }

    private String id() {
        return " WHERE ID = " + random.nextInt(60);
    }

    private static String quoted(String sql) {
        return sql.replace("'", "''");
    }

    private String failing(Table t, String session) {
        return switch (random.nextInt(4)) {
            case 0 -> "SELECT 1 / (ID - ID) FROM " + t.name;
            case 1 ->
                model.pinned.contains(session) ? "SELECT 1 / (ID - ID) FROM LOG" : "INSERT INTO NOWHERE VALUES (1)";
            case 2 -> "UPDATE " + t.name + " SET ID = 'none'";
            default ->
                // One that cannot be compiled is named with what follows it, and not where it is compiled on the leader
                // only.
                model.pinned.contains(session)
                        ? "UPDATE " + t.name + " SET ID = 1 / (ID - ID)"
                        : "INSERT INTO " + t.name + "(ID) VALUES (CAST('x' AS INT))";
        };
    }

    /** A change that only the type of the column has. */
    private String ofType(Table t) {
        List<Column> columns = t.written();
        Column c = columns.get(random.nextInt(columns.size()));
        String n = c.name();
        return switch (c.type()) {
            case ARRAY -> n + " = " + n + " || ARRAY[" + random.nextInt(9) + "]";
            case ROW -> n + " = ROW((" + n + ").A, 'u" + random.nextInt(9) + "')";
            case INTERVAL -> n + " = " + n + " + INTERVAL '" + random.nextInt(20) + "' HOUR";
            case INTERVAL_YEAR -> n + " = " + n + " * 2";
            case ENUM -> n + " = CASE " + n + " WHEN 'red' THEN 'green' ELSE 'blue' END";
            case DATE -> n + " = " + n + " + INTERVAL '1' MONTH";
            case TIMESTAMP, TIMESTAMP_TZ -> n + " = DATEADD(HOUR, 5, " + n + ")";
            case VARCHAR, CHAR, IGNORECASE -> n + " = SUBSTRING(" + n + " FROM 2) || LEFT(" + n + ", 1)";
            case DECIMAL, DECFLOAT, DOUBLE, REAL -> n + " = " + n + " / 2";
            case BOOLEAN -> n + " = NOT " + n;
            case JSON -> n + " = JSON_ARRAY(" + n + ")";
            case CLOB -> n + " = " + n + " || '+'";
            case BINARY -> n + " = SUBSTRING(" + n + " FROM 2)";
            default -> n + " = " + n;
        };
    }

    private List<Choice> named(Table t) {
        String name = names.next("P");
        String body = random.nextBoolean()
                ? "UPDATE " + t.name + " SET ID = ID + ? - ? WHERE ID = ?"
                : "MERGE INTO " + t.name + "(ID) KEY(ID) VALUES (?)";
        String execute = body.startsWith("UPDATE")
                ? "EXECUTE " + name + "(" + random.nextInt(9) + ", 1, " + random.nextInt(60) + ")"
                : "EXECUTE " + name + "(" + random.nextInt(60) + ")";
        List<Choice> steps = new ArrayList<>();
        steps.add(Choice.of("PREPARE " + name + " AS " + body));
        steps.add(Choice.of(execute));
        if (random.nextBoolean()) {
            steps.add(Choice.of(execute));
        }
        steps.add(Choice.of("DEALLOCATE " + name));
        return steps;
    }

    private List<Choice> fromTemporary(Table t, String session) {
        String table = model.temporary.get(session);
        if (table == null) {
            return one("INSERT INTO LOG(WHAT) SELECT 'nothing temporary' WHERE EXISTS (SELECT 1 FROM " + t.name + ")");
        }
        return switch (random.nextInt(4)) {
            case 0 ->
                one("INSERT INTO " + table + " SELECT ID, 'from' FROM FINAL TABLE (UPDATE " + t.name + " SET ID = ID"
                        + id() + ")");
            case 1 -> one("INSERT INTO " + t.name + "(ID) SELECT A + 200 FROM " + table);
            case 2 -> one("DELETE FROM " + t.name + " WHERE ID IN (SELECT A FROM " + table + ")");
            default -> one("INSERT INTO " + table + " VALUES (" + random.nextInt(60) + ", 'x')");
        };
    }

    /** What needs no table of its own: reads, and writes that a trigger takes. */
    Choice free(String session) {
        String table = model.temporary.get(session);
        if (table != null && random.nextInt(3) == 0) {
            return Choice.query("SELECT A, B, (SELECT COUNT(*) FROM LOG) FROM " + table);
        }
        if (!model.oldSavepoints.isEmpty() && random.nextInt(4) == 0) {
            // Of a transaction that has ended, or of another session.
            return Choice.of(
                    "ROLLBACK TO SAVEPOINT " + model.oldSavepoints.get(random.nextInt(model.oldSavepoints.size())));
        }
        if (!model.insteadOf.isEmpty()) {
            String view = List.copyOf(model.insteadOf.values()).get(random.nextInt(model.insteadOf.size()));
            return switch (random.nextInt(3)) {
                case 0 -> Choice.of("INSERT INTO " + view + "(ID) VALUES (" + random.nextInt(60) + "), (99)");
                case 1 -> Choice.of("UPDATE " + view + " SET ID = ID + 1" + id());
                default -> Choice.of("DELETE FROM " + view + id());
            };
        }
        return Choice.of("EXECUTE IMMEDIATE 'SELECT COUNT(*) FROM ' || 'LOG'");
    }

    // ---- catalogue ------------------------------------------------------------------------------------------------

    Choice definition(String session) {
        return switch (random.nextInt(8)) {
            case 0, 1 -> trigger();
            case 2, 3 -> sequence();
            case 4 -> domain();
            case 5 -> temporary(session);
            case 6 -> createFromDelta(session);
            default -> computed();
        };
    }

    private Choice trigger() {
        String trigger = names.next("TR");
        if (!model.views.isEmpty() && random.nextInt(3) == 0) {
            List<String> views = List.copyOf(model.views.keySet());
            String view = views.get(random.nextInt(views.size()));
            return Choice.of(
                    "CREATE TRIGGER " + trigger + " INSTEAD OF INSERT, UPDATE, DELETE ON " + view
                            + " FOR EACH ROW CALL " + ROUTINES + "IntoLog'",
                    () -> model.insteadOf.put(trigger, view));
        }
        if (!model.rareTriggers.isEmpty() && random.nextBoolean()) {
            String old = model.rareTriggers.remove(0);
            return Choice.of("DROP TRIGGER IF EXISTS " + old);
        }
        Table t = model.any(random, x -> true);
        Runnable learn = () -> {
            t.triggered = true;
            model.rareTriggers.add(trigger);
        };
        String create = "CREATE TRIGGER " + trigger;
        return switch (random.nextInt(5)) {
            case 0 -> Choice.of(create + " BEFORE INSERT, UPDATE ON " + t.name + " FOR EACH ROW AS " + SOURCE, learn);
            case 1 ->
                Choice.of(create + " BEFORE DELETE ON " + t.name + " FOR EACH ROW CALL " + ROUTINES + "Audit'", learn);
            case 2 ->
                // One that writes is another thing on stock H2 (docs/differences.md, statement-trigger).
                Choice.of(
                        create + " AFTER INSERT, UPDATE, DELETE ON " + t.name + " FOR EACH STATEMENT CALL " + ROUTINES
                                + "Quiet'",
                        learn);
            case 3 ->
                Choice.of(create + " BEFORE UPDATE ON " + t.name + " FOR EACH ROW CALL " + ROUTINES + "Veto'", learn);
            default ->
                Choice.of(
                        create + " BEFORE INSERT, UPDATE ON " + t.name + " FOR EACH ROW QUEUE 5 NOWAIT CALL " + ROUTINES
                                + "Audit'",
                        learn);
        };
    }

    private Choice sequence() {
        if (model.sequences.isEmpty()) {
            return changes.sequence();
        }
        String sequence = model.sequences.get(random.nextInt(model.sequences.size()));
        Table t = model.any(random, x -> true);
        return switch (random.nextInt(6)) {
            case 0, 1 -> {
                // Not ADD COLUMN: see docs/differences.md, values-of-an-added-column.
                Table made = new Table(names.next("T"));
                made.columns.add(new Column("ID", Types.INT, false));
                made.columns.add(new Column(names.next("C"), Types.BIGINT, false));
                String next = " DEFAULT NEXT VALUE FOR " + sequence;
                yield Choice.of(
                        "CREATE TABLE " + made.name + "(ID INT" + next + " PRIMARY KEY, "
                                + made.columns.get(1).name() + " BIGINT" + next + ")",
                        () -> model.tables.add(made));
            }
            case 2 -> Choice.of("ALTER TABLE " + t.name + " ALTER COLUMN ID SET DEFAULT NEXT VALUE FOR " + sequence);
            case 3 -> Choice.of("ALTER SEQUENCE " + sequence + " RESTART WITH " + random.nextInt(5000));
            case 4 ->
                Choice.of("ALTER SEQUENCE " + sequence + " INCREMENT BY " + (random.nextInt(5) + 1) + " CACHE "
                        + random.nextInt(9));
            default -> Choice.of("ALTER SEQUENCE " + sequence + " RESTART MAXVALUE 100000 CYCLE");
        };
    }

    private Choice domain() {
        if (model.domains.isEmpty()) {
            return changes.domain();
        }
        String domain = model.domains.get(random.nextInt(model.domains.size()));
        return switch (random.nextInt(4)) {
            case 0 ->
                Choice.of("ALTER DOMAIN " + domain + " ADD CONSTRAINT " + names.next("DK") + " CHECK (VALUE <> "
                        + random.nextInt(40) + ")");
            case 1 -> Choice.of("ALTER DOMAIN " + domain + " SET DEFAULT " + random.nextInt(40));
            case 2 -> Choice.of("ALTER DOMAIN " + domain + " SET ON UPDATE " + random.nextInt(40));
            default ->
                Choice.of(
                        "DROP DOMAIN " + domain + (random.nextBoolean() ? " CASCADE" : " RESTRICT"),
                        () -> model.domains.remove(domain));
        };
    }

    private Choice temporary(String session) {
        String table = model.temporary.get(session);
        if (table == null) {
            String name = names.next("L");
            return Choice.of("CREATE LOCAL TEMPORARY TABLE " + name + "(A INT, B VARCHAR(10))", () -> {
                model.temporary.put(session, name);
                model.pinned.add(session);
            });
        }
        return random.nextBoolean()
                ? Choice.of("CREATE INDEX " + names.next("LI") + " ON " + table + "(A)")
                : Choice.of("DROP TABLE " + table, () -> model.temporary.remove(session));
    }

    private Choice createFromDelta(String session) {
        Table from = model.any(random, Table::isWrittenByQueries);
        if (from == null) {
            return temporary(session);
        }
        Table t = new Table(names.next("T"));
        t.columns.add(new Column("ID", Types.INT, false));
        return Choice.of(
                "CREATE TABLE " + t.name + " AS SELECT ID FROM OLD TABLE (DELETE FROM " + from.name + id() + ")",
                () -> model.tables.add(t));
    }

    private Choice computed() {
        Table t = model.any(random, x -> true);
        Column from = t.column(random);
        if (from.computed()) {
            return Choice.of("ALTER TABLE " + t.name + " ALTER COLUMN " + from.name() + " DROP EXPRESSION");
        }
        Column c = new Column(names.next("G"), Types.VARCHAR, true);
        return Choice.of(
                "ALTER TABLE " + t.name + " ADD COLUMN " + c.name() + " VARCHAR GENERATED ALWAYS AS (LEFT(CAST("
                        + from.name() + " AS VARCHAR), 8))",
                () -> t.columns.add(c));
    }
}
