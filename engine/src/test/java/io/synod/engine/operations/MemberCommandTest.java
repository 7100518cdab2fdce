package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.node.ClusterFixture;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemberCommandTest {
    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return SynodCommand.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    @Test
    void member_is_added_listed_and_removed_and_a_refusal_is_one_line() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            cluster.leaderOf("shop");
            String url = cluster.remoteUrl("shop");
            assertEquals(0, run("member", "add", url, "d@127.0.0.1:1"), err.toString());
            assertEquals("shop: d is a learner", out.toString().strip());
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
            assertEquals(0, run("member", "address", url, "d@127.0.0.1:2"), err.toString());
            assertEquals("shop: d is a learner", out.toString().strip());
            assertEquals(SynodCommand.FAILED, run("member", "demote", url, "d"));
            assertTrue(err.toString().contains("learner already"), err.toString());
            assertEquals(SynodCommand.FAILED, run("member", "add", url, "d@127.0.0.1:2", "--witness"));
            assertTrue(err.toString().contains("[42710]"), err.toString());
            assertEquals(0, run("member", "remove", url, "d"), err.toString());
            assertEquals("shop: d is removed", out.toString().strip());
            assertEquals(SynodCommand.FAILED, run("member", "remove", url, "d"));
            assertTrue(
                    err.toString().contains("one of a, b, c") && err.toString().contains("[22023]"), err.toString());
            assertEquals(2, run("member"));
            assertTrue(err.toString().contains("list, add, promote, demote, address or remove"), err.toString());
        }
    }
}
