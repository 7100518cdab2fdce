package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.node.ClusterFixture;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemberCommandTest {
    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    /** On a busy machine a voter may be a moment behind, and leadership on its way; whoever asks again hears that it is done. */
    private void untilDone(String said, String... args) throws Exception {
        int[] runs = {0};
        Await.until(String.join(" ", args), () -> {
            runs[0]++;
            if (run(args) == 0) {
                assertEquals(said, out.toString().strip());
                return true;
            }
            boolean done = runs[0] > 1 && err.toString().contains(" already");
            assertTrue(
                    done
                            || Stream.of("[HYT00]", "[08001]", "a majority of the voters", "has not caught up")
                                    .anyMatch(err.toString()::contains),
                    err.toString());
            return done;
        });
    }

    private ClusterFixture cluster() throws IOException {
        ClusterFixture cluster = new ClusterFixture(directory);
        for (String node : List.of("a", "b", "c")) {
            cluster.with(node, ";FAILOVER_TIMEOUT=60000");
        }
        return cluster;
    }

    private int run(String... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return SynodCommand.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    @Test
    void member_is_added_listed_and_removed_and_a_refusal_is_one_line() throws Exception {
        try (ClusterFixture cluster = cluster()) {
            cluster.leaderOf("shop");
            String url = cluster.remoteUrl("shop") + TestCluster.BUSY;
            untilDone("shop: d is a learner", "member", "add", url, "d@127.0.0.1:1");
            assertEquals(0, run("member", "list", url), err.toString());
            String[] lines = out.toString().split("\\R");
            assertEquals(5, lines.length, out.toString());
            assertTrue(lines[1].startsWith("a") && lines[1].contains("voter"), lines[1]);
            assertTrue(
                    lines[4].startsWith("d") && lines[4].contains("learner") && lines[4].contains("unreachable"),
                    lines[4]);
            assertEquals(SynodCommand.FAILED, run("member", "promote", url, "d"));
            assertTrue(
                    err.toString().contains("has not caught up")
                            && err.toString().contains("[55000]"),
                    err.toString());
            assertEquals(1, err.toString().lines().count(), err.toString());
            untilDone("shop: d is a learner", "member", "address", url, "d@127.0.0.1:2");
            assertEquals(SynodCommand.FAILED, run("member", "demote", url, "d"));
            assertTrue(err.toString().contains("learner already"), err.toString());
            assertEquals(SynodCommand.FAILED, run("member", "add", url, "d@127.0.0.1:2", "--witness"));
            assertTrue(err.toString().contains("[42710]"), err.toString());
            untilDone("shop: d is removed", "member", "remove", url, "d");
            assertEquals(SynodCommand.FAILED, run("member", "remove", url, "d"));
            assertTrue(
                    err.toString().contains("one of a, b, c") && err.toString().contains("[22023]"), err.toString());
            assertEquals(2, run("member"));
            assertTrue(err.toString().contains("list, add, promote, demote, address or remove"), err.toString());
        }
    }

    @Test
    void voter_is_demoted_and_promoted_again_and_a_witness_comes_moves_and_goes() throws Exception {
        try (ClusterFixture cluster = cluster()) {
            cluster.leaderOf("shop");
            String url = cluster.remoteUrl("shop") + TestCluster.BUSY;
            untilDone("shop: c is a learner", "member", "demote", url, "c");
            untilDone("shop: c is a voter", "member", "promote", url, "c");
            untilDone("shop: w is a witness", "member", "add", url, "w@127.0.0.1:1", "--witness");
            untilDone("shop: w is a witness", "member", "address", url, "w@127.0.0.1:2");
            assertEquals(0, run("member", "list", url), err.toString());
            String w = out.toString()
                    .lines()
                    .filter(line -> line.startsWith("w"))
                    .findFirst()
                    .orElseThrow();
            assertTrue(w.contains("witness") && w.contains("127.0.0.1:2"), w);
            untilDone("shop: w is removed", "member", "remove", url, "w");
        }
    }

    /** As a node of the release before witnesses, which takes no notice of the second argument. */
    public static final class NodeWithoutWitnesses {
        private NodeWithoutWitnesses() {}

        /** H2 calls it with the connection that asks. */
        public static ResultSet add(Connection c, String member, String as) throws SQLException {
            return c.createStatement().executeQuery("SELECT 'shop' DATABASE_NAME, 'w' NODE, 'LEARNER' MEMBERSHIP");
        }
    }

    @Test
    void witness_that_an_older_node_has_made_a_learner_is_no_success() throws Exception {
        String url = "jdbc:h2:mem:older";
        try (Connection c = DriverManager.getConnection(url, "sa", "")) {
            Sql.run(
                    c,
                    "CREATE SCHEMA SYNOD",
                    "CREATE ALIAS SYNOD.MEMBER_ADD FOR \"" + NodeWithoutWitnesses.class.getName() + ".add\"");
            assertEquals(SynodCommand.FAILED, run("member", "add", url, "w@127.0.0.1:1", "--witness"));
            assertEquals("shop: w is a learner", out.toString().strip());
            assertTrue(err.toString().contains("synod member remove"), err.toString());
            assertEquals(1, err.toString().lines().count(), err.toString());
        }
    }
}
