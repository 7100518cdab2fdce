package io.synod.engine.federation;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Queries over tables of three databases, from a seed. Their rows have no order, or one by all of their columns. */
final class RandomQueries {
    record Query(String sql, boolean ordered) {}

    private static final String SKIP = " FOR UPDATE SKIP LOCKED";

    private static final List<String> TABLES = List.of("a", "b", "c", "d");

    private final Random random;
    private int aliases;
    private boolean with;

    RandomQueries(long seed) {
        this.random = new Random(seed);
    }

    static Twin twin(long seed) {
        Random random = new Random(seed);
        Twin twin = new Twin("DB1", "DB2", "DB3");
        String[] homes = {"DB1", "DB2", "DB3", "DB2"};
        for (int t = 0; t < TABLES.size(); t++) {
            int rows = 5 + random.nextInt(30);
            String values = IntStream.range(0, rows)
                    .mapToObj(i -> "(" + i + ", " + nullable(random, String.valueOf(random.nextInt(8))) + ", "
                            + nullable(random, random.nextInt(20) + "." + (10 + random.nextInt(90))) + ", "
                            + nullable(random, "'" + "xyzzy".substring(random.nextInt(5)) + random.nextInt(3) + "'")
                            + ", "
                            + nullable(random, "DATE '2024-0" + (1 + random.nextInt(9)) + "-15'") + ", "
                            + nullable(random, random.nextBoolean() ? "TRUE" : "FALSE") + ")")
                    .collect(Collectors.joining(", "));
            String table = TABLES.get(t);
            twin.make(
                    homes[t],
                    table,
                    "CREATE TABLE " + table
                            + "(id INT PRIMARY KEY, k INT, n NUMERIC(8, 2), s VARCHAR(10), dt DATE, f BOOLEAN)",
                    "CREATE INDEX " + table + "_k ON " + table + "(k)",
                    "INSERT INTO " + table + " VALUES " + values);
        }
        return twin;
    }

    private static String nullable(Random random, String literal) {
        return random.nextInt(6) == 0 ? "NULL" : literal;
    }

    Query next() {
        aliases = 0;
        boolean combined = random.nextInt(6) == 0;
        int columns = 1 + random.nextInt(3);
        List<Character> types = new ArrayList<>();
        for (int i = 0; i < columns; i++) {
            types.add("insd".charAt(random.nextInt(4)));
        }
        with = false;
        String common = "";
        if (random.nextInt(5) == 0) {
            List<String> scope = new ArrayList<>();
            String from = from(scope, 1);
            String of = scope.get(0) + ".";
            common = "WITH w AS (SELECT " + of + "id, " + of + "k, " + of + "n, " + of + "s, " + of + "dt, " + of
                    + "f FROM " + from + " WHERE " + predicate(scope, 1) + ") ";
            with = true;
        }
        String sql = common + select(types, 2);
        if (combined) {
            String operation = pick("UNION", "UNION ALL", "INTERSECT", "EXCEPT");
            sql = sql + " " + operation + " " + select(types, 1);
        }
        boolean ordered = random.nextInt(3) == 0;
        if (ordered) {
            sql += " ORDER BY "
                    + IntStream.rangeClosed(1, columns)
                            .mapToObj(i -> i + pick("", " DESC", " NULLS LAST"))
                            .collect(Collectors.joining(", "));
            sql += random.nextBoolean() ? " LIMIT " + (1 + random.nextInt(9)) : "";
            sql += random.nextInt(4) == 0 && sql.contains("LIMIT") ? " OFFSET " + random.nextInt(4) : "";
        }
        return new Query(sql, ordered);
    }

    /** A table, or the common table expression if there is one. */
    private String table() {
        return with && random.nextInt(3) == 0 ? "w" : "{" + TABLES.get(random.nextInt(TABLES.size())) + "}";
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    /** What can be named in a scope: aliases, all with the columns of the base tables. */
    private String select(List<Character> types, int depth) {
        List<String> scope = new ArrayList<>();
        String from = from(scope, depth);
        String where = random.nextInt(3) > 0 ? " WHERE " + predicate(scope, depth) : "";
        if (random.nextInt(3) == 0) {
            String key = column(scope, types.get(0));
            StringBuilder list = new StringBuilder(key);
            for (int i = 1; i < types.size(); i++) {
                list.append(", ").append(aggregate(scope, types.get(i)));
            }
            return "SELECT " + list + " FROM " + from + where + " GROUP BY " + key
                    + (random.nextInt(3) == 0
                            ? " HAVING COUNT(*) " + pick(">", "<", ">=") + " " + random.nextInt(4)
                            : "");
        }
        if (random.nextInt(8) == 0) {
            return "SELECT "
                    + types.stream().map(t -> aggregate(scope, t)).collect(Collectors.joining(", "))
                    + " FROM " + from + where;
        }
        String list = types.stream().map(t -> expression(scope, t, depth)).collect(Collectors.joining(", "));
        return "SELECT " + (random.nextInt(4) == 0 ? "DISTINCT " : "") + list + " FROM " + from + where;
    }

    private String alias() {
        return "q" + aliases++;
    }

    private String source(List<String> scope, int depth) {
        String alias = alias();
        String table = table();
        String source = table + " " + alias;
        if (depth > 0 && random.nextInt(6) == 0) {
            source = switch (random.nextInt(4)) {
                case 0 ->
                    "(SELECT k AS id, COUNT(*) AS k, SUM(n) AS n, MAX(s) AS s, MIN(dt) AS dt, EVERY(f) AS f FROM "
                            + table + " GROUP BY k) " + alias;
                case 1 ->
                    "(SELECT * FROM " + table + " WHERE " + predicate(List.of(table.replaceAll("[{}]", "")), 0) + ") "
                            + alias;
                case 2 ->
                    "(SELECT DISTINCT k, id, n, s, dt, f FROM " + table + " UNION ALL SELECT id, k, n, s, dt, f FROM "
                            + table() + ") " + alias;
                default ->
                    "(SELECT id, ROW_NUMBER() OVER (PARTITION BY k ORDER BY id, n, s, dt, f) AS k, n, s, dt, f FROM "
                            + table + ") " + alias;
            };
        }
        scope.add(alias);
        return source;
    }

    private String from(List<String> scope, int depth) {
        StringBuilder from = new StringBuilder(source(scope, depth));
        int more = depth == 2 ? 1 + random.nextInt(3) : random.nextInt(2);
        for (int i = 0; i < more; i++) {
            List<String> left = List.copyOf(scope);
            String right = source(scope, depth);
            String join = pick(" JOIN ", " JOIN ", " JOIN ", " LEFT JOIN ", " LEFT JOIN ", " RIGHT JOIN ");
            String on = column(left, 'i') + " = " + scope.get(scope.size() - 1) + "." + pick("id", "k");
            if (random.nextInt(4) == 0) {
                on += " AND " + simple(scope);
            }
            from.append(join).append(right).append(" ON ").append(on);
        }
        return from.toString();
    }

    private String column(List<String> scope, char type) {
        String alias = scope.get(random.nextInt(scope.size()));
        return alias + "."
                + switch (type) {
                    case 'i' -> pick("id", "k", "k");
                    case 'n' -> "n";
                    case 's' -> "s";
                    case 'd' -> "dt";
                    default -> "f";
                };
    }

    private String expression(List<String> scope, char type, int depth) {
        String column = column(scope, type);
        int kind = random.nextInt(9);
        if (kind < 4) {
            return column;
        }
        if (kind == 4) {
            return "COALESCE(" + column + ", " + literal(type) + ")";
        }
        if (kind == 5) {
            return "CASE WHEN " + simple(scope) + " THEN " + column + " ELSE " + column(scope, type) + " END";
        }
        if (kind == 6 && depth > 0 && type != 'd') {
            return subQuery(scope, type);
        }
        return switch (type) {
            case 'i' ->
                pick(column + " + " + column(scope, 'i'), column + " * 3", "MOD(" + column + ", 3)", column + " / 2");
            case 'n' ->
                pick(
                        column + " * 1.5",
                        column + " / 3",
                        "ROUND(" + column + ", 1)",
                        column + " - " + column(scope, 'i'));
            case 's' -> pick("UPPER(" + column + ")", column + " || 'é'", "SUBSTRING(" + column + ", 2)");
            default -> pick(column + " + INTERVAL '1' MONTH", "DATEADD(DAY, 2, " + column + ")");
        };
    }

    private String subQuery(List<String> scope, char type) {
        String inner = alias();
        String value = switch (type) {
            case 'i' -> pick("COUNT(*)", "MAX(" + inner + ".k)");
            case 'n' -> "SUM(" + inner + ".n)";
            default -> "MIN(" + inner + "." + (type == 's' ? "s" : "dt") + ")";
        };
        return "(SELECT " + value + " FROM " + table() + " " + inner + " WHERE " + inner + ".k = " + column(scope, 'i')
                + ")";
    }

    /** A query that locks, itself or in a sub-query, and waits for nobody. */
    Query locking() {
        if (random.nextInt(3) == 0) {
            Query query = next();
            return new Query(query.sql() + SKIP, query.ordered());
        }
        aliases = 0;
        with = false;
        List<String> scope = new ArrayList<>();
        String from = from(scope, 1);
        String where = random.nextBoolean() ? " WHERE " + predicate(scope, 1) : "";
        String ids = scope.stream().map(alias -> alias + ".id").collect(Collectors.joining(", "));
        String x = scope.get(0);
        String inner = alias();
        String of = "{" + TABLES.get(random.nextInt(TABLES.size())) + "} " + inner + " WHERE " + inner + ".k = "
                + column(scope, 'i') + (random.nextBoolean() ? " AND " + simple(List.of(inner)) : "");
        String and = where.isEmpty() ? " WHERE " : where + " AND ";
        String maybe = pick("", SKIP);
        return switch (random.nextInt(7)) {
            case 0 -> {
                String top = (1 + random.nextInt(9)) + pick("", " WITH TIES", "0 PERCENT", "0 PERCENT WITH TIES");
                yield new Query(
                        "SELECT TOP " + top + " " + x + ".k, " + ids + " FROM " + from + where + " ORDER BY "
                                + pick(x + ".k, ", x + ".k DESC, ", "") + ids + ", " + x + ".k" + SKIP,
                        true);
            }
            case 1 ->
                new Query(
                        "SELECT " + ids + " FROM " + from + and + pick("", "NOT ") + "EXISTS (SELECT 1 FROM " + of
                                + SKIP + ")" + maybe,
                        false);
            case 2 ->
                new Query(
                        "SELECT " + ids + ", (SELECT " + inner + ".n FROM " + of + " ORDER BY " + inner + ".id "
                                + pick("LIMIT 1", "DESC LIMIT 1") + SKIP + ") AS c FROM " + from + where + maybe,
                        false);
            case 3 ->
                new Query(
                        "SELECT " + ids + ", COUNT(*) OVER (PARTITION BY " + x + ".k) AS c, RANK() OVER (ORDER BY " + x
                                + ".n) AS r FROM " + from + where + SKIP,
                        false);
            case 4 ->
                new Query(
                        "SELECT " + ids + " FROM " + from + and + x + ".id IN (SELECT " + inner + ".k FROM "
                                + of.replaceFirst(" WHERE .*", "") + SKIP + ")" + SKIP,
                        false);
            case 5 ->
                new Query(
                        "WITH v AS (SELECT id, k FROM {a}) (SELECT v.id AS i, " + ids + " FROM v JOIN " + from
                                + " ON v.id = " + x + ".k" + where + ")" + SKIP,
                        false);
            default ->
                new Query(
                        "SELECT " + ids + ", SET(@last, " + x + ".id) AS l FROM " + from + and + "ROWNUM() < 50" + SKIP,
                        false);
        };
    }

    /** A change of rows; its target has an alias or none. */
    String change() {
        aliases = 0;
        with = false;
        String table = TABLES.get(random.nextInt(TABLES.size()));
        boolean named = random.nextBoolean();
        String target = "{" + table + "}" + (named ? " x" : "");
        List<String> scope = List.of(named ? "x" : table);
        return switch (random.nextInt(7)) {
            case 0, 1 -> "UPDATE " + target + " SET " + set(scope) + where(scope);
            case 2, 3 -> "DELETE FROM " + target + where(scope);
            case 4 -> "INSERT INTO {" + table + "}(id, k, n, s) " + select(List.of('i', 'i', 'n', 's'), 1);
            case 5 -> {
                String from = source(new ArrayList<>(), 1);
                String alias = from.substring(from.lastIndexOf(' ') + 1);
                yield "INSERT INTO {" + table + "}(s, id, dt) SELECT " + alias + ".s, " + alias + ".id + "
                        + pick("100", "7", "100 + (SELECT MAX(id) FROM " + table() + ")") + ", " + alias + ".dt FROM "
                        + from + " WHERE " + predicate(List.of(alias), 1);
            }
            default -> {
                List<String> sources = new ArrayList<>();
                String from = source(sources, 1);
                List<String> both = List.of(scope.get(0), sources.get(0));
                yield "MERGE INTO " + target + " USING " + from + " ON " + scope.get(0) + ".id = " + sources.get(0)
                        + ".id"
                        + " WHEN MATCHED" + pick("", " AND " + simple(both)) + " THEN "
                        + pick("DELETE", "UPDATE SET " + set(both), "UPDATE SET " + set(both))
                        + pick(
                                "",
                                " WHEN NOT MATCHED THEN INSERT (id, k, n) VALUES (" + sources.get(0) + ".id, "
                                        + expression(sources, 'i', 1) + ", " + expression(sources, 'n', 1) + ")");
            }
        };
    }

    private String where(List<String> scope) {
        return random.nextInt(5) == 0 ? "" : " WHERE " + predicate(scope, 1);
    }

    private String set(List<String> scope) {
        StringBuilder set = new StringBuilder();
        for (String assigned : List.of("ki", "nn", "ss", "dtd")) {
            char type = assigned.charAt(assigned.length() - 1);
            if (random.nextInt(3) == 0) {
                set.append(set.isEmpty() ? "" : ", ")
                        .append(assigned, 0, assigned.length() - 1)
                        .append(" = ")
                        .append(random.nextBoolean() ? subQuery(scope, type) : expression(scope, type, 1));
            }
        }
        return set.isEmpty() ? "k = " + subQuery(scope, 'i') : set.toString();
    }

    private String aggregate(List<String> scope, char type) {
        String column = column(scope, type);
        return switch (type) {
            case 'i' ->
                pick("COUNT(*)", "COUNT(" + column + ")", "SUM(" + column + ")", "COUNT(DISTINCT " + column + ")");
            case 'n' ->
                pick(
                        "SUM(" + column + ")",
                        "AVG(" + column + ")",
                        "MIN(" + column + ")",
                        "AVG(" + column(scope, 'i') + ")");
            default -> pick("MIN(", "MAX(") + column + ")";
        };
    }

    private String literal(char type) {
        return switch (type) {
            case 'i' -> String.valueOf(random.nextInt(8));
            case 'n' -> random.nextInt(20) + ".5";
            case 's' -> pick("'zy1'", "'y2'", "'zzy0'", "'m'");
            case 'd' -> "DATE '2024-0" + (1 + random.nextInt(9)) + "-15'";
            default -> pick("TRUE", "FALSE");
        };
    }

    private String simple(List<String> scope) {
        char type = "insdf".charAt(random.nextInt(5));
        String column = column(scope, type);
        return switch (random.nextInt(6)) {
            case 0 -> column + " IS " + pick("", "NOT ") + "NULL";
            case 1 -> column + " IN (" + literal(type) + ", " + literal(type) + ")";
            case 2 ->
                type == 's' ? column + " LIKE '%" + pick("y", "z", "1") + "%'" : column + " = " + column(scope, type);
            case 3 ->
                "(" + column + " " + pick("<", ">=", "<>") + " " + literal(type) + " OR " + column(scope, 'i')
                        + " = 2)";
            default -> column + " " + pick("=", "<", ">", "<=", "<>") + " " + literal(type);
        };
    }

    private String predicate(List<String> scope, int depth) {
        String first = simple(scope);
        if (depth > 0 && random.nextInt(3) == 0) {
            String inner = alias();
            String table = table() + " " + inner;
            String outer = column(scope, 'i');
            List<String> own = List.of(inner);
            first = switch (random.nextInt(6)) {
                case 0 ->
                    outer + " IN (SELECT " + column(own, 'i') + " FROM " + table + " WHERE " + within(own, scope, depth)
                            + ")";
                case 1 ->
                    outer + " NOT IN (SELECT " + column(own, 'i') + " FROM " + table + " WHERE "
                            + within(own, scope, depth) + ")";
                case 2 ->
                    "EXISTS (SELECT 1 FROM " + table + " WHERE " + inner + ".k = " + outer + " AND "
                            + within(own, scope, depth) + ")";
                case 3 ->
                    "NOT EXISTS (SELECT * FROM " + table + " WHERE " + inner + ".id = " + outer + " AND " + inner
                            + ".n > " + column(scope, 'n')
                            + pick("", " AND " + within(own, scope, depth)) + ")";
                case 4 ->
                    column(scope, 'n') + " > (SELECT AVG(" + inner + ".n) FROM " + table + " WHERE " + inner + ".k = "
                            + outer + ")";
                default ->
                    // Not = ALL: of an empty sub-query H2 2.5.252 gives all rows without an index on the column, and
                    // none with one.
                    outer + " " + pick("< ANY", ">= ANY", "= ANY", "< ALL", ">= ALL") + " (SELECT " + column(own, 'i')
                            + " FROM " + table + " WHERE " + within(own, scope, depth) + ")";
            };
        }
        return switch (random.nextInt(4)) {
            case 0 -> first + " AND " + simple(scope);
            case 1 -> "(" + first + " OR " + simple(scope) + ")";
            case 2 -> "NOT (" + first + ")";
            default -> first;
        };
    }

    /** What holds in a sub-query; it may depend on what is around, in a sub-query of its own too. */
    private String within(List<String> own, List<String> around, int depth) {
        if (depth == 0 || random.nextInt(3) == 0) {
            return simple(own);
        }
        List<String> all = new ArrayList<>(own);
        all.addAll(around);
        return predicate(all, depth - 1);
    }

    /** Prints what differs: {@code SEED ROUNDS}. */
    public static void main(String[] arguments) {
        long seed = Long.parseLong(arguments[0]);
        int rounds = Integer.parseInt(arguments[1]);
        int planned = 0;
        int local = 0;
        int different = 0;
        for (int round = 0; round < rounds; round++) {
            try (Twin twin = twin(seed + round)) {
                RandomQueries queries = new RandomQueries(seed + round);
                for (int i = 0; i < 100; i++) {
                    Query query = queries.next();
                    String difference = twin.difference(query.sql(), query.ordered());
                    String plan = twin.plan(query.sql());
                    planned += plan.equals("planned") ? 1 : 0;
                    local += plan.equals("local") ? 1 : 0;
                    if (difference != null) {
                        different++;
                        System.out.println(
                                "seed " + (seed + round) + " query " + i + ": " + query.sql() + "\n  " + difference);
                        System.out.println(twin.explain(query.sql()));
                    } else if (!plan.equals("planned") && !plan.equals("local")) {
                        System.out.println("unplanned: " + query.sql() + "\n    " + plan);
                    }
                }
            }
        }
        System.out.println(
                rounds * 100 + " queries, planned " + planned + ", local " + local + ", different " + different);
    }
}
