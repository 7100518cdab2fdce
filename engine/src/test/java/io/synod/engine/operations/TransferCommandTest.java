package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code synod transfer} on three nodes. */
@Timeout(240)
class TransferCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return SynodCommand.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    private static String other(String node) {
        return List.of("a", "b", "c").stream()
                .filter(n -> !n.equals(node))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void leadership_goes_to_the_node_that_is_named_or_to_another_one_and_a_refusal_is_one_line(@TempDir Path directory)
            throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            String first = cluster.leaderOf("shop");
            String url = cluster.remoteUrl("shop");
            String second = other(first);
            assertEquals(0, run("transfer", url, "shop", second), out + "" + err);
            assertEquals("shop: " + second + " leads", out.toString().strip());
            Await.until(
                    second + " leads",
                    () -> second.equals(cluster.hosted(second, "shop").log().leader()));

            assertEquals(0, run("transfer", url), out + "" + err);
            String third = out.toString().strip();
            assertTrue(third.matches("shop: [abc] leads"), third);
            assertNotEquals("shop: " + second + " leads", third);

            assertEquals(SynodCommand.FAILED, run("transfer", url, "shop", "nobody"));
            assertEquals(1, err.toString().lines().count(), err.toString());
            assertTrue(
                    err.toString().contains("one of a, b, c") && err.toString().contains("[22023]"), err.toString());
            assertEquals(SynodCommand.FAILED, run("transfer", url, "shopp", second));
            assertTrue(err.toString().contains("[90013]"), err.toString());
            assertEquals(2, run("transfer"));
            assertEquals(2, run("transfer", url, "shop", second, "more"));
        }
    }

    @Test
    void node_that_is_down_is_told_and_nothing_has_changed(@TempDir Path directory) throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            for (String node : List.of("a", "b", "c")) {
                cluster.with(node, ";FAILOVER_TIMEOUT=3000");
            }
            cluster.leaderOf("shop");
            cluster.lead("a", "shop");
            cluster.stop("c");
            assertEquals(SynodCommand.FAILED, run("transfer", cluster.remoteUrl("a", "shop"), "shop", "c"));
            assertEquals(
                    "shop: c was not reachable and caught up in time; a leads; try again when 'synod status' shows it"
                            + " without lag",
                    out.toString().strip(),
                    err.toString());
            assertEquals("a", cluster.hosted("a", "shop").log().leader());
        }
    }
}
