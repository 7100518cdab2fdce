package io.synod.engine.twin;

import java.util.List;
import java.util.Random;
import java.util.function.Function;

/** The data types that the generator uses, with values for them. */
enum Types {
    INT("INT", r -> String.valueOf(r.nextInt(40))),
    BIGINT("BIGINT", r -> String.valueOf(r.nextInt(1000) - 500)),
    SMALLINT("SMALLINT", r -> String.valueOf(r.nextInt(100))),
    VARCHAR("VARCHAR(12)", r -> quoted(r, "value")),
    IGNORECASE("VARCHAR_IGNORECASE(12)", r -> r.nextBoolean() ? "'Mixed" + r.nextInt(9) + "'" : quoted(r, "mixed")),
    CHAR("CHAR(6)", r -> "'c" + r.nextInt(50) + "'"),
    DECIMAL("DECIMAL(10, 2)", r -> r.nextInt(1000) + "." + (10 + r.nextInt(90))),
    DECFLOAT("DECFLOAT(12)", r -> r.nextInt(100) + "E" + (r.nextInt(9) - 4)),
    DOUBLE("DOUBLE PRECISION", r -> r.nextInt(100) / 4.0 + "E0"),
    REAL("REAL", r -> String.valueOf(r.nextInt(100) / 4.0)),
    BOOLEAN("BOOLEAN", r -> r.nextBoolean() ? "TRUE" : "FALSE"),
    DATE("DATE", r -> "DATE '20" + (10 + r.nextInt(20)) + "-0" + (1 + r.nextInt(9)) + "-1" + r.nextInt(10) + "'"),
    TIME("TIME", r -> "TIME '1" + r.nextInt(10) + ":3" + r.nextInt(10) + ":00'"),
    TIMESTAMP("TIMESTAMP", r -> "TIMESTAMP '2024-01-1" + r.nextInt(10) + " 0" + r.nextInt(10) + ":00:00.125'"),
    TIMESTAMP_TZ(
            "TIMESTAMP WITH TIME ZONE",
            r -> "TIMESTAMP WITH TIME ZONE '2024-01-1" + r.nextInt(10) + " 10:00:00+0" + r.nextInt(10) + ":00'"),
    TIME_TZ("TIME WITH TIME ZONE", r -> "TIME WITH TIME ZONE '1" + r.nextInt(10) + ":00:00+0" + r.nextInt(10) + ":00'"),
    INTERVAL_YEAR("INTERVAL YEAR TO MONTH", r -> "INTERVAL '" + r.nextInt(50) + "-3' YEAR TO MONTH"),
    INTERVAL("INTERVAL DAY TO SECOND", r -> "INTERVAL '" + r.nextInt(50) + " 1:02:03' DAY TO SECOND"),
    UUID("UUID", r -> "UUID '00000000-0000-0000-0000-0000000000" + (10 + r.nextInt(90)) + "'"),
    ENUM(
            "ENUM('red', 'green', 'blue')",
            r -> List.of("'red'", "'green'", "'blue'").get(r.nextInt(3))),
    BINARY("VARBINARY(20)", r -> "X'" + (10 + r.nextInt(90)) + "ff'"),
    JSON("JSON", r -> "JSON '{\"n\": " + r.nextInt(20) + "}'"),
    ARRAY("INT ARRAY", r -> "ARRAY[" + r.nextInt(9) + ", " + r.nextInt(9) + "]"),
    ROW("ROW(A INT, B VARCHAR(5))", r -> "ROW(" + r.nextInt(9) + ", 'r')"),
    GEOMETRY("GEOMETRY", r -> "GEOMETRY 'POINT (" + r.nextInt(20) + " " + r.nextInt(20) + ")'"),
    CLOB("CLOB", r -> r.nextInt(4) == 0 ? "REPEAT('lob" + r.nextInt(9) + "', 300)" : quoted(r, "clob")),
    BLOB("BLOB", r -> r.nextInt(4) == 0 ? "CAST(REPEAT('a" + r.nextInt(9) + "', 400) AS BLOB)" : "X'0a'");

    private final String sql;
    private final Function<Random, String> literal;

    Types(String sql, Function<Random, String> literal) {
        this.sql = sql;
        this.literal = literal;
    }

    private static String quoted(Random random, String text) {
        return "'" + text + random.nextInt(60) + "'";
    }

    static Types any(Random random) {
        return values()[random.nextInt(values().length)];
    }

    String sql() {
        return sql;
    }

    /** Whether an index or a unique constraint may be on it. */
    boolean isOrdered() {
        return ordinal() < GEOMETRY.ordinal();
    }

    boolean isNumber() {
        return this == INT || this == BIGINT || this == SMALLINT;
    }

    String value(Random random) {
        return random.nextInt(12) == 0 ? "NULL" : literal.apply(random);
    }
}
