package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code SELECT … FOR UPDATE} of another database's rows. */
@Tag("long")
class LocksElsewhereTest {
    private static final String LOCK = "SELECT n FROM stock.public.items WHERE id = 7 FOR UPDATE";

    private static final String[] TABLES = {
        "CREATE TABLE items(id INT PRIMARY KEY, n INT)",
        "INSERT INTO items VALUES (7, 10), (8, 20), (9, 20)",
        "CREATE TABLE kinds(n INT PRIMARY KEY, name VARCHAR(9))",
        "INSERT INTO kinds VALUES (10, 'few'), (20, 'many')"
    };

    @TempDir
    private Path directory;

    private Connection connect(String database) throws SQLException {
        return connectTo("jdbc:synod:file:" + directory.resolve(database));
    }

    private static Connection connectTo(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    private static List<String> answer(Connection c, String sql) {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            List<String> answer = new ArrayList<>();
            while (rows.next()) {
                answer.add(rows.getString(1));
            }
            return answer;
        } catch (SQLException e) {
            return List.of("error " + e.getSQLState() + " " + e.getErrorCode());
        }
    }

    /** Beside a transaction that has locked one of the rows. */
    @Test
    void every_form_locks_and_waits_as_in_one_database() throws SQLException {
        try (Connection one = connectTo("jdbc:h2:mem:locks");
                Connection oneHolder = connectTo("jdbc:h2:mem:locks");
                Connection sales = connect("sales");
                Connection stock = connect("stock")) {
            Sql.run(oneHolder, TABLES);
            Sql.run(stock, TABLES);
            oneHolder.setAutoCommit(false);
            stock.setAutoCommit(false);
            for (Connection c : List.of(one, sales)) {
                c.setAutoCommit(false);
                Sql.run(c, "SET LOCK_TIMEOUT 20");
            }
            for (String sql : List.of(
                    "SELECT n FROM :items WHERE id = 8 FOR UPDATE",
                    "SELECT n FROM :items WHERE id = 7 FOR UPDATE",
                    "SELECT n FROM :items WHERE id = 7 FOR UPDATE NOWAIT",
                    "SELECT n FROM :items WHERE id = 7 FOR UPDATE WAIT 0.02",
                    "SELECT id FROM :items ORDER BY id FOR UPDATE SKIP LOCKED",
                    "SELECT id FROM :items ORDER BY id FETCH FIRST ROW ONLY FOR UPDATE SKIP LOCKED",
                    "SELECT id FROM :items ORDER BY id FOR UPDATE",
                    "SELECT id FROM :items i WHERE id = 9 FOR UPDATE OF i",
                    "SELECT id FROM :items WHERE id = 9 FOR UPDATE OF :items NOWAIT",
                    "SELECT name FROM :items i JOIN :kinds k ON k.n = i.n WHERE i.id > 7 ORDER BY i.id FOR UPDATE",
                    "SELECT name FROM :items i JOIN :kinds k ON k.n = i.n WHERE i.id = 7 FOR UPDATE NOWAIT",
                    "SELECT id FROM :items WHERE n IN (SELECT n FROM :kinds WHERE name = 'many') FOR UPDATE",
                    "SELECT id FROM :items WHERE id = 8 UNION ALL SELECT id FROM :items WHERE id = 9 FOR UPDATE",
                    "SELECT id FROM :items WHERE id = 8 UNION SELECT id FROM :items WHERE id = 7 FOR UPDATE",
                    "WITH i AS (SELECT id FROM :items) SELECT id FROM i ORDER BY id FOR UPDATE",
                    "SELECT id FROM (SELECT id FROM :items WHERE id = 7) FOR UPDATE",
                    "TABLE :items FOR UPDATE SKIP LOCKED",
                    "SELECT COUNT(*) FROM :items FOR UPDATE",
                    "SELECT n FROM :items GROUP BY n FOR UPDATE",
                    "SELECT DISTINCT n FROM :items FOR UPDATE",
                    "SELECT n FROM :items FOR UPDATE WAIT x")) {
                Sql.run(oneHolder, "UPDATE items SET n = n WHERE id = 7");
                Sql.run(stock, "UPDATE items SET n = n WHERE id = 7");
                assertEquals(answer(one, sql.replace(":", "")), answer(sales, sql.replace(":", "stock.public.")), sql);
                oneHolder.commit();
                stock.commit();
                // What is locked now, and by whom, is the same, too.
                String others = "SELECT id FROM items ORDER BY id FOR UPDATE SKIP LOCKED";
                assertEquals(answer(oneHolder, others), answer(stock, others), sql);
                for (Connection c : List.of(one, oneHolder, sales, stock)) {
                    c.rollback();
                }
                String all = "[7, 8, 9]";
                assertEquals(all, answer(stock, others).toString(), "the locks end with the transaction");
                stock.rollback();
            }
        }
    }

    @Test
    void another_session_s_change_waits_through_the_leader_until_the_transaction_ends() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            cluster.leaderOf("sales");
            String leader = cluster.leaderOf("stock");
            try (Connection stock = connectTo(cluster.url(leader, "stock"))) {
                Sql.run(stock, TABLES);
            }
            List<String> nodes = List.of("a", "b", "c");
            for (String node : nodes) {
                String another = nodes.get((nodes.indexOf(node) + 1) % 3);
                for (boolean commit : new boolean[] {true, false}) {
                    Await.until("locked from " + node, () -> {
                        cluster.lead(leader, "stock");
                        return cluster.undisturbed(
                                () -> assertWaits(cluster, leader, node, another, commit), "sales", "stock");
                    });
                }
            }
        }
    }

    private static void assertWaits(ClusterFixture cluster, String leader, String node, String another, boolean commit)
            throws Exception {
        try (Connection sales = connectTo(cluster.url(node, "sales"));
                Contender changer = new Contender(cluster.url(another, "stock"));
                Connection impatient = connectTo(cluster.url(another, "stock"))) {
            sales.setAutoCommit(false);
            long n = Sql.number(sales, LOCK);
            SQLException held = assertThrows(
                    SQLException.class,
                    () -> Sql.number(impatient, "SELECT n FROM items WHERE id = 7 FOR UPDATE NOWAIT"));
            assertEquals("HYT00", held.getSQLState(), held.getMessage());
            Future<SQLException> change = changer.begin("UPDATE items SET n = n + 1 WHERE id = 7");
            try (Connection watch = connectTo(cluster.url(leader, "stock"))) {
                Await.until("the change waits, or has ended", () -> waits(watch) || change.isDone());
            }
            assertEquals(n, Sql.number(sales, LOCK), "it is this transaction's");
            assertFalse(change.isDone());
            if (commit) {
                sales.commit();
            } else {
                sales.rollback();
            }
            assertNull(Contender.endOf(change));
            changer.connection().commit();
            assertEquals(n + 1, Sql.number(sales, LOCK));
            sales.commit();
        }
    }

    private static boolean waits(Connection c) {
        try {
            return Sql.number(c, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SESSIONS WHERE BLOCKER_ID IS NOT NULL") > 0;
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private static List<Long> logs(Connection... databases) throws SQLException {
        List<Long> indexes = new ArrayList<>();
        for (Connection c : databases) {
            try (Statement s = c.createStatement();
                    ResultSet rows = s.executeQuery("CALL SYNOD.STATUS()")) {
                assertTrue(rows.next());
                indexes.add(rows.getLong("COMMIT_INDEX"));
            }
        }
        return indexes;
    }

    private static void lockOne(Connection c, String database) throws SQLException {
        assertEquals(
                1,
                answer(c, "SELECT id FROM " + database + ".items WHERE id = 7 FOR UPDATE")
                        .size());
    }

    @Test
    void locks_alone_cost_no_entry_of_any_log() throws SQLException {
        try (Connection sales = connect("sales");
                Connection stock = connect("stock");
                Connection bank = connect("bank")) {
            for (Connection c : List.of(sales, stock, bank)) {
                Sql.run(c, TABLES);
            }
            List<Long> before = logs(sales, stock, bank);
            lockOne(sales, "stock.public");
            sales.setAutoCommit(false);
            for (List<String> locked : List.of(
                    List.of("stock.public"),
                    List.of("stock.public", "bank.public"),
                    List.of("public", "stock.public"),
                    List.of("public", "stock.public", "bank.public"))) {
                for (String database : locked) {
                    lockOne(sales, database);
                }
                sales.commit();
                assertEquals(before, logs(sales, stock, bank), locked.toString());
                for (Connection c : List.of(stock, bank)) {
                    assertEquals(10, Sql.number(c, "SELECT n FROM items WHERE id = 7 FOR UPDATE NOWAIT"));
                }
            }
        }
    }

    /** Rows that a transaction has locked are its own until what it writes is committed, in whichever database. */
    @Test
    void locks_take_part_where_something_is_written() throws SQLException {
        try (Connection sales = connect("sales");
                Connection stock = connect("stock")) {
            Sql.run(sales, TABLES);
            Sql.run(stock, TABLES);
            sales.setAutoCommit(false);
            List<Long> before = logs(sales, stock);
            assertEquals(10, Sql.number(sales, LOCK));
            Sql.run(sales, "UPDATE items SET n = 11 WHERE id = 7");
            sales.commit();
            assertNotEquals(before.get(1), logs(sales, stock).get(1));
            assertEquals(11, Sql.number(stock, "SELECT n FROM sales.public.items WHERE id = 7"));
            assertEquals(10, Sql.number(stock, "SELECT n FROM items WHERE id = 7 FOR UPDATE NOWAIT"));
        }
    }

    @Test
    void what_a_query_writes_while_it_locks_commits_with_the_rest() throws SQLException {
        try (Connection sales = connect("sales");
                Connection stock = connect("stock")) {
            Sql.run(sales, TABLES);
            Sql.run(stock, TABLES);
            Sql.run(
                    stock,
                    "CREATE ALIAS rename AS 'int rename(java.sql.Connection c, int n) throws java.sql.SQLException {"
                            + " return c.createStatement().executeUpdate(\"UPDATE kinds SET name = ''new'' WHERE n = \" + n); }'",
                    "CREATE VIEW renaming AS SELECT id, rename(n) AS renamed FROM items");
            sales.setAutoCommit(false);
            Sql.run(sales, "SELECT * FROM items WHERE id = 7 FOR UPDATE");
            List<Long> before = logs(sales, stock);
            Sql.run(sales, "SELECT renamed FROM stock.public.renaming WHERE id = 7 FOR UPDATE");
            assertEquals(0, Sql.number(stock, "SELECT COUNT(*) FROM kinds WHERE name = 'new'"));
            sales.commit();
            assertEquals(1, Sql.number(stock, "SELECT COUNT(*) FROM kinds WHERE name = 'new'"));
            assertNotEquals(before.get(0), logs(sales, stock).get(0), "the locks of the one are part of it");
        }
    }

    @Test
    void a_commit_fails_when_another_transaction_has_had_a_row_that_was_locked() throws Exception {
        for (String home :
                List.of("UPDATE items SET n = 0 WHERE id = 7", "SELECT * FROM items WHERE id = 7 FOR UPDATE")) {
            try (ClusterFixture cluster = new ClusterFixture(directory.resolve("at" + home.length()))) {
                String node = cluster.leaderOf("sales");
                String first = cluster.leaderOf("stock");
                String next = first.equals("a") ? "b" : "a";
                try (Connection sales = connectTo(cluster.url(node, "sales"));
                        Connection stock = connectTo(cluster.url(next, "stock"))) {
                    Sql.run(sales, TABLES);
                    Sql.run(stock, TABLES);
                    sales.setAutoCommit(false);
                    Await.until("the row is locked on the leader that is to be lost", () -> {
                        long epoch = cluster.lead(first, "stock");
                        sales.rollback();
                        return cluster.undisturbed(
                                        () -> {
                                            Sql.run(sales, home);
                                            assertEquals(10, Sql.number(sales, LOCK));
                                        },
                                        "sales",
                                        "stock")
                                && cluster.hosted(first, "stock").log().servingEpoch() == epoch;
                    });
                    cluster.lead(next, "stock");
                    Sql.run(stock, "UPDATE items SET n = 11 WHERE id = 7");
                    SQLException lost = assertThrows(SQLException.class, sales::commit, home);
                    assertEquals("40001", lost.getSQLState(), lost.getMessage());
                    sales.rollback();
                    assertEquals(10, Sql.number(sales, "SELECT n FROM items WHERE id = 7"));
                    assertEquals(11, Sql.number(sales, LOCK));
                    sales.rollback();
                }
            }
        }
    }
}
