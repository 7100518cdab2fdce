package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.node.EmbeddedEngine;
import io.synod.engine.node.Node;
import io.synod.engine.writeset.LockWaits;
import io.synod.jdbc.SynodUrl;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Transactions that wait for each other over several databases of one node. */
class DeadlockTest {
    private static final List<String> DATABASES = List.of("sales", "stock", "bank");
    private static final int CLIENTS = 4;
    private static final int TRANSACTIONS = 8;

    @TempDir
    private Path directory;

    private Node node;
    /** Looks at it, and is in no transaction. */
    private Connection sales;

    private Contender first;
    private Contender second;
    private Contender third;

    @BeforeEach
    void open() throws SQLException {
        node = EmbeddedEngine.start(SynodUrl.parse(url("sales"), null));
        sales = DriverManager.getConnection(url("sales"), "sa", "secret");
        for (String database : DATABASES) {
            try (Connection c = DriverManager.getConnection(url(database), "sa", "secret")) {
                Sql.run(c, "CREATE TABLE t(id INT PRIMARY KEY, n INT)", "INSERT INTO t VALUES (1, 0), (2, 0)");
            }
        }
        first = new Contender(url("sales"));
        second = new Contender(url("stock"));
        third = new Contender(url("bank"));
    }

    private String url(String database) {
        return "jdbc:synod:file:" + directory.resolve(database);
    }

    @AfterEach
    void close() throws SQLException {
        first.close();
        second.close();
        third.close();
        sales.close();
        node.close();
    }

    private long n(String database) throws SQLException {
        return Sql.number(sales, "SELECT SUM(n) FROM " + database + ".public.t");
    }

    private static String row(String database, int id) {
        return Contender.change(database) + " WHERE id = " + id;
    }

    private void awaitBlocked(String database, int sessions) throws Exception {
        try (Connection c = DriverManager.getConnection(url(database), "sa", "secret")) {
            Await.until(
                    sessions + " wait in " + database,
                    () -> Sql.number(c, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SESSIONS WHERE BLOCKER_ID IS NOT NULL")
                            == sessions);
        }
    }

    @Test
    void the_youngest_of_two_is_rolled_back_everywhere_and_goes_on() throws Exception {
        first.run(row("sales", 1));
        first.run(row("bank", 1));
        second.run(row("stock", 1));
        second.run(row("bank", 2));
        Future<SQLException> survivor = first.begin(row("stock", 1));
        awaitBlocked("stock", 1);
        SQLException victim = Contender.endOf(second.begin(row("sales", 1)));
        assertNotNull(victim);
        assertEquals("40001", victim.getSQLState());
        assertTrue(victim.getMessage().contains("sales, stock"), victim.getMessage());
        assertNull(Contender.endOf(survivor));
        first.connection().commit();
        assertEquals(1, n("sales"));
        assertEquals(1, n("stock"));
        assertEquals(1, n("bank"));

        second.connection().rollback();
        second.run(row("sales", 1));
        second.run(row("stock", 1));
        second.connection().commit();
        assertEquals(2, n("sales"));
        assertEquals(2, n("stock"));
        assertEquals(1, n("bank"));
    }

    @Test
    void its_session_goes_on_without_a_rollback_as_behind_a_deadlock_of_h2() throws Exception {
        first.run(row("sales", 1));
        first.run(row("bank", 1));
        second.run(row("stock", 1));
        Future<SQLException> survivor = first.begin(row("stock", 1));
        awaitBlocked("stock", 1);
        assertEquals("40001", Contender.endOf(second.begin(row("sales", 1))).getSQLState());
        assertNull(Contender.endOf(survivor));
        first.connection().rollback();
        second.run(row("sales", 1));
        second.connection().commit();
        assertEquals(1, n("sales"));
        assertEquals(0, n("stock"));
    }

    @Test
    void one_of_three_in_a_ring_is_ended() throws Exception {
        first.run(row("sales", 1));
        second.run(row("stock", 1));
        third.run(row("bank", 1));
        Future<SQLException> a = first.begin(row("stock", 1));
        awaitBlocked("stock", 1);
        Future<SQLException> b = second.begin(row("bank", 1));
        awaitBlocked("bank", 1);
        Future<SQLException> c = third.begin(row("sales", 1));
        assertEquals("40001", Contender.endOf(c).getSQLState());
        assertNull(Contender.endOf(b));
        assertFalse(a.isDone(), "it waits for one that is no victim");
        second.connection().commit();
        assertNull(Contender.endOf(a));
        first.connection().commit();
        assertEquals(1, n("sales"));
        assertEquals(2, n("stock"));
        assertEquals(1, n("bank"));
    }

    @Test
    void a_ring_through_a_transaction_of_one_database_is_found() throws Exception {
        first.run(row("sales", 1));
        second.run(row("stock", 1));
        // Knows one database only.
        try (Contender plain = new Contender(url("stock"))) {
            plain.run("UPDATE t SET n = n + 1 WHERE id = 2");
            Future<SQLException> waiting = plain.begin("UPDATE t SET n = n + 1 WHERE id = 1");
            awaitBlocked("stock", 1);
            Future<SQLException> survivor = first.begin(row("stock", 2));
            awaitBlocked("stock", 2);
            assertEquals("40001", Contender.endOf(second.begin(row("sales", 1))).getSQLState());
            assertNull(Contender.endOf(waiting));
            plain.connection().commit();
            assertNull(Contender.endOf(survivor));
            first.connection().commit();
        }
        assertEquals(3, n("stock"));
        assertEquals(1, n("sales"));
    }

    @Test
    void a_wait_that_is_no_deadlock_is_left_alone() throws Exception {
        // The ring of the other two is found while these wait.
        try (Contender holder = new Contender(url("sales"));
                Contender waiter = new Contender(url("stock"))) {
            holder.run(row("sales", 2));
            holder.run(row("stock", 2));
            waiter.run(row("bank", 2));
            Future<SQLException> waiting = waiter.begin(row("sales", 2));
            awaitBlocked("sales", 1);
            the_youngest_of_two_without_bank();
            assertFalse(waiting.isDone());
            holder.connection().commit();
            assertNull(Contender.endOf(waiting));
            waiter.connection().commit();
        }
        assertEquals(3, n("sales"));
    }

    private void the_youngest_of_two_without_bank() throws Exception {
        first.run(row("sales", 1));
        second.run(row("stock", 1));
        Future<SQLException> survivor = first.begin(row("stock", 1));
        awaitBlocked("stock", 1);
        assertEquals("40001", Contender.endOf(second.begin(row("sales", 1))).getSQLState());
        assertNull(Contender.endOf(survivor));
        first.connection().commit();
    }

    @Test
    void a_ring_inside_of_one_database_stays_that_of_h2() throws Exception {
        first.run(row("bank", 1));
        second.run(row("bank", 2));
        first.run(row("sales", 1));
        second.run(row("sales", 2));
        Future<SQLException> one = first.begin(row("sales", 2));
        awaitBlocked("sales", 1);
        Future<SQLException> other = second.begin(row("sales", 1));
        Await.until("one of them has ended", () -> one.isDone() && other.isDone());
        SQLException error = one.get() == null ? other.get() : one.get();
        assertEquals("40001", error.getSQLState());
        assertFalse(error.getMessage().contains("over the databases"), error.getMessage());
        assertTrue(one.get() == null || other.get() == null);
        first.connection().rollback();
        second.connection().rollback();
        assertEquals(0, n("bank") + n("sales"));
    }

    @Test
    void the_youngest_is_ended_also_where_it_was_waiting_already() throws Exception {
        second.run(row("stock", 1));
        second.run(row("bank", 2));
        first.run(row("sales", 1));
        // Its first statement in another database: so it is the younger of the two.
        Future<SQLException> victim = first.begin(row("stock", 1));
        awaitBlocked("stock", 1);
        assertNull(Contender.endOf(second.begin(row("sales", 1))));
        assertEquals("40001", Contender.endOf(victim).getSQLState());
        second.connection().commit();
        assertEquals(1, n("sales"));
        assertEquals(1, n("stock"));
        assertEquals(1, n("bank"));
    }

    /** Nobody is taken out of a wait for a table, so the other one is the victim, younger or not. */
    @Test
    void a_wait_for_a_table_may_be_part_of_a_ring() throws Exception {
        first.run(row("sales", 1));
        first.run(row("bank", 1));
        second.run(row("stock", 1));
        second.run(row("bank", 2));
        try (Contender ddl = new Contender(url("sales"))) {
            Future<SQLException> indexed = ddl.begin("CREATE INDEX by_n ON t(n)");
            awaitWaitsForTables(1);
            Future<SQLException> behind = second.begin(row("sales", 2));
            awaitWaitsForTables(2);
            assertEquals("40001", Contender.endOf(first.begin(row("stock", 1))).getSQLState());
            assertNull(Contender.endOf(indexed));
            assertNull(Contender.endOf(behind));
            second.connection().commit();
        }
        assertEquals(1, n("sales"));
        assertEquals(1, n("stock"));
        assertEquals(1, n("bank"));
    }

    private void awaitWaitsForTables(int count) throws Exception {
        Await.until(count + " wait for a table in sales", () -> {
            List<LockWaits.Wait> waits =
                    LockWaits.all(node.host("sales", Map.of()).h2());
            return waits.stream()
                            .filter(wait -> !wait.isRow())
                            .map(LockWaits.Wait::waiter)
                            .distinct()
                            .count()
                    == count;
        });
    }

    /** Four clients take rows of three databases in whatever order; nobody waits for LOCK_TIMEOUT, and nothing is left half. */
    @Test
    void whatever_rings_come_up_all_get_on() throws Exception {
        long seed = new Random().nextLong();
        List<Contender> clients = new ArrayList<>();
        try {
            List<Future<SQLException>> ends = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                Contender client = new Contender(url(DATABASES.get(i % DATABASES.size())));
                clients.add(client);
                Random random = new Random(seed + i);
                ends.add(client.beginWork(() -> change(client, random)));
            }
            for (Future<SQLException> end : ends) {
                assertNull(Contender.endOf(end), "seed " + seed);
            }
        } finally {
            for (Contender client : clients) {
                client.close();
            }
        }
        for (String database : DATABASES) {
            assertEquals(CLIENTS * TRANSACTIONS, n(database), "seed " + seed);
        }
    }

    private static void change(Contender client, Random random) throws SQLException {
        for (int done = 0; done < TRANSACTIONS; ) {
            List<String> order = new ArrayList<>(DATABASES);
            Collections.shuffle(order, random);
            try {
                for (String database : order) {
                    client.run(row(database, 1 + random.nextInt(2)));
                }
                client.connection().commit();
                done++;
            } catch (SQLException e) {
                if (!"40001".equals(e.getSQLState())) {
                    throw e;
                }
                client.connection().rollback();
            }
        }
    }
}
