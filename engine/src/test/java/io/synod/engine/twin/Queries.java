package io.synod.engine.twin;

import io.synod.engine.twin.Generator.Choice;
import io.synod.engine.twin.Model.Column;
import io.synod.engine.twin.Model.Table;
import java.util.List;
import java.util.Random;

/** Random queries over what there is. Rows are compared in any order, so none cuts them off. */
final class Queries {
    private final Random random;
    private final Model model;

    Queries(Random random, Model model) {
        this.random = random;
        this.model = model;
    }

    Choice next() {
        Table a = model.any(random, t -> true);
        Table b = model.any(random, t -> true);
        Column c = a.column(random);
        return switch (random.nextInt(20)) {
            case 0 -> Choice.query("SELECT COUNT(*), COUNT(" + c.name() + ") FROM " + a.name);
            case 1 -> Choice.query("SELECT * FROM " + a.name + where(a));
            case 2 -> Choice.query("SELECT A.ID, B.ID FROM " + a.name + " A LEFT JOIN " + b.name + " B ON A.ID = B.ID");
            case 3 -> Choice.query("SELECT MIN(ID), MAX(ID), SUM(ID) FROM " + a.name + where(a));
            case 4 ->
                c.type().isOrdered()
                        ? Choice.query("SELECT " + c.name() + ", COUNT(*) FROM " + a.name + " GROUP BY " + c.name())
                        : Choice.query("TABLE " + a.name);
            case 5 -> Choice.query("SELECT ID FROM " + a.name + " UNION SELECT ID FROM " + b.name);
            case 6 -> Choice.query("SELECT ID FROM " + a.name + " EXCEPT SELECT ID FROM " + b.name);
            case 7 -> Choice.query("SELECT ID, ROW_NUMBER() OVER (ORDER BY ID) FROM " + a.name);
            case 8 -> Choice.query("SELECT * FROM " + a.name + " WHERE ID IN (SELECT ID FROM " + b.name + ")");
            case 9 ->
                Choice.query("WITH RECURSIVE N(I) AS (SELECT 1 UNION ALL SELECT I + 1 FROM N WHERE I < "
                        + (1 + random.nextInt(20)) + ") SELECT I, X.ID FROM N LEFT JOIN " + a.name
                        + " X ON X.ID = N.I");
            case 10 -> view(a);
            case 11 -> Choice.query("SELECT _ROWID_ IS NOT NULL, ID FROM " + a.name);
            case 12 ->
                Choice.query(
                        "SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = '"
                                + a.name + "'");
            case 13 ->
                Choice.query("SELECT ID, RANK() OVER (ORDER BY ID DESC), COUNT(*) OVER (PARTITION BY MOD(ID, 3)),"
                        + " SUM(ID) OVER (ORDER BY ID RANGE BETWEEN 5 PRECEDING AND CURRENT ROW) FROM " + a.name);
            case 14 ->
                Choice.query("SELECT MOD(ID, 4), COUNT(*) FILTER (WHERE ID > 10), ARRAY_AGG(ID ORDER BY ID) FROM "
                        + a.name + " GROUP BY MOD(ID, 4)");
            case 15 ->
                Choice.query("SELECT A.ID, S.M FROM " + a.name + " A CROSS JOIN LATERAL (SELECT MAX(B.ID) AS M FROM "
                        + b.name + " B WHERE B.ID < A.ID) S");
            case 16 ->
                Choice.query("SELECT ID FROM " + a.name + " ORDER BY ID NULLS LAST FETCH FIRST "
                        + (1 + random.nextInt(9)) + " ROWS WITH TIES");
            case 17 -> Choice.query("SELECT DISTINCT MOD(ID, 7) FROM " + a.name + where(a));
            case 18 ->
                Choice.query("SELECT CAST(" + c.name() + " AS VARCHAR), CASE WHEN ID IS NULL THEN 'none' WHEN ID > 9"
                        + " THEN 'many' ELSE 'few' END FROM " + a.name + where(a));
            default -> Choice.query("SELECT WHAT FROM LOG");
        };
    }

    private Choice view(Table otherwise) {
        if (model.views.isEmpty()) {
            return Choice.query("TABLE " + otherwise.name);
        }
        List<String> names = List.copyOf(model.views.keySet());
        return Choice.query("SELECT * FROM " + names.get(random.nextInt(names.size())));
    }

    private String where(Table table) {
        Column c = table.column(random);
        return switch (random.nextInt(5)) {
            case 0 -> " WHERE " + c.name() + " IS NULL";
            case 1 -> " WHERE " + c.name() + " IS NOT NULL AND ID > " + random.nextInt(30);
            case 2 ->
                c.type().isOrdered() ? " WHERE " + c.name() + " >= " + c.type().value(random) : "";
            case 3 -> " WHERE ID BETWEEN 5 AND " + random.nextInt(40);
            default -> "";
        };
    }
}
