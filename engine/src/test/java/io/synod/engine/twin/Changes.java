package io.synod.engine.twin;

import static io.synod.engine.twin.Generator.names;

import io.synod.engine.twin.Generator.Choice;
import io.synod.engine.twin.Generator.Names;
import io.synod.engine.twin.Model.Column;
import io.synod.engine.twin.Model.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/** Random statements that change rows or the catalogue. Some fail, which must look the same as well. */
final class Changes {
    private static final List<String> ACTIONS = List.of("CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION");

    private final Random random;
    private final Model model;
    private final Names names;

    Changes(Random random, Model model, Names names) {
        this.random = random;
        this.model = model;
        this.names = names;
    }

    // ---- rows -----------------------------------------------------------------------------------------------------

    Choice rows(Table t) {
        return switch (random.nextInt(20)) {
            case 0, 1, 2, 3 -> insert(t);
            case 4 -> Choice.of(insertMany(t));
            case 5 -> insertSelect(t);
            case 6, 7, 8 -> Choice.of("UPDATE " + t.name + " SET " + assignment(t) + someIds(t));
            case 9 -> Choice.of("UPDATE " + t.name + " SET ID = ID + " + random.nextInt(40) + someIds(t));
            case 10 -> Choice.of("DELETE FROM " + t.name + someIds(t));
            case 11 -> Choice.of(merge(t));
            case 12 -> mergeUsing(t);
            case 13 ->
                t.isWrittenByQueries()
                        ? Choice.query("SELECT * FROM FINAL TABLE (" + insert(t, 1) + ")")
                        : Choice.of("INSERT INTO LOG(WHAT) SELECT ID FROM FINAL TABLE (" + insert(t, 1) + ")");
            case 14 ->
                t.isWrittenByQueries()
                        ? Choice.query("SELECT * FROM OLD TABLE (UPDATE " + t.name + " SET ID = ID" + someIds(t) + ")")
                        : Choice.of("UPDATE " + t.name + " SET ID = ID" + someIds(t));
            case 15 ->
                t.isWrittenByQueries()
                        ? Choice.query("SELECT * FROM FINAL TABLE (UPDATE " + t.name + " SET " + assignment(t)
                                + " WHERE ID = " + random.nextInt(60) + ")")
                        : Choice.of("UPDATE " + t.name + " SET " + assignment(t) + someIds(t));
            case 16 ->
                Choice.of("INSERT INTO " + t.name + "(ID) WITH W(N) AS (SELECT X * 7 FROM SYSTEM_RANGE(1, "
                        + (1 + random.nextInt(6)) + ")) SELECT N + " + (2500 + random.nextInt(2000)) + " FROM W");
            case 17 ->
                Choice.of("DELETE FROM " + t.name + " WHERE EXISTS (SELECT 1 FROM SYSTEM_RANGE(1, 3) R WHERE R.X * "
                        + (1 + random.nextInt(20)) + " = ID)");
            case 18 ->
                Choice.of("UPDATE " + t.name + " SET (ID) = (SELECT ID + " + random.nextInt(3) + ") WHERE ID = "
                        + random.nextInt(60));
            default -> Choice.of(insertMany(t) + "; DELETE FROM " + t.name + someIds(t));
        };
    }

    private Choice insert(Table t) {
        String sql = insertMany(t);
        return new Choice(sql, false, random.nextInt(3) == 0, () -> {});
    }

    private String insertMany(Table t) {
        return insert(t, 1 + random.nextInt(4));
    }

    String insert(Table t, int count) {
        List<Column> columns = t.written();
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(columns.stream().map(this::value).collect(Collectors.joining(", ", "(", ")")));
        }
        return "INSERT INTO " + t.name + "(" + names(columns) + ") VALUES " + String.join(", ", rows);
    }

    private String value(Column c) {
        if (c.name().equals("ID")) {
            if (!model.sequences.isEmpty() && random.nextInt(5) == 0) {
                return "NEXT VALUE FOR " + model.sequences.get(random.nextInt(model.sequences.size()));
            }
            return random.nextInt(4) == 0 ? "DEFAULT" : String.valueOf(random.nextInt(300));
        }
        return random.nextInt(10) == 0 ? "DEFAULT" : c.type().value(random);
    }

    private Choice insertSelect(Table t) {
        Column c = t.written().get(random.nextInt(t.written().size()));
        if (c.name().equals("ID")) {
            return Choice.of("INSERT INTO " + t.name + "(ID) SELECT X + " + (300 + random.nextInt(2000))
                    + " FROM SYSTEM_RANGE(1, " + (1 + random.nextInt(15)) + ")");
        }
        return Choice.of("INSERT INTO " + t.name + "(ID, " + c.name() + ") SELECT X + " + random.nextInt(2000) + ", "
                + c.type().value(random) + " FROM SYSTEM_RANGE(1, 5)");
    }

    private String assignment(Table t) {
        List<Column> columns = t.written();
        Column c = columns.get(random.nextInt(columns.size()));
        if (c.name().equals("ID")) {
            return "ID = ID";
        }
        if (c.type().isNumber() && random.nextBoolean()) {
            return c.name() + " = " + c.name() + " + 1";
        }
        return c.name() + " = " + (random.nextInt(8) == 0 ? "DEFAULT" : c.type().value(random));
    }

    private String someIds(Table t) {
        return switch (random.nextInt(5)) {
            case 0 -> " WHERE ID = " + random.nextInt(60);
            case 1 -> " WHERE MOD(ID, 5) = " + random.nextInt(5);
            case 2 -> " WHERE " + t.column(random).name() + " IS NULL";
            case 3 -> " WHERE ID IN (SELECT MAX(ID) FROM " + t.name + ")";
            default -> " WHERE ID < " + random.nextInt(30);
        };
    }

    private String merge(Table t) {
        Column c = t.written().get(t.written().size() - 1);
        return "MERGE INTO " + t.name + "(" + (c.name().equals("ID") ? "ID" : "ID, " + c.name())
                + ") KEY(ID) VALUES (" + random.nextInt(40)
                + (c.name().equals("ID") ? "" : ", " + c.type().value(random)) + ")";
    }

    private Choice mergeUsing(Table t) {
        return Choice.of("MERGE INTO " + t.name + " T USING (SELECT X + " + random.nextInt(20)
                + " AS K FROM SYSTEM_RANGE(1, 6)) S ON T.ID = S.K WHEN MATCHED AND MOD(S.K, 3) = 0 THEN DELETE"
                + " WHEN MATCHED THEN UPDATE SET " + assignment(t) + " WHEN NOT MATCHED THEN INSERT (ID) VALUES (S.K)");
    }

    // ---- catalogue ------------------------------------------------------------------------------------------------

    Choice createTable() {
        Table t = new Table(names.next("T"));
        t.columns.add(new Column("ID", Types.INT, false));
        List<String> parts = new ArrayList<>();
        parts.add(
                switch (random.nextInt(4)) {
                    case 0 -> "ID INT PRIMARY KEY";
                    case 1 -> "ID INT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY";
                    case 2 -> "ID INT GENERATED BY DEFAULT AS IDENTITY(START WITH 100 INCREMENT BY 3)";
                    default -> "ID INT";
                });
        int count = random.nextInt(5);
        for (int i = 0; i < count; i++) {
            Types type = Types.any(random);
            Column column = new Column(names.next("C"), type, false);
            t.columns.add(column);
            parts.add(column.name() + " " + named(type) + options(type));
        }
        if (random.nextInt(3) == 0) {
            Column column = new Column(names.next("G"), Types.BIGINT, true);
            t.columns.add(column);
            parts.add(column.name() + " BIGINT GENERATED ALWAYS AS (ID * 2 + 1)");
        }
        if (random.nextInt(4) == 0) {
            parts.add("CHECK (ID < 5000)");
        }
        return Choice.of("CREATE TABLE " + t.name + "(" + String.join(", ", parts) + ")", () -> model.tables.add(t));
    }

    private String named(Types type) {
        boolean domain = type == Types.INT && !model.domains.isEmpty() && random.nextBoolean();
        return domain ? model.domains.get(random.nextInt(model.domains.size())) : type.sql();
    }

    Choice domain() {
        String domain = names.next("D");
        return Choice.of(
                "CREATE DOMAIN " + domain + " AS INT DEFAULT " + random.nextInt(50) + " CHECK (VALUE < "
                        + (30 + random.nextInt(5000)) + ")",
                () -> model.domains.add(domain));
    }

    private String options(Types type) {
        return switch (random.nextInt(6)) {
            case 0 -> " DEFAULT " + type.value(random);
            case 1 -> " DEFAULT " + type.value(random) + " ON UPDATE " + type.value(random);
            case 2 -> type.isOrdered() ? " UNIQUE" : "";
            default -> "";
        };
    }

    Choice createTableAs() {
        Table from = model.any(random, t -> true);
        Table t = new Table(names.next("T"));
        for (Column c : from.columns) {
            t.columns.add(new Column(c.name(), c.type(), false));
        }
        return Choice.of(
                "CREATE TABLE " + t.name + " AS SELECT * FROM " + from.name + " WHERE ID > " + random.nextInt(50),
                () -> model.tables.add(t));
    }

    Choice dropTable() {
        Table t = model.any(random, x -> true);
        boolean cascade = random.nextBoolean();
        return Choice.of("DROP TABLE " + t.name + (cascade ? " CASCADE" : ""), () -> model.drop(t));
    }

    Choice truncate() {
        Table t = model.any(random, x -> true);
        return Choice.of("TRUNCATE TABLE " + t.name + (random.nextBoolean() ? " RESTART IDENTITY" : ""));
    }

    Choice comment() {
        Table t = model.any(random, x -> true);
        return random.nextBoolean()
                ? Choice.of("COMMENT ON TABLE " + t.name + " IS 'note " + random.nextInt(100) + "'")
                : Choice.of("ANALYZE TABLE " + t.name);
    }

    Choice alterTable() {
        Table t = model.any(random, x -> true);
        String alter = "ALTER TABLE " + t.name + " ";
        Column c = t.column(random);
        Types type = Types.any(random);
        switch (random.nextInt(9)) {
            case 0, 1 -> {
                Column added = new Column(names.next("C"), type, false);
                return Choice.of(
                        alter + "ADD COLUMN " + added.name() + " " + type.sql() + options(type),
                        () -> t.columns.add(added));
            }
            case 2 -> {
                Column added = new Column(names.next("C"), Types.UUID, false);
                return Choice.of(alter + "ADD COLUMN " + added.name() + " UUID BEFORE ID", () -> t.columns.add(added));
            }
            case 3 -> {
                return c.name().equals("ID")
                        ? Choice.of(alter + "ALTER COLUMN ID SET DATA TYPE INT")
                        : Choice.of(alter + "DROP COLUMN " + c.name(), () -> t.columns.remove(c));
            }
            case 4 -> {
                return c.computed() || c.name().equals("ID")
                        ? Choice.of(alter + "ALTER COLUMN ID SET NOT NULL")
                        : Choice.of(alter + "ALTER COLUMN " + c.name() + " SET DEFAULT "
                                + c.type().value(random));
            }
            case 5 -> {
                return Choice.of(alter + "ALTER COLUMN " + c.name() + " SET NOT NULL");
            }
            case 6 -> {
                return Choice.of(alter + "ALTER COLUMN " + c.name() + " DROP NOT NULL");
            }
            case 7 -> {
                // Not below a view: see docs/differences.md, kept-texts.
                if (c.name().equals("ID") || model.views.containsValue(t)) {
                    return Choice.of(alter + "ALTER COLUMN ID RESTART WITH " + (400 + random.nextInt(100)));
                }
                Column renamed = new Column(names.next("R"), c.type(), c.computed());
                return Choice.of(
                        alter + "ALTER COLUMN " + c.name() + " RENAME TO " + renamed.name(),
                        () -> t.columns.set(t.columns.indexOf(c), renamed));
            }
            default -> {
                return Choice.of(alter + "ALTER COLUMN " + c.name() + " SET DATA TYPE VARCHAR(100)", () -> {
                    if (!c.computed() && !c.name().equals("ID")) {
                        t.columns.set(t.columns.indexOf(c), new Column(c.name(), Types.VARCHAR, false));
                    }
                });
            }
        }
    }

    Choice constraint() {
        Table t = model.any(random, x -> true);
        Table other = model.any(random, x -> true);
        String constraint = names.next("K");
        String add = "ALTER TABLE " + t.name + " ADD CONSTRAINT " + constraint;
        Runnable learn = () -> t.constraints.put(constraint, t.name);
        if (!t.constraints.isEmpty() && model.views.isEmpty() && random.nextInt(3) == 0) {
            String old = t.constraints.keySet().iterator().next();
            return Choice.of("ALTER TABLE " + t.name + " DROP CONSTRAINT " + old, () -> t.constraints.remove(old));
        }
        return switch (random.nextInt(3)) {
            case 0 -> Choice.of(add + " CHECK (ID <> " + random.nextInt(500) + ")", learn);
            case 1 -> Choice.of(add + " UNIQUE (ID, " + t.column(random).name() + ")", learn);
            default ->
                Choice.of(
                        add + " FOREIGN KEY(ID) REFERENCES " + other.name + "(ID) ON DELETE "
                                + ACTIONS.get(random.nextInt(ACTIONS.size())) + " ON UPDATE CASCADE",
                        () -> {
                            learn.run();
                            join(t, other);
                        });
        };
    }

    /** What cascades reaches further than one step. */
    private static void join(Table a, Table b) {
        List<Table> all = new ArrayList<>(a.neighbours);
        all.addAll(b.neighbours);
        all.add(a);
        all.add(b);
        List<Table> group = all.stream().distinct().toList();
        for (Table each : group) {
            each.neighbours.clear();
            each.neighbours.addAll(group.stream().filter(g -> g != each).toList());
        }
    }

    Choice createIndex() {
        Table t = model.any(random, x -> true);
        Column c = t.column(random);
        String index = names.next("I");
        Runnable learn = () -> model.indexes.add(index);
        if (c.type() == Types.GEOMETRY) {
            return Choice.of("CREATE SPATIAL INDEX " + index + " ON " + t.name + "(" + c.name() + ")", learn);
        }
        String unique = random.nextInt(4) == 0 ? "UNIQUE " : "";
        String more = random.nextBoolean() ? ", ID DESC" : "";
        return Choice.of("CREATE " + unique + "INDEX " + index + " ON " + t.name + "(" + c.name() + more + ")", learn);
    }

    Choice dropIndex() {
        // Stock H2 goes on to read views by a dropped index (docs/differences.md, view-after-drop-index).
        if (model.indexes.isEmpty() || !model.views.isEmpty()) {
            return Choice.of("DROP INDEX IF EXISTS NOTHING");
        }
        String index = model.indexes.get(random.nextInt(model.indexes.size()));
        return Choice.of("DROP INDEX IF EXISTS " + index, () -> model.indexes.remove(index));
    }

    Choice sequence() {
        if (model.sequences.size() > 3) {
            String sequence = model.sequences.get(random.nextInt(model.sequences.size()));
            return random.nextBoolean()
                    ? Choice.of("ALTER SEQUENCE " + sequence + " RESTART WITH " + random.nextInt(1000))
                    : Choice.of("DROP SEQUENCE " + sequence, () -> model.sequences.remove(sequence));
        }
        String sequence = names.next("Q");
        return Choice.of(
                "CREATE SEQUENCE " + sequence + " START WITH " + (1000 + random.nextInt(1000)) + " INCREMENT BY "
                        + (1 + random.nextInt(3)),
                () -> model.sequences.add(sequence));
    }

    Choice view() {
        if (model.views.size() > 4) {
            String view = model.views.keySet().iterator().next();
            return Choice.of("DROP VIEW IF EXISTS " + view, () -> model.views.remove(view));
        }
        Table t = model.any(random, x -> true);
        String view = names.next("V");
        return Choice.of(
                "CREATE VIEW " + view + " AS SELECT ID, " + t.column(random).name() + " AS X FROM " + t.name
                        + " WHERE ID > 3",
                () -> model.views.put(view, t));
    }

    Choice trigger() {
        if (model.triggers.size() > 3) {
            String trigger = model.triggers.get(0);
            return Choice.of("DROP TRIGGER IF EXISTS " + trigger, () -> model.triggers.remove(trigger));
        }
        Table t = model.any(random, x -> true);
        String trigger = names.next("TR");
        String event = List.of("INSERT", "UPDATE", "DELETE", "INSERT, UPDATE").get(random.nextInt(4));
        return Choice.of(
                "CREATE TRIGGER " + trigger + " AFTER " + event + " ON " + t.name
                        + " FOR EACH ROW CALL 'io.synod.engine.twin.Routines$Audit'",
                () -> {
                    t.triggered = true;
                    model.triggers.add(trigger);
                });
    }
}
