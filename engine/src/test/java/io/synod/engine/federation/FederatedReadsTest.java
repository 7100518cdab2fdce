package io.synod.engine.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.h2.value.Value;
import org.h2.value.ValueBigint;
import org.h2.value.ValueNumeric;
import org.h2.value.ValueVarchar;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How a federated query reads: what is executed once, what is read first, and by which keys the rest is found. */
class FederatedReadsTest {
    private static final int CUSTOMERS = 1000;

    private final Twin twin = new Twin("SALES", "STOCK")
            .make(
                    "SALES",
                    "customer",
                    "CREATE TABLE customer(id INT PRIMARY KEY, name VARCHAR(20))",
                    "INSERT INTO customer SELECT x, 'name' || x FROM SYSTEM_RANGE(1, " + CUSTOMERS + ")")
            .make(
                    "STOCK",
                    "item",
                    "CREATE TABLE item(id INT PRIMARY KEY, customer INT, shelf INT, price NUMERIC(10, 2))",
                    "CREATE INDEX item_customer ON item(customer)",
                    "INSERT INTO item SELECT x, MOD(x, 1000) + 1, MOD(x, 300), x / 4.0 FROM SYSTEM_RANGE(1, 10000)",
                    "ANALYZE");

    @AfterEach
    void close() {
        twin.close();
    }

    private List<String> ofStock(String query) {
        return twin.explain(query)
                .lines()
                .filter(line -> line.startsWith("STOCK: "))
                .toList();
    }

    /** As query 15 of TPC-H: no index finds a sum. */
    @Test
    void an_aggregate_that_no_index_finds_is_joined_elsewhere_than_in_its_database() {
        String sums = "(SELECT customer, SUM(price) AS total FROM {item} GROUP BY customer)";
        String query = "SELECT c.name, s.total FROM {customer} c, " + sums + " s WHERE s.customer = c.id"
                + " AND s.total = (SELECT MAX(total) FROM " + sums + ")";
        twin.assertSame(query, false);
        List<String> parts = ofStock(query);
        assertEquals(2, parts.size(), () -> twin.explain(query));
        parts.forEach(part -> assertFalse(part.contains("JOIN"), part));
        // The greatest sum is read first, the sum by it, the customer by that.
        assertEquals(3, twin.readRows(query), () -> twin.explain(query));
    }

    /** The price is needed, the shelf only to join: it is a part's column all the same. */
    @Test
    void the_same_for_an_outer_join_and_for_columns_that_are_not_grouped() {
        String counts = "(SELECT shelf, COUNT(*) AS n FROM {item} GROUP BY shelf)";
        for (String join : List.of("JOIN", "LEFT JOIN")) {
            String query =
                    "SELECT c.name, q.price, q.n FROM {customer} c JOIN (SELECT i.customer, i.price, s.n FROM {item} i "
                            + join + " " + counts + " s ON s.shelf = i.shelf) q ON q.customer = c.id WHERE c.id < 10";
            twin.assertSame(query, false);
            assertEquals(2, ofStock(query).size(), () -> twin.explain(query));
        }
    }

    @Test
    void an_aggregate_that_an_index_finds_is_joined_in_its_database() {
        String query = "SELECT c.name, q.price FROM {customer} c JOIN (SELECT i.customer, i.price FROM {item} i"
                + " JOIN (SELECT customer, AVG(price) AS mean FROM {item} GROUP BY customer) s"
                + " ON s.customer = i.customer AND i.price < s.mean) q ON q.customer = c.id WHERE c.id < 10";
        twin.assertSame(query, false);
        assertEquals(1, ofStock(query).size(), () -> twin.explain(query));
    }

    /** There are fewer customers than is guessed of the items, of which there are 41. */
    @Test
    void what_is_guessed_is_tried_before_much_is_read_without_keys() {
        String query = "SELECT c.name, i.id FROM {customer} c JOIN {item} i ON i.customer = c.id"
                + " WHERE i.price BETWEEN 100 AND 110";
        long items = twin.runSingle(query).size() - 1;
        twin.assertSame(query, false);
        assertEquals(2 * items, twin.readRows(query), () -> twin.explain(query));
    }

    @Test
    void what_was_tried_in_vain_is_read_once_more() {
        String query = "SELECT c.name, i.id FROM {customer} c JOIN {item} i ON i.customer = c.id"
                + " WHERE i.price BETWEEN 100 AND 2000";
        long items = twin.runSingle("SELECT id FROM {item} WHERE price BETWEEN 100 AND 2000")
                        .size()
                - 1;
        twin.assertSame(query, false);
        long read = twin.readRows(query);
        assertTrue(read > CUSTOMERS + items && read < 2 * CUSTOMERS + items, () -> read + " of " + items);
    }

    @Test
    void keys_are_a_list_where_they_are_many() {
        List<Value> keys =
                IntStream.range(0, 100).<Value>mapToObj(ValueBigint::get).toList();
        assertTrue(SqlPieces.list(keys).startsWith("0, 1, 2, "), SqlPieces.list(keys));
        assertEquals("", SqlPieces.list(keys.subList(0, 10)));
        List<Value> texts = Stream.<Value>concat(keys.stream(), Stream.of(ValueVarchar.get("")))
                .<Value>map(key -> ValueVarchar.get(key.getString()))
                .toList();
        assertEquals("", SqlPieces.list(texts), "null in Oracle's mode");
        List<Value> small = Stream.<Value>generate(() -> ValueNumeric.get(new BigDecimal("1E-7")))
                .limit(100)
                .toList();
        assertTrue(SqlPieces.list(small).startsWith("0.0000001, "), SqlPieces.list(small));
    }

    @Test
    void lists_of_keys_of_each_type_find_what_is_equal() {
        String columns = "(id INT PRIMARY KEY, t TINYINT, s SMALLINT, i INT, l BIGINT, n NUMERIC(30, 9), v VARCHAR(40),"
                + " d DATE, m TIMESTAMP(9), u UUID)";
        String values =
                " SELECT x, MOD(x, 120), x, x, x * 10000000000, x / 10000000.0, CHAR(200 + x) || '''' || x || CHAR(1),"
                        + " DATEADD(DAY, x, DATE '1999-12-30'), DATEADD(NANOSECOND, x, TIMESTAMP '2000-01-01 00:00:00'),"
                        + " CAST('00000000-0000-0000-0000-000000000' || (100 + x) AS UUID) FROM SYSTEM_RANGE(";
        twin.make("SALES", "a", "CREATE TABLE a" + columns, "INSERT INTO a" + values + "1, 150)");
        twin.make("STOCK", "b", "CREATE TABLE b" + columns, "INSERT INTO b" + values + "100, 899)", "ANALYZE");
        for (String column : List.of("t", "s", "i", "l", "n", "v", "d", "m", "u")) {
            String query = "SELECT a.id, b.id, b." + column + " FROM {a} a JOIN {b} b ON a." + column + " = b." + column
                    + " WHERE a.id > 20";
            assertTrue(twin.runSingle(query).size() > 50, query);
            twin.assertSame(query, false);
            if (!column.equals("t")) {
                assertTrue(twin.readRows(query) < 300, () -> twin.readRows(query) + " rows: " + twin.explain(query));
            }
        }
        twin.assertSame("SELECT a.id, b.id FROM {a} a JOIN {b} b ON a.i = b.l / 10000000000 AND a.n = b.n", false);
        twin.assertSame("SELECT a.id, b.id FROM {a} a JOIN {b} b ON a.l = b.n", false);
    }
}
