package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.failover.LogDamage;
import io.synod.engine.failover.TestCluster;
import io.synod.group.Member;
import io.synod.jdbc.SynodUrl;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node that comes back without what it had, under its old name and with its old settings; all nodes are in this JVM. */
@Tag("long")
@Timeout(600)
class LostDirectoryTest {
    @TempDir
    private Path directory;

    private ClusterFixture cluster;
    private String leader;

    @BeforeEach
    void start() throws Exception {
        cluster = new ClusterFixture(directory);
        leader = cluster.leaderOf("shop");
        try (Connection c = connect(leader, "shop")) {
            Sql.run(c, "CREATE TABLE t(x INT PRIMARY KEY, y VARCHAR)", "INSERT INTO t VALUES (1, 'before')");
        }
        // One that nobody has met may begin as itself.
        long index = cluster.hosted(leader, "shop").log().commitIndex();
        for (String name : List.of("a", "b", "c")) {
            Await.until(
                    name + " has it", () -> cluster.hosted(name, "shop").log().appliedIndex() >= index);
        }
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    private Connection connect(String node, String database) throws SQLException {
        return DriverManager.getConnection(
                cluster.remoteUrl(node, database) + ";TARGET=ANY" + TestCluster.BUSY, "sa", "");
    }

    private String other(String... names) {
        return Stream.of("a", "b", "c")
                .filter(name -> !List.of(names).contains(name))
                .findFirst()
                .orElseThrow();
    }

    private Member member(String asked, String database, String node) throws SQLException {
        return cluster.hosted(asked, database).log().committedMembers().byName(node);
    }

    private void awaitVotes(String asked, String database, String node) throws Exception {
        Await.until(node + " votes in " + database, () -> {
            Member member = member(asked, database, node);
            return member != null && member.slot() > 3 && member.role() == Member.Role.VOTER;
        });
    }

    private void awaitRows(String node, String database, List<String> expected) throws Exception {
        Await.until(expected + " on " + node, () -> {
            try (Connection c = connect(node, database)) {
                Sql.run(c, "SET READ LOCAL");
                return TestCluster.rows(c, "SELECT x FROM t ORDER BY x").equals(expected);
            }
        });
    }

    /** What a node had that came back is not needed by anybody: it and one other are a majority. */
    private void countsWith(String node, String asked) throws Exception {
        String third = other(node, asked);
        cluster.end(third);
        try (Connection c = connect(asked, "shop")) {
            Sql.untilDone(c, "INSERT INTO t VALUES (3, 'with it')");
        }
        awaitRows(node, "shop", List.of("1", "2", "3"));
        cluster.begin(third, "shop");
        awaitRows(third, "shop", List.of("1", "2", "3"));
    }

    /** All are started again, and it is the first: it cannot know that it had a life before. */
    @Test
    void a_follower_that_nobody_answers_says_nothing_and_votes_again_under_a_new_slot_when_the_others_are_there()
            throws Exception {
        String lost = other(leader);
        String rest = other(leader, lost);
        for (String name : List.of("a", "b", "c")) {
            cluster.end(name);
        }
        LogDamage.delete(directory.resolve(lost));
        Node alone = EmbeddedEngine.start(SynodUrl.parse(cluster.url(lost, "shop"), null));
        assertEquals(0, alone.host("shop", Map.of()).log().commitIndex());
        cluster.begin(leader, "shop");
        cluster.begin(rest, "shop");
        Await.until("it has heard of it", alone::isClosed);
        cluster.begin(lost, "shop");
        // A database that comes later begins with those that began the cluster, the lost directory among them.
        String leads = cluster.leaderOf("later");
        awaitVotes(leader, "shop", lost);
        awaitRows(lost, "shop", List.of("1"));
        // What it had made meanwhile.
        assertTrue(Files.exists(directory.resolve(lost).resolve("set-aside-1").resolve("node.properties")));
        awaitVotes(leads, "later", lost);
        assertEquals(
                member(leader, "shop", lost).slot(),
                member(leads, "later", lost).slot());
    }

    @Test
    void a_leader_comes_back_in_each_of_its_databases_and_its_old_directory_is_refused() throws Exception {
        cluster.leaderOf("stock");
        cluster.lead(leader, "stock");
        String rest = other(leader);
        try (Connection c = connect(rest, "stock")) {
            Sql.untilDone(c, "CREATE TABLE t(x INT PRIMARY KEY)", "INSERT INTO t VALUES (7)");
        }
        cluster.end(leader);
        Path kept = directory.resolve("kept");
        Files.move(directory.resolve(leader), kept);
        try (Connection c = connect(rest, "shop")) {
            Sql.untilDone(c, "INSERT INTO t VALUES (2, 'meanwhile')");
        }
        cluster.begin(leader, "shop");
        awaitVotes(rest, "shop", leader);
        awaitRows(leader, "shop", List.of("1", "2"));
        cluster.begin(leader, "stock");
        awaitVotes(rest, "stock", leader);
        awaitRows(leader, "stock", List.of("7"));
        assertEquals(
                member(rest, "shop", leader).slot(),
                member(rest, "stock", leader).slot());

        cluster.end(leader);
        Path fresh = directory.resolve("new");
        Files.move(directory.resolve(leader), fresh);
        Files.move(kept, directory.resolve(leader));
        Node old = EmbeddedEngine.start(SynodUrl.parse(cluster.url(leader, "shop"), null));
        Await.until("it has heard of it", old::isClosed);
        SQLException e = assertThrows(SQLException.class, () -> cluster.begin(leader, "shop"));
        assertEquals("90096", e.getSQLState(), e.getMessage());
        assertTrue(e.getMessage().contains("has taken the place of this one"), e.getMessage());
        Files.move(directory.resolve(leader), kept);
        Files.move(fresh, directory.resolve(leader));
        cluster.begin(leader, "shop");
        awaitRows(leader, "shop", List.of("1", "2"));
        countsWith(leader, rest);
    }

    /** @return false: nobody answered it in time, and it begins, until it hears of its other directory */
    private static boolean saysWhyNot(SynodUrl url) throws Exception {
        Node begun;
        try {
            begun = EmbeddedEngine.start(url);
        } catch (StillReturningException e) {
            assertEquals("55000", e.getSQLState());
            assertTrue(e.getMessage().contains("does not vote"), e.getMessage());
            assertTrue(e.getMessage().contains("from a backup"), e.getMessage());
            return true;
        }
        Await.until("it has heard of it", begun::isClosed);
        return false;
    }

    @Test
    void two_of_three_without_their_directories_neither_vote_nor_serve_and_say_why() throws Exception {
        String first = other(leader);
        String second = other(leader, first);
        cluster.end(first);
        cluster.end(second);
        for (String lost : List.of(first, second)) {
            Files.move(directory.resolve(lost), directory.resolve("kept-" + lost));
        }
        for (String lost : List.of(first, second)) {
            SynodUrl url = SynodUrl.parse(cluster.url(lost, "shop") + ";FAILOVER_TIMEOUT=500", null);
            Await.until("it says that it does not come back", () -> saysWhyNot(url));
        }
        assertEquals(3, cluster.hosted(leader, "shop").log().members().all().size());
        // One is found again: the other one comes back by it.
        LogDamage.delete(directory.resolve(first));
        Files.move(directory.resolve("kept-" + first), directory.resolve(first));
        cluster.begin(first, "shop");
        cluster.begin(second, "shop");
        awaitVotes(first, "shop", second);
        awaitRows(second, "shop", List.of("1"));
    }
}
