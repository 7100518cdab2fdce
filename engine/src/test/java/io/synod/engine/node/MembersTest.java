package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.failover.MemberCalls;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.operations.FreePorts;
import io.synod.group.Member;
import io.synod.jdbc.SynodUrl;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Members of a running cluster come and go by SQL; the nodes are in this JVM. */
@Tag("long")
class MembersTest {
    @TempDir
    private Path directory;

    private final Map<String, Integer> ports = new TreeMap<>();
    private final Map<String, Node> nodes = new TreeMap<>();

    @AfterEach
    void close() {
        nodes.values().forEach(Node::close);
    }

    private String address(String name) {
        return "127.0.0.1:" + ports.get(name);
    }

    private String url(String name, String database, String more, List<String> peers) {
        return url(name, database, more, peers, directory.resolve(name));
    }

    private String url(String name, String database, String more, List<String> peers, Path home) {
        List<String> others = new ArrayList<>(peers);
        others.remove(name);
        return "jdbc:synod:file:" + home.resolve(database) + ";NODE=" + name + ";LISTEN="
                + address(name)
                + (others.isEmpty()
                        ? ""
                        : ";PEERS="
                                + String.join(
                                        ",",
                                        others.stream()
                                                .map(n -> n + "@" + address(n))
                                                .toList()))
                + ";ELECTION_TIMEOUT=1000" + (more.contains("FAILOVER_TIMEOUT") ? "" : ";FAILOVER_TIMEOUT=60000")
                + more;
    }

    private void name(String... names) throws Exception {
        List<Integer> free = FreePorts.take(names.length);
        for (int i = 0; i < names.length; i++) {
            ports.put(names[i], free.get(i));
        }
    }

    private void start(String name, String database, String more, List<String> peers) throws SQLException {
        nodes.put(name, EmbeddedEngine.start(SynodUrl.parse(url(name, database, more, peers), null)));
    }

    private void start(String name, String database, String more, List<String> peers, Path home) throws SQLException {
        nodes.put(name, EmbeddedEngine.start(SynodUrl.parse(url(name, database, more, peers, home), null)));
    }

    private void begin(List<String> names, String... databases) throws Exception {
        for (String database : databases) {
            for (String name : names) {
                start(name, database, "", names);
            }
        }
    }

    private void join(String name, List<String> peers, String... databases) throws Exception {
        for (String database : databases) {
            start(name, database, ";JOIN=TRUE", peers);
        }
    }

    private void stop(String name) {
        nodes.remove(name).close();
    }

    private Connection connect(String name, String database, String more) throws SQLException {
        String patience = more.contains("FAILOVER_TIMEOUT") ? "" : TestCluster.BUSY;
        return DriverManager.getConnection(
                "jdbc:synod://" + address(name) + "/" + database + ";TARGET=ANY" + patience + more, "sa", "");
    }

    private List<String> call(String node, String database, String call) throws SQLException {
        return MemberCalls.call(name -> connect(name, database, ""), node, call);
    }

    private void untilDone(String call, List<String> rows, String... asked) throws Exception {
        MemberCalls.untilDone(name -> connect(name, "shop", ""), call, rows, asked);
    }

    private void add(String asked, String name) throws Exception {
        untilDone("MEMBER_ADD('" + name + "@" + address(name) + "')", List.of("shop|" + name + "|LEARNER"), asked);
    }

    private void promote(String asked, String name) throws Exception {
        untilDone("MEMBER_PROMOTE('" + name + "')", List.of("shop|" + name + "|VOTER"), asked);
    }

    private String refusal(String node, String call, String state) {
        SQLException e = assertThrows(SQLException.class, () -> call(node, "shop", call));
        assertEquals(state, e.getSQLState(), e.getMessage());
        return e.getMessage();
    }

    private int slot(String node, String database, String of) throws SQLException {
        return nodes.get(node)
                .host(database, Map.of())
                .log()
                .members()
                .byName(of)
                .slot();
    }

    private void awaitRow(String node, String database, String expected) throws Exception {
        Await.until(expected + " on " + node, () -> {
            try (Connection c = connect(node, database, ";READ=LOCAL")) {
                return TestCluster.rows(c, "SELECT x FROM t ORDER BY x DESC").contains(expected);
            } catch (SQLException e) {
                return false;
            }
        });
    }

    @Test
    void fourth_node_is_added_by_sql_serves_and_votes_then_the_leader_is_removed() throws Exception {
        name("a", "b", "c", "d");
        List<String> first = List.of("a", "b", "c");
        begin(first, "shop", "stock");
        for (String database : List.of("shop", "stock")) {
            try (Connection c = connect("a", database, "")) {
                Sql.untilDone(c, "CREATE TABLE t(x INT)", "INSERT INTO t VALUES (1)");
            }
        }
        untilDone("MEMBER_ADD('d@" + address("d") + "')", List.of("shop|d|LEARNER", "stock|d|LEARNER"), "b");
        join("d", first, "shop", "stock");
        for (String database : List.of("shop", "stock")) {
            awaitRow("d", database, "1");
            assertEquals(4, slot("d", database, "d"));
            assertEquals(4, slot("a", database, "d"));
        }
        try (Connection c = connect("d", "shop", "")) {
            Sql.untilDone(c, "INSERT INTO t VALUES (2)");
            assertEquals(
                    List.of("a|VOTER", "b|VOTER", "c|VOTER", "d|LEARNER"),
                    TestCluster.rows(c, "SELECT NODE, MEMBERSHIP FROM SYNOD.MEMBERS ORDER BY NODE"));
        }
        untilDone("MEMBER_PROMOTE('d')", List.of("shop|d|VOTER", "stock|d|VOTER"), "c");
        Await.until(
                "d hears that it votes",
                () -> nodes.get("d").host("stock", Map.of()).log().members().voters().length == 4);
        // What only the slots connect: a transaction over both databases, from the node that came.
        try (Connection c = connect("d", "shop", "")) {
            c.setAutoCommit(false);
            Await.until("a commit in both", () -> {
                try {
                    Sql.run(c, "INSERT INTO shop.public.t VALUES (3)", "INSERT INTO stock.public.t VALUES (3)");
                    c.commit();
                    return true;
                } catch (SQLException e) {
                    assertEquals("40001", e.getSQLState(), e.toString());
                    c.rollback();
                    return false;
                }
            });
        }
        String leader = nodes.get("d").host("shop", Map.of()).log().awaitLeader(Await.LIMIT.toNanos());
        String asked = leader.equals("b") ? "c" : "b";
        for (int i = 0; i < 2; i++) {
            // Whoever has lost the answer asks again.
            untilDone(
                    "MEMBER_REMOVE('" + leader + "')",
                    List.of("shop|" + leader + "|REMOVED", "stock|" + leader + "|REMOVED"),
                    asked);
        }
        try (Connection c = connect("d", "shop", "")) {
            Sql.untilDone(c, "INSERT INTO t VALUES (4)");
            assertEquals(3, Sql.number(c, "SELECT COUNT(*) FROM SYNOD.MEMBERS"));
            assertEquals(4, Sql.number(c, "SELECT COUNT(*) FROM t"));
        }
        if (!leader.equals("d")) {
            Await.until("the removed one says so", () -> {
                try (Connection c = connect(leader, "shop", ";FAILOVER_TIMEOUT=0")) {
                    TestCluster.rows(c, "SELECT * FROM t");
                    return false;
                } catch (SQLException e) {
                    return e.getSQLState().equals("08001") && e.getMessage().contains("was removed from database shop");
                }
            });
            stop(leader);
            SQLException e = assertThrows(SQLException.class, () -> start(leader, "shop", "", first));
            assertEquals("08001", e.getSQLState());
            assertTrue(e.getMessage().contains("was removed from database shop"), e.getMessage());
            assertTrue(e.getMessage().contains("empty directory"), e.getMessage());
            // The node itself runs, for other databases that it may be a member of.
            EmbeddedEngine.stop(SynodUrl.parse(url(leader, "shop", "", first), null));
        }
    }

    @Test
    void each_change_that_cannot_be_made_says_why() throws Exception {
        name("a", "b", "d", "e");
        List<String> first = List.of("a", "b");
        begin(first, "shop");
        assertTrue(refusal("a", "MEMBER_ADD('d')", "22023").contains("NAME@HOST:PORT"));
        assertTrue(refusal("a", "MEMBER_ADD('b@127.0.0.1:1')", "42710").contains(address("b")));
        assertTrue(refusal("a", "MEMBER_ADD('d@" + address("b") + "')", "42710").contains("that of b"));
        assertTrue(refusal("a", "MEMBER_ADD('b@" + address("b") + "')", "42710").contains("already"));
        assertTrue(refusal("a", "MEMBER_PROMOTE('x')", "22023").contains("one of a, b"));
        assertTrue(refusal("a", "MEMBER_REMOVE('x')", "22023").contains("one of a, b"));
        assertTrue(refusal("a", "MEMBER_PROMOTE('b')", "55000").contains("votes already"));
        add("b", "d");
        assertTrue(refusal("a", "MEMBER_PROMOTE('d')", "55000").contains("caught up"));
        assertTrue(refusal("a", "TRANSFER('d')", "55000").contains("d, which is a learner"));
        // One that nobody added gives up, and says what to do.
        SQLException e = assertThrows(
                SQLException.class, () -> start("e", "shop", ";JOIN=TRUE;FAILOVER_TIMEOUT=500", List.of("a", "b")));
        assertEquals("55000", e.getSQLState());
        assertTrue(e.getMessage().contains("MEMBER_ADD('e@" + address("e") + "')"), e.getMessage());
        try (Connection c = connect("a", "shop", "")) {
            Sql.untilDone(c, "CREATE USER clerk PASSWORD ''");
        }
        Await.until("the user on a", () -> {
            try (Connection clerk = DriverManager.getConnection(
                    "jdbc:synod://" + address("a") + "/shop;TARGET=ANY" + TestCluster.BUSY, "clerk", "")) {
                SQLException no = assertThrows(
                        SQLException.class, () -> TestCluster.rows(clerk, "CALL SYNOD.MEMBER_REMOVE('d')"));
                assertEquals("90040", no.getSQLState(), no.toString());
                return true;
            } catch (SQLException notYet) {
                assertEquals("28000", notYet.getSQLState(), notYet.toString());
                return false;
            }
        });
    }

    @Test
    void leader_removes_itself_and_a_node_that_was_down_meanwhile_hears_that_it_was_removed() throws Exception {
        name("a", "b", "c");
        List<String> first = List.of("a", "b", "c");
        begin(first, "shop");
        try (Connection c = connect("a", "shop", "")) {
            Sql.untilDone(c, "CREATE TABLE t(x INT)", "INSERT INTO t VALUES (1)");
        }
        String leader = nodes.get("a").host("shop", Map.of()).log().awaitLeader(Await.LIMIT.toNanos());
        String down = leader.equals("c") ? "b" : "c";
        String left = first.stream()
                .filter(n -> !n.equals(leader) && !n.equals(down))
                .findFirst()
                .orElseThrow();
        stop(down);
        untilDone("MEMBER_REMOVE('" + down + "')", List.of("shop|" + down + "|REMOVED"), leader);
        // It may not be asked a second time: it is none of them by then.
        untilDone("MEMBER_REMOVE('" + leader + "')", List.of("shop|" + leader + "|REMOVED"), leader, left);
        try (Connection c = connect(left, "shop", "")) {
            Sql.untilDone(c, "INSERT INTO t VALUES (2)");
            assertEquals(List.of(left), TestCluster.rows(c, "SELECT NODE FROM SYNOD.MEMBERS"));
        }
        start(down, "shop", "", first);
        Await.until("it hears that it was removed", () -> {
            try (Connection c = connect(down, "shop", ";READ=LOCAL;FAILOVER_TIMEOUT=0")) {
                TestCluster.rows(c, "SELECT * FROM t");
                return false;
            } catch (SQLException e) {
                return e.getMessage().contains("was removed from database shop");
            }
        });
        stop(down);
        SQLException e = assertThrows(SQLException.class, () -> start(down, "shop", "", first));
        assertEquals("08001", e.getSQLState());
        EmbeddedEngine.stop(SynodUrl.parse(url(down, "shop", "", first), null));
        // Nor can it come back by itself, with its directory or another one.
        int[] starts = {0};
        Await.until("one that knows of its removal answers at its start", () -> {
            try {
                start(down, "shop", "", first, directory.resolve("empty-by-itself-" + starts[0]++));
                // It takes part in nothing.
                stop(down);
                return false;
            } catch (SQLException gone) {
                assertEquals("90096", gone.getSQLState(), gone.toString());
                assertTrue(gone.getMessage().contains("it was removed from the cluster"), gone.getMessage());
                return true;
            }
        });
        SQLException begun =
                assertThrows(SQLException.class, () -> start(down, "shop", ";JOIN=TRUE", List.of("a", "b", "c")));
        assertEquals("90096", begun.getSQLState());
        assertTrue(begun.getMessage().contains("empty directory"), begun.getMessage());
        // Somebody who wants it adds it again: another slot, whatever its name.
        add(left, down);
        start(down, "shop", ";JOIN=TRUE", List.of(left), directory.resolve("empty"));
        awaitRow(down, "shop", "2");
        assertEquals(4, slot(left, "shop", down));
        promote(left, down);
    }

    @Test
    void one_node_grows_to_three_and_a_slot_is_the_same_after_restarts_with_other_peers() throws Exception {
        name("m", "a", "z");
        begin(List.of("m"), "shop");
        try (Connection c = connect("m", "shop", "")) {
            Sql.untilDone(c, "CREATE TABLE t(x INT)", "INSERT INTO t VALUES (1)");
        }
        assertTrue(refusal("m", "MEMBER_REMOVE('m')", "55000").contains("without a voter"));
        for (String name : List.of("z", "a")) {
            add("m", name);
            join(name, List.of("m"), "shop");
            awaitRow(name, "shop", "1");
            promote("m", name);
        }
        // By sorted names, a would have slot 1 from now on.
        for (String name : List.of("a", "m", "z")) {
            stop(name);
        }
        List<String> all = List.of("a", "m", "z");
        for (String name : all) {
            start(name, "shop", "", all);
        }
        try (Connection c = connect("a", "shop", "")) {
            Sql.untilDone(c, "INSERT INTO t VALUES (2)");
        }
        assertEquals(1, slot("a", "shop", "m"));
        assertEquals(2, slot("a", "shop", "z"));
        assertEquals(3, slot("a", "shop", "a"));
        awaitRow("z", "shop", "2");
        for (String name : List.of("a", "z")) {
            Member member =
                    nodes.get("m").host("shop", Map.of()).log().members().byName(name);
            assertNotEquals(Member.UNSEEN, member.incarnation(), name);
        }
        // With another directory it is another node, whoever is asked: where that is a matter for persons, it has to be
        // added.
        stop("z");
        for (String asked : List.of("a", "m")) {
            SQLException e = assertThrows(
                    SQLException.class,
                    () -> start(
                            "z",
                            "shop",
                            ";JOIN=TRUE;REPLACE=MANUAL",
                            List.of(asked),
                            directory.resolve("empty-" + asked)));
            assertEquals("90096", e.getSQLState());
            assertTrue(e.getMessage().contains("add it again"), e.getMessage());
        }
        Await.until("one that has met its other directory answers at its start", () -> {
            try {
                start("z", "shop", ";JOIN=TRUE", List.of("a", "m"), directory.resolve("empty"));
                return true;
            } catch (SQLException notYet) {
                assertTrue(notYet.getMessage().contains("add it again"), notYet.toString());
                return false;
            }
        });
        Await.until("it votes again", () -> {
            Member z = nodes.get("m")
                    .host("shop", Map.of())
                    .log()
                    .committedMembers()
                    .byName("z");
            return z.slot() > 3 && z.role() == Member.Role.VOTER;
        });
        awaitRow("z", "shop", "2");
    }

    private void write(String node, int... values) throws SQLException {
        try (Connection c = connect(node, "shop", "")) {
            for (int value : values) {
                Sql.untilDone(c, "INSERT INTO t VALUES (" + value + ")");
            }
        }
    }

    private List<String> memberships(String node) throws SQLException {
        try (Connection c = connect(node, "shop", "")) {
            return TestCluster.rows(c, "SELECT NODE, MEMBERSHIP FROM SYNOD.MEMBERS ORDER BY NODE");
        }
    }

    private void awaitWitness(String other) throws Exception {
        long committed = nodes.get(other).host("shop", Map.of()).log().commitIndex();
        Await.until(
                "the witness has " + committed,
                () -> nodes.get("w").hostLog("shop", Map.of()).durableIndex() >= committed);
    }

    /** Bug 42: the voter that leads at last was away for all that the other one and the witness committed. */
    @Test
    void two_nodes_and_a_witness_survive_the_loss_of_any_one_and_the_witness_has_what_the_lost_one_had()
            throws Exception {
        name("a", "b", "w");
        Path file = directory.resolve("a").resolve("shop");
        try (Connection h2 = DriverManager.getConnection("jdbc:h2:file:" + file, "sa", "")) {
            Sql.run(h2, "CREATE TABLE t(x INT)", "INSERT INTO t VALUES (1)");
        }
        List<String> full = List.of("a", "b");
        for (String name : full) {
            // Its log begins behind a snapshot, of which the witness gets no byte.
            start(name, "shop", ";BASE=a", full);
        }
        awaitRow("b", "shop", "1");
        assertTrue(refusal("a", "MEMBER_ADD('w@" + address("w") + "', 'X')", "22023")
                .contains("LEARNER or WITNESS"));
        untilDone("MEMBER_ADD('w@" + address("w") + "', 'WITNESS')", List.of("shop|w|WITNESS"), "a");
        start("w", "shop", ";JOIN=WITNESS", full);
        assertEquals(List.of("a|VOTER", "b|VOTER", "w|WITNESS"), memberships("b"));
        write("a", 2);
        awaitWitness("a");
        assertTrue(java.nio.file.Files.notExists(directory.resolve("w").resolve("shop.mv.db")));
        assertTrue(refusal("a", "MEMBER_DEMOTE('b')", "55000").contains("without a voter that can lead"));
        assertTrue(refusal("a", "MEMBER_PROMOTE('w')", "55000").contains("votes already"));
        Await.until("it answers in time", () -> {
            SQLException none = assertThrows(
                    SQLException.class,
                    () -> connect("w", "shop", ";CONNECT_TIMEOUT=500;FAILOVER_TIMEOUT=500")
                            .close());
            assertEquals("08001", none.getSQLState());
            return none.getMessage().contains("is a witness of database shop");
        });
        // In its own process, and beside others in a URL, its clients come to those.
        try (Connection c = DriverManager.getConnection(url("w", "shop", ";JOIN=WITNESS", full), "sa", "")) {
            Sql.untilDone(c, "INSERT INTO t VALUES (3)");
        }
        try (Connection c = DriverManager.getConnection(
                "jdbc:synod://" + address("w") + "," + address("a") + "/shop" + TestCluster.BUSY, "sa", "")) {
            Sql.untilDone(c, "INSERT INTO t VALUES (4)");
        }
        stop("b");
        write("a", 5, 6);
        stop("a");
        start("b", "shop", ";BASE=a", full);
        write("b", 7);
        awaitRow("b", "shop", "6");
        start("a", "shop", ";BASE=a", full);
        awaitRow("a", "shop", "7");
        // It is one whether it is told so again or not.
        stop("w");
        write("a", 8);
        start("w", "shop", "", List.of("a", "b", "w"));
        awaitWitness("a");
        stop("a");
        write("b", 9);
        try (Connection c = connect("b", "shop", "")) {
            assertEquals(9, Sql.number(c, "SELECT COUNT(DISTINCT x) FROM t"));
        }
        start("a", "shop", ";BASE=a", full);
        awaitRow("a", "shop", "9");
        untilDone("MEMBER_REMOVE('w')", List.of("shop|w|REMOVED"), "b");
        write("a", 10);
    }

    @Test
    void node_moves_to_another_address_and_a_voter_becomes_a_learner_and_votes_again() throws Exception {
        name("a", "b", "c", "new");
        List<String> all = List.of("a", "b", "c");
        begin(all, "shop");
        try (Connection c = connect("a", "shop", "")) {
            Sql.untilDone(c, "CREATE TABLE t(x INT)", "INSERT INTO t VALUES (1)");
        }
        assertTrue(refusal("a", "MEMBER_ADDRESS('c')", "22023").contains("NAME@HOST:PORT"));
        assertTrue(refusal("a", "MEMBER_ADDRESS('c@" + address("b") + "')", "42710")
                .contains("that of b"));
        stop("c");
        for (int i = 0; i < 2; i++) {
            // Whoever has lost the answer asks again.
            untilDone("MEMBER_ADDRESS('c@" + address("new") + "')", List.of("shop|c|VOTER"), "b");
        }
        int before = ports.get("c");
        ports.put("c", ports.get("new"));
        start("c", "shop", "", all);
        write("a", 2);
        awaitRow("c", "shop", "2");
        // Also by one that is started with the old address.
        stop("a");
        ports.put("c", before);
        start("a", "shop", "", all);
        ports.put("c", ports.get("new"));
        Await.until(
                "a reaches c",
                () -> nodes.get("a").host("shop", Map.of()).log().status().stream()
                        .anyMatch(member -> member.name().equals("c") && member.reachable()));
        assertEquals(
                address("new"),
                nodes.get("a")
                        .host("shop", Map.of())
                        .log()
                        .members()
                        .byName("c")
                        .address());
        untilDone("MEMBER_DEMOTE('c')", List.of("shop|c|LEARNER"), "a");
        assertEquals(List.of("a|VOTER", "b|VOTER", "c|LEARNER"), memberships("b"));
        assertTrue(refusal("a", "MEMBER_DEMOTE('c')", "55000").contains("learner already"));
        promote("b", "c");
        write("c", 3);
    }
}
