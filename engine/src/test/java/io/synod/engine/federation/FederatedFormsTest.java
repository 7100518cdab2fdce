package io.synod.engine.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.h2.value.Value;
import org.h2.value.ValueInteger;
import org.h2.value.ValueNull;
import org.h2.value.ValueVarchar;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Typical forms of queries, types and parameters over two databases give what they give on one. */
@Tag("long")
class FederatedFormsTest {
    private static Twin twin;

    @TempDir
    static Path temporary;

    @BeforeAll
    static void open() {
        twin = Forms.twin();
    }

    @AfterAll
    static void close() {
        twin.close();
    }

    static Stream<Forms.Form> forms() {
        return Forms.ALL.stream();
    }

    @ParameterizedTest
    @MethodSource("forms")
    void form(Forms.Form form) {
        twin.assertSame(form.sql(), form.ordered());
        // Only after it was executed: what H2 refuses of a plan ends it.
        assertEquals(form.planned(), twin.plan(form.sql()).equals("planned"), () -> twin.plan(form.sql()));
    }

    @Test
    void types_stay() {
        for (String type : List.of(
                "BOOLEAN: TRUE",
                "TINYINT: -7",
                "SMALLINT: 300",
                "INTEGER: 70000",
                "BIGINT: 9007199254740993",
                "REAL: 1.5",
                "DOUBLE PRECISION: 0.1",
                "DECFLOAT(20): 1.10",
                "NUMERIC(40, 10): 123456789012345678901234567890.0123456789",
                "CHAR(6): 'ab'",
                "VARCHAR(20): 'ß€😀'",
                "VARCHAR_IGNORECASE(20): 'MiXed'",
                "BINARY(4): X'01020304'",
                "VARBINARY(9): X'00ff'",
                "BLOB: X'0a0b'",
                "CLOB: 'large'",
                "DATE: DATE '1500-01-01'",
                "TIME(9): TIME '23:59:59.123456789'",
                "TIME(3) WITH TIME ZONE: TIME WITH TIME ZONE '10:00:00.123+02:30'",
                "TIMESTAMP(9): TIMESTAMP '2024-03-31 02:30:00.123456789'",
                "TIMESTAMP(9) WITH TIME ZONE: TIMESTAMP WITH TIME ZONE '2024-03-31 02:30:00.123456789-05:00'",
                "INTERVAL YEAR TO MONTH: INTERVAL '3-4' YEAR TO MONTH",
                "INTERVAL DAY TO SECOND: INTERVAL '1 02:03:04.567' DAY TO SECOND",
                "UUID: UUID '6f1c0c7e-1d5b-4e2a-9a51-0d4c6a4f7b10'",
                "JSON: JSON '{\"a\": [1, null]}'",
                "ENUM('red', 'green'): 'green'",
                "JAVA_OBJECT: X'aced0005740003616263'",
                "GEOMETRY: 'POINT (1 2)'",
                "INTEGER ARRAY: ARRAY[1, NULL, 3]",
                "ROW(a INTEGER, b VARCHAR(3)): ROW(1, 'x')")) {
            String[] parts = type.split(": ", 2);
            try (Twin types = new Twin("DB1", "DB2")
                    .make(
                            "DB1",
                            "t",
                            "CREATE TABLE t(id INT PRIMARY KEY, v " + parts[0] + ")",
                            "INSERT INTO t VALUES (1, " + parts[1] + "), (2, NULL), (3, " + parts[1] + ")")
                    .make(
                            "DB2",
                            "o",
                            "CREATE TABLE o(id INT PRIMARY KEY, w INT)",
                            "INSERT INTO o VALUES (1, 1), (2, 2), (4, 4)")) {
                for (long memory : List.of(Long.MAX_VALUE, 0L)) {
                    types.limits = new ShippingLimits(Long.MAX_VALUE, Long.MAX_VALUE, 100, memory, temporary);
                    types.assertSame("SELECT t.id, t.v, o.w FROM {t} t JOIN {o} o ON o.id = t.id", false);
                    types.assertSame("SELECT o.w, t.v FROM {o} o LEFT JOIN {t} t ON o.id = t.id", false);
                    types.assertSame("SELECT (SELECT t.v FROM {t} t WHERE t.id = o.id) FROM {o} o", false);
                    types.assertSame("SELECT TOP 5 t.v, o.w FROM {t} t JOIN {o} o ON o.id = t.id ORDER BY o.w", true);
                }
                types.make("DB2", "u", "CREATE TABLE u(id INT PRIMARY KEY, v " + parts[0] + ")");
                assertEquals(null, types.changeDifference("INSERT INTO {u} SELECT id, v FROM {t}"), type);
                assertEquals(
                        null, types.changeDifference("UPDATE {t} SET v = (SELECT v FROM {u} WHERE {u}.id = 3)"), type);
            }
        }
    }

    @Test
    void one_plan_serves_different_parameters() {
        String sql = "SELECT t.id, o.oid, CAST(? AS VARCHAR(9)) FROM {t} t JOIN {o} o ON o.tid = t.id"
                + " WHERE t.k = ? AND o.note LIKE ? OR o.qty = ? ORDER BY o.oid LIMIT ?";
        FederatedQuery first = twin.prepare(sql);
        for (Value k : List.of(ValueInteger.get(1), ValueInteger.get(3), ValueNull.INSTANCE)) {
            twin.assertSame(sql, true, ValueVarchar.get("x"), k, ValueVarchar.get("%2%"), k, ValueInteger.get(20));
        }
        assertEquals(first, twin.prepare(sql));
        assertEquals("planned", twin.plan(sql));
    }

    @Test
    void parameters_are_parameters_where_whole_tables_are_shipped() {
        twin.assertSame(
                "SELECT TOP 7 o.oid FROM {t} t JOIN {o} o ON o.tid = t.id WHERE t.k = ? ORDER BY o.oid",
                true,
                ValueInteger.get(2));
    }

    @Test
    void a_parameter_that_is_missing_is_h2s_error() {
        assertEquals(
                List.of("error 90012"),
                twin.runFederated("SELECT t.id FROM {t} t JOIN {o} o ON o.tid = t.id WHERE t.k = ?"));
    }

    @Test
    void large_objects_are_read_from_where_they_are() {
        try (Twin large = new Twin("DB1", "DB2")
                .make(
                        "DB1",
                        "t",
                        "CREATE TABLE t(id INT PRIMARY KEY, v CLOB, w BLOB)",
                        "INSERT INTO t VALUES (1, REPEAT('ab', 100000), CAST(REPEAT('cd', 100000) AS VARBINARY(200000)))")
                .make("DB2", "o", "CREATE TABLE o(id INT PRIMARY KEY)", "INSERT INTO o VALUES (1), (2)")) {
            for (long memory : List.of(Long.MAX_VALUE, 0L)) {
                large.limits = new ShippingLimits(Long.MAX_VALUE, Long.MAX_VALUE, 100, memory, temporary);
                large.assertSame("SELECT t.v, t.w, o.id FROM {t} t JOIN {o} o ON o.id >= t.id", false);
                large.assertSame(
                        "SELECT TOP 9 t.v, t.w, o.id FROM {t} t JOIN {o} o ON o.id >= t.id ORDER BY o.id", true);
                large.assertSame("SELECT v || 'x', LENGTH(w) FROM {t}", false);
            }
        }
    }

    @Test
    void keys_are_not_sent_to_a_database_that_compares_otherwise() {
        try (Twin unlike = new Twin("DB1", "DB2")) {
            Twin.execute(unlike.member("DB1"), "SET COLLATION GERMAN STRENGTH PRIMARY");
            Twin.execute(unlike.one(), "SET COLLATION GERMAN STRENGTH PRIMARY");
            unlike.make("DB1", "a", "CREATE TABLE a(s VARCHAR(9))", "INSERT INTO a VALUES ('Ärger')");
            unlike.make(
                    "DB2",
                    "b",
                    "CREATE TABLE b(s VARCHAR(9))",
                    "INSERT INTO b SELECT 'x' || x FROM SYSTEM_RANGE(1, 100)",
                    "INSERT INTO b VALUES ('ARGER')");
            unlike.assertSame("SELECT a.s, b.s FROM {a} a JOIN {b} b ON a.s = b.s", false);
        }
    }

    @Test
    void collation_is_the_connections_own() {
        try (Twin twin = new Twin("DB1", "DB2")) {
            twin.make(
                    "DB1",
                    "a",
                    "SET COLLATION GERMAN STRENGTH PRIMARY",
                    "CREATE TABLE a(s VARCHAR(9))",
                    "INSERT INTO a VALUES ('Ärger'), ('zebra'), ('arger'), ('Zebra')");
            Twin.execute(twin.member("DB2"), "SET COLLATION GERMAN STRENGTH PRIMARY");
            twin.make("DB2", "b", "CREATE TABLE b(s VARCHAR(9))", "INSERT INTO b VALUES ('ARGER'), ('ZEBRA'), ('x')");
            twin.assertSame("SELECT a.s, b.s FROM {a} a JOIN {b} b ON a.s = b.s", false);
            twin.assertSame("SELECT COUNT(*) FROM (SELECT s FROM {a} UNION SELECT s FROM {b})", false);
            twin.assertSame("SELECT COUNT(*) FROM {a} a, {b} b WHERE a.s > b.s", false);
        }
    }
}
