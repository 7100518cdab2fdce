package io.synod.engine.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.h2.api.ErrorCode;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.value.Value;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is pushed to which database, what is refused and how, and what a session sees. */
class FederationTest {
    private static final String JOIN = "SELECT c.name, i.item FROM {customer} c JOIN {item} i ON i.customer = c.id";

    private static final Value[] NONE = {};

    private final Twin twin = new Twin("SALES", "STOCK")
            .make(
                    "SALES",
                    "customer",
                    "CREATE TABLE customer(id INT PRIMARY KEY, name VARCHAR(20), city VARCHAR(20))",
                    "INSERT INTO customer SELECT x, 'name' || x, 'city' || MOD(x, 50) FROM SYSTEM_RANGE(1, 1000)")
            .make(
                    "STOCK",
                    "item",
                    "CREATE TABLE item(id INT PRIMARY KEY, customer INT, item VARCHAR(20), price NUMERIC(10, 2))",
                    "CREATE INDEX item_customer ON item(customer)",
                    "INSERT INTO item SELECT x, MOD(x, 1000), 'item' || MOD(x, 77), x / 4.0 FROM SYSTEM_RANGE(1, 10000)",
                    "ANALYZE")
            .make(
                    "STOCK",
                    "kind",
                    "CREATE TABLE kind(item VARCHAR(20) PRIMARY KEY, kind INT)",
                    "INSERT INTO kind SELECT 'item' || x, MOD(x, 5) FROM SYSTEM_RANGE(0, 76)");

    @AfterEach
    void close() {
        twin.close();
    }

    /** The text that a database runs in the plan of a query. */
    private String part(String database, String query) {
        List<String> lines = new ArrayList<>();
        for (String line : twin.explain(query).split("\n")) {
            if (line.startsWith(database + ": ")) {
                lines.add(line);
            }
        }
        assertEquals(1, lines.size(), () -> twin.explain(query));
        return lines.get(0);
    }

    private void assertPushed(String query, String... parts) {
        String text = part("STOCK", query);
        for (String part : parts) {
            assertTrue(text.contains(part), () -> part + " in " + text);
        }
        twin.assertSame(query, false);
        assertEquals("planned", twin.plan(query));
    }

    @Test
    void filters_and_columns_are_pushed() {
        assertPushed(JOIN + " WHERE i.price > 100 AND i.item LIKE 'item1%'", "\"PRICE\" > 100", "LIKE 'item1%'");
        assertFalse(part("STOCK", JOIN).contains("PRICE"), "a column that nobody needs");
    }

    @Test
    void joins_within_a_database_are_pushed() {
        assertPushed(
                JOIN + " JOIN {kind} k ON k.item = i.item WHERE k.kind = 3",
                "\"PUBLIC\".\"ITEM\"",
                "INNER JOIN",
                "\"PUBLIC\".\"KIND\"",
                "\"KIND\" = 3");
        // Also where the text does not join them one after the other.
        assertPushed(
                "SELECT c.name, k.kind FROM {item} i, {customer} c, {kind} k WHERE c.id = i.customer AND k.item = i.item",
                "INNER JOIN");
    }

    @Test
    void aggregates_are_pushed_and_filtered_below_their_groups() {
        assertPushed(
                "SELECT c.name, s.total FROM {customer} c"
                        + " JOIN (SELECT customer, SUM(price) total FROM {item} GROUP BY customer) s ON s.customer = c.id"
                        + " WHERE c.city = 'city7'",
                "SUM(\"PRICE\")",
                "= ANY(keys) GROUP BY");
    }

    @Test
    void limits_windows_and_set_operations_are_pushed() {
        assertPushed(
                "SELECT c.name, q.price FROM {customer} c"
                        + " JOIN (SELECT customer, price FROM {item} ORDER BY price DESC, id LIMIT 5) q ON q.customer = c.id",
                "ORDER BY",
                "FETCH NEXT 5 ROWS ONLY");
        assertPushed(
                "SELECT c.name, q.r FROM {customer} c JOIN (SELECT customer, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY id) r"
                        + " FROM {item}) q ON q.customer = c.id WHERE q.r = 2",
                "ROW_NUMBER() OVER (PARTITION BY \"CUSTOMER\" ORDER BY \"ID\"",
                "= 2");
        assertPushed(
                "SELECT c.name FROM {customer} c JOIN (SELECT customer AS k FROM {item} UNION SELECT kind FROM {kind}) q ON q.k = c.id",
                "UNION");
    }

    @Test
    void a_selective_join_fetches_only_the_keys_that_it_needs() {
        String query = JOIN + " WHERE c.city = 'city7'";
        int customers =
                twin.runSingle("SELECT id FROM {customer} WHERE city = 'city7'").size() - 1;
        int rows = twin.runSingle(query).size() - 1;
        twin.limits = new ShippingLimits(customers + rows, Long.MAX_VALUE, customers);
        twin.assertSame(query, false);
        twin.limits = new ShippingLimits(customers + rows, Long.MAX_VALUE, 0);
        assertEquals(List.of("error 54000"), twin.runFederated(query));
    }

    /** Nulls are equal there, and are no keys. */
    @Test
    void a_join_by_is_not_distinct_from_finds_nulls() {
        twin.make(
                "SALES",
                "wish",
                "CREATE TABLE wish(id INT, code INT)",
                "INSERT INTO wish VALUES (1, 5), (2, NULL), (3, 7)");
        twin.make(
                "STOCK",
                "thing",
                "CREATE TABLE thing(id INT PRIMARY KEY, code INT)",
                "INSERT INTO thing SELECT x, NULLIF(MOD(x, 1000), 0) FROM SYSTEM_RANGE(1, 5000)");
        String query = "SELECT w.id, t.id FROM {wish} w JOIN {thing} t ON t.code IS NOT DISTINCT FROM w.code";
        assertEquals(16, twin.runSingle(query).size());
        twin.assertSame(query, false);
        twin.assertSame(
                "SELECT w.id, t.id FROM {wish} w LEFT JOIN {thing} t ON t.code IS NOT DISTINCT FROM w.code", false);
    }

    @Test
    void keys_reach_what_is_joined_with_something_between() {
        twin.make(
                "STOCK",
                "weight",
                "CREATE TABLE weight(item INT PRIMARY KEY, g INT)",
                "INSERT INTO weight SELECT x, x FROM SYSTEM_RANGE(1, 10000)",
                "ANALYZE");
        // What the customer has is known by the orders only, which are of the other database.
        String query =
                "SELECT c.id, q.n FROM {customer} c JOIN (SELECT i.customer, COUNT(*) n FROM {item} i, {customer} d, {item} j"
                        + " WHERE d.id = i.customer AND j.customer = d.id AND j.price < i.price GROUP BY i.customer) q"
                        + " ON q.customer = c.id WHERE c.city = 'city7' AND c.id < 100";
        twin.assertSame(query, false);
        long shipped = twin.shippedRows(query);
        assertTrue(shipped < 100, () -> shipped + " rows: " + twin.explain(query));
    }

    /** H2 would execute it once per row of the other side. */
    @Test
    void what_is_aggregated_over_several_databases_and_then_joined_is_executed_once_before() {
        String query = "SELECT c.id, s.n FROM {customer} c LEFT JOIN (SELECT d.city, COUNT(*) n FROM {customer} d"
                + " JOIN {item} i ON i.customer = d.id WHERE i.price < 500 GROUP BY d.city) s ON s.city = c.city WHERE c.id < 100";
        twin.assertSame(query, false);
        List<String> lines = twin.explain(query).lines().toList();
        String step = lines.get(lines.size() - 2);
        assertTrue(step.startsWith("here: F") && step.contains("COUNT(*)"), () -> twin.explain(query));
        String rest = lines.get(lines.size() - 1);
        assertFalse(rest.contains("COUNT(*)"), () -> twin.explain(query));
    }

    /** An index finds nothing in what is optional: H2 would aggregate all items again for each of a hundred. */
    @Test
    void what_is_grouped_by_an_optional_table_s_key_is_aggregated_once() {
        String query =
                "SELECT c.id, x.n FROM {customer} c JOIN (SELECT i.customer, s.n FROM {item} i LEFT JOIN (SELECT k.item,"
                        + " COUNT(*) n FROM {item} j LEFT JOIN {kind} k ON k.item = j.item GROUP BY k.item) s ON s.item = i.item"
                        + " WHERE i.id < 100) x ON x.customer = c.id";
        twin.assertSame(query, false);
        long parts = twin.explain(query)
                .lines()
                .filter(l -> l.startsWith("STOCK: F"))
                .count();
        assertEquals(2, parts, () -> twin.explain(query));
    }

    /** The customers are read first, by nobody's keys. */
    @Test
    void what_has_no_partner_in_what_is_read_later_is_not_shipped(@TempDir Path directory) {
        twin.make(
                "STOCK",
                "wish",
                "CREATE TABLE wish(customer INT, item INT)",
                "INSERT INTO wish SELECT MOD(x, 10), x FROM SYSTEM_RANGE(1, 5000)");
        String query = "SELECT c.name, w.item FROM {customer} c JOIN {wish} w ON w.customer = c.id";
        int wishes = twin.runSingle(query).size() - 1;
        twin.assertSame(query, false);
        assertEquals(9 + wishes, twin.shippedRows(query), () -> twin.explain(query));
        assertTrue(twin.readRows(query) >= 1000 + wishes, () -> twin.explain(query));
        // No more is held than there is memory for.
        twin.limits = new ShippingLimits(Long.MAX_VALUE, Long.MAX_VALUE, 20_000, 1, directory);
        assertTrue(twin.shippedRows(query) >= 1000, () -> twin.explain(query));
        twin.assertSame(query, false);
    }

    /** Numbers of different types and scales, texts with and without the case of their letters. */
    @Test
    void what_is_held_is_compared_as_h2_compares() {
        twin.make(
                "SALES",
                "a",
                "CREATE TABLE a(n NUMERIC(10, 2), v VARCHAR(5))",
                "INSERT INTO a VALUES (100, 'x'), (1.5, 'Y'), (7, NULL), (NULL, 'z')");
        twin.make(
                "STOCK",
                "b",
                "CREATE TABLE b(n INT, v VARCHAR(5), i VARCHAR_IGNORECASE(5))",
                "INSERT INTO b VALUES (100, 'x', 'X'), (1, 'y', 'y'), (7, 'Z', 'Z'), (NULL, NULL, NULL)");
        twin.assertSame("SELECT a.n, b.n FROM {a} a JOIN {b} b ON a.n = b.n", false);
        twin.assertSame("SELECT a.v, b.v FROM {a} a JOIN {b} b ON a.v = b.v", false);
        twin.assertSame("SELECT a.v, b.i FROM {a} a JOIN {b} b ON a.v = b.i", false);
        twin.assertSame("SELECT a.v, b.n FROM {a} a LEFT JOIN {b} b ON a.n = b.n AND a.v = b.v", false);
        assertEquals(2, twin.shippedRows("SELECT a.v, b.v FROM {a} a JOIN {b} b ON a.v = b.v"));
    }

    /** '01' and '1' both equal the number 1, and not each other. */
    @Test
    void what_equals_the_same_is_not_always_equal() {
        twin.make("SALES", "a", "CREATE TABLE a(v VARCHAR(5))", "INSERT INTO a VALUES ('01'), ('2')");
        twin.make("STOCK", "b", "CREATE TABLE b(n INT)", "INSERT INTO b SELECT x FROM SYSTEM_RANGE(1, 500)");
        twin.make(
                "STOCK",
                "c",
                "CREATE TABLE c(v VARCHAR(5), k INT)",
                "INSERT INTO c SELECT CAST(x AS VARCHAR), x FROM SYSTEM_RANGE(1, 5000)");
        twin.make("SALES", "d", "CREATE TABLE d(v VARCHAR_IGNORECASE(5))", "INSERT INTO d VALUES ('X'), ('y')");
        twin.make("STOCK", "e", "CREATE TABLE e(v VARCHAR(5), k INT)", "INSERT INTO e VALUES ('x', 1), ('Y', 2)");
        twin.assertSame("SELECT a.v, b.n, c.v FROM {a} a, {b} b, {c} c WHERE a.v = b.n AND b.n = c.v", false);
        twin.assertSame(
                "SELECT a.v, q.v FROM {a} a, (SELECT b.n, c.v FROM {b} b LEFT JOIN {c} c ON c.v = b.n"
                        + " ORDER BY 1 LIMIT 400) q WHERE a.v = q.n",
                false);
        twin.assertSame("SELECT d.v, e.v, a.v FROM {d} d JOIN {e} e ON d.v = e.v LEFT JOIN {a} a ON a.v = e.v", false);
    }

    @Test
    void what_is_shipped_is_bounded() {
        twin.limits = new ShippingLimits(10_999, Long.MAX_VALUE, 0);
        DbException rows = assertThrows(DbException.class, () -> execute(twin.prepare(JOIN)));
        assertEquals(FederationErrors.TOO_MUCH_SHIPPED, rows.getErrorCode());
        assertTrue(rows.getMessage().contains("10999 rows"), rows.getMessage());
        twin.limits = new ShippingLimits(11_000, Long.MAX_VALUE, 0);
        execute(twin.prepare(JOIN));
        twin.limits = new ShippingLimits(Long.MAX_VALUE, 100_000, 0);
        DbException bytes = assertThrows(DbException.class, () -> execute(twin.prepare(JOIN)));
        assertTrue(bytes.getMessage().contains("100000 bytes"), bytes.getMessage());
        assertEquals(List.of("error 54000"), twin.runFederated("SELECT TOP 1 c.id FROM {customer} c, {item} i"));
    }

    @Test
    void above_its_bound_of_memory_the_scratch_database_is_a_file_that_is_deleted(@TempDir Path directory)
            throws Exception {
        twin.limits = new ShippingLimits(Long.MAX_VALUE, Long.MAX_VALUE, 0, 100_000, directory);
        try (ResultInterface result = twin.prepare(JOIN).execute(twin.databases(), NONE, 0, twin.limits)) {
            assertEquals(1, files(directory).size());
            assertTrue(result.next());
        }
        assertEquals(List.of(), files(directory));
        twin.assertSame(JOIN, false);
        twin.assertSame("SELECT TOP 9 c.id, i.id FROM {customer} c JOIN {item} i ON i.id = c.id ORDER BY c.id", true);
        twin.limits = new ShippingLimits(10_999, Long.MAX_VALUE, 0, 100_000, directory);
        assertEquals(List.of("error 54000"), twin.runFederated(JOIN));
        assertEquals(List.of(), files(directory));
        twin.limits = new ShippingLimits(11_000, Long.MAX_VALUE, 0, Long.MAX_VALUE, directory);
        try (ResultInterface result = twin.prepare(JOIN).execute(twin.databases(), NONE, 0, twin.limits)) {
            assertEquals(List.of(), files(directory));
            assertTrue(result.next());
        }
    }

    private static List<String> files(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return files.map(f -> f.getFileName().toString()).toList();
        }
    }

    @Test
    void files_that_a_killed_process_has_left_are_deleted(@TempDir Path directory) throws Exception {
        Path left = Files.createFile(directory.resolve("synod-scratch-left.mv.db"));
        Path fresh = Files.createFile(directory.resolve("synod-scratch-fresh.mv.db"));
        Path other = Files.createFile(directory.resolve("other.mv.db"));
        FileTime old = FileTime.from(Instant.now().minusSeconds(3600));
        Files.setLastModifiedTime(left, old);
        Files.setLastModifiedTime(other, old);
        twin.limits = new ShippingLimits(Long.MAX_VALUE, Long.MAX_VALUE, 0, 0, directory);
        twin.assertSame(JOIN, false);
        assertEquals(List.of(false, true, true), List.of(Files.exists(left), Files.exists(fresh), Files.exists(other)));
    }

    private void execute(FederatedQuery query) {
        query.execute(twin.databases(), NONE, 0, twin.limits).close();
    }

    @Test
    void whole_tables_are_shipped_where_there_is_no_plan_and_explain_says_so() {
        String query = "SELECT TOP 3 c.name, i.item FROM {customer} c JOIN {item} i ON i.customer = c.id ORDER BY i.id";
        twin.assertSame(query, true);
        String text = twin.explain(query);
        assertTrue(text.startsWith("no plan (its grammar, at line 1, column 12): whole tables are shipped\n"), text);
        assertTrue(text.contains("STOCK: used columns of PUBLIC.ITEM, 10000 rows"), text);
    }

    @Test
    void one_database_runs_the_users_text_without_a_plan() {
        assertEquals(
                "STOCK: SELECT TOP 1 * FROM \"PUBLIC\".ITEM FOR UPDATE",
                twin.explain("SELECT TOP 1 * FROM {item} FOR UPDATE"));
        twin.assertSame("SELECT TOP 1 * FROM {item} ORDER BY id FOR UPDATE", true);
        twin.assertSame("SELECT name FROM {customer} WHERE id = 3", true);
    }

    private void assertError(int code, String sql, String... parts) {
        DbException e = assertThrows(DbException.class, () -> twin.federation().prepare(sql, twin.databases()));
        assertEquals(code, e.getErrorCode(), e.getMessage());
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
    }

    @Test
    void errors_list_what_exists() {
        assertError(
                ErrorCode.DATABASE_NOT_FOUND_1,
                "SELECT * FROM nope.public.item i, customer c",
                "Database \"NOPE\" not found; there are: SALES, STOCK");
        assertError(
                ErrorCode.DATABASE_NOT_FOUND_1,
                "SELECT * FROM customer c, stock.public.item i, nope.public.item j",
                "Database \"NOPE\" not found; there are: SALES, STOCK");
        assertError(
                ErrorCode.SCHEMA_NOT_FOUND_1,
                "SELECT * FROM customer JOIN stock.nope.item ON TRUE",
                "Schema \"NOPE\" not found in database STOCK; there are: INFORMATION_SCHEMA, PUBLIC");
        assertError(
                ErrorCode.TABLE_OR_VIEW_NOT_FOUND_1,
                "SELECT * FROM customer JOIN stock.public.nope ON TRUE",
                "Table \"NOPE\" not found in STOCK.PUBLIC; there are: ITEM, KIND");
        // The other database has a table of this name.
        assertError(ErrorCode.TABLE_OR_VIEW_NOT_FOUND_1, "SELECT * FROM stock.public.item, kind", "\"KIND\" not found");
        assertError(
                ErrorCode.TABLE_OR_VIEW_NOT_FOUND_1,
                "SELECT * FROM nothing, stock.public.item",
                "\"NOTHING\" not found");
        assertError(
                ErrorCode.COLUMN_NOT_FOUND_1,
                "SELECT c.nope FROM customer c, stock.public.item",
                "Column \"C.NOPE\" not found");
        assertError(
                ErrorCode.SYNTAX_ERROR_2,
                "SELECT * FROM customer, stock.public.item WHERE WHERE",
                "customer, STOCK.PUBLIC.item WHERE [*]WHERE");
    }

    @Test
    void rows_are_locked_where_they_are_also_when_their_copies_are_in_a_file() {
        try (Twin filed = new Twin("SALES", "STOCK")) {
            filed.make(
                    "STOCK",
                    "part",
                    "CREATE TABLE part(id INT PRIMARY KEY, code VARCHAR(9) UNIQUE, text CLOB)",
                    "INSERT INTO part SELECT X, 'c' || X, REPEAT('synod', 20 * X) FROM SYSTEM_RANGE(1, 300)");
            filed.make(
                    "SALES",
                    "sale",
                    "CREATE TABLE sale(id INT, code VARCHAR(9))",
                    "CREATE INDEX ON sale(code DESC, id)",
                    "INSERT INTO sale SELECT X, 'c' || X FROM SYSTEM_RANGE(200, 400)");
            filed.autoCommit(false);
            ShippingLimits all = filed.limits;
            for (long memory : new long[] {all.memory(), 1000}) {
                filed.limits = new ShippingLimits(all.rows(), all.bytes(), all.keys(), memory, all.directory());
                filed.hold("part", 250);
                filed.assertSame(
                        "SELECT TOP 3 s.id, p.text FROM {sale} s JOIN {part} p ON p.code = s.code WHERE p.id > 248"
                                + " ORDER BY s.id FOR UPDATE SKIP LOCKED",
                        true);
                assertEquals(filed.free(true), filed.free(false));
                filed.release();
                filed.rollback();
            }
        }
    }

    @Test
    void what_cannot_be_done_across_is_refused() {
        assertError(
                ErrorCode.FUNCTION_NOT_FOUND_1,
                "SELECT stock.public.f(1), c.id FROM customer c, stock.public.item",
                "STOCK.PUBLIC");
    }

    @Test
    void a_session_sees_its_own_writes_in_every_database() throws Exception {
        twin.member("STOCK").setAutoCommit(false);
        twin.member("SALES").setAutoCommit(false);
        Twin.execute(twin.member("SALES"), "INSERT INTO customer VALUES (5001, 'new', 'x')");
        Twin.execute(twin.member("STOCK"), "INSERT INTO item VALUES (50001, 5001, 'new', 1)");
        String query = JOIN + " WHERE c.id = 5001";
        assertEquals(2, twin.runFederated(query).size());
        assertFalse(twin.member("STOCK").getAutoCommit(), "still its transaction");
        twin.member("STOCK").rollback();
        assertEquals(1, twin.runFederated(query).size());
        twin.member("SALES").rollback();
        assertEquals(1, twin.runFederated(query).size());
    }

    @Test
    void a_plan_is_kept_until_tables_change() {
        FederatedQuery plan = twin.prepare(JOIN);
        assertEquals(plan, twin.prepare(JOIN));
        assertNotEquals(plan, twin.prepare(JOIN + " WHERE c.id = 1"));
        Twin.execute(twin.member("STOCK"), "ALTER TABLE item ADD COLUMN weight INT");
        FederatedQuery changed = twin.prepare(JOIN);
        assertNotEquals(plan, changed);
        Twin.execute(twin.member("STOCK"), "DELETE FROM item WHERE id > 600");
        assertNotEquals(changed, twin.prepare(JOIN), "ten times smaller");
    }

    @Test
    void all_databases_have_one_current_time() {
        String query = "SELECT COUNT(DISTINCT ts), COUNT(*) FROM (SELECT CURRENT_TIMESTAMP ts FROM {customer}"
                + " UNION ALL SELECT CURRENT_TIMESTAMP FROM {item})";
        twin.assertSame(query, false);
        assertEquals("planned", twin.plan(query));
    }

    @Test
    void own_names_of_one_two_and_three_parts_and_temporary_tables() {
        Twin.execute(twin.member("SALES"), "CREATE LOCAL TEMPORARY TABLE mine(id INT)");
        Twin.execute(twin.member("SALES"), "INSERT INTO mine VALUES (3), (4)");
        Twin.execute(twin.member("SALES"), "CREATE SCHEMA other");
        Twin.execute(twin.member("SALES"), "CREATE TABLE other.\"odd . name\"(\"select\" INT)");
        Twin.execute(twin.member("SALES"), "INSERT INTO other.\"odd . name\" VALUES (3)");
        String sql =
                "SELECT i.id FROM mine JOIN sales.public.customer c ON c.id = mine.id JOIN public.customer d ON d.id = c.id"
                        + " JOIN other.\"odd . name\" n ON n.\"select\" = c.id JOIN stock.public.item i ON i.customer = c.id WHERE i.id < 1005";
        var query = twin.federation().prepare(sql, twin.databases());
        try (var result = query.execute(twin.databases(), NONE, 0, twin.limits)) {
            assertTrue(result.next());
            assertEquals(3, result.currentRow()[0].getInt());
            assertTrue(result.next());
            assertEquals(1003, result.currentRow()[0].getInt());
            assertFalse(result.next());
        }
        assertTrue(query.way() instanceof FederatedQuery.Planned, query.explain());
    }

    @Test
    void rows_of_the_result_are_bounded_as_the_statement_says() {
        var query = twin.prepare(JOIN);
        try (var result = query.execute(twin.databases(), NONE, 7, twin.limits)) {
            assertEquals(7, result.getRowCount());
        }
    }

    @Test
    void threads_share_plans() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<String>> done = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                int number = t;
                done.add(threads.submit(() -> {
                    try (Twin own = new Twin("SALES", "STOCK")) {
                        own.make(
                                "SALES",
                                "customer",
                                "CREATE TABLE customer(id INT, name VARCHAR(9))",
                                "INSERT INTO customer VALUES (" + number + ", 'n')");
                        own.make(
                                "STOCK",
                                "item",
                                "CREATE TABLE item(customer INT, item VARCHAR(9))",
                                "INSERT INTO item VALUES (" + number + ", 'i'), (9, 'j')");
                        FederatedQuery query = twin.prepare(JOIN);
                        try (var result = query.execute(own.databases(), NONE, 0, own.limits)) {
                            return result.next() ? result.currentRow()[1].getString() : "nothing";
                        }
                    }
                }));
            }
            for (Future<String> one : done) {
                assertEquals("i", one.get());
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
