package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code synod scrub} on three nodes. */
@Timeout(240)
class ScrubCommandTest {
    private static final String WHOLE = "[abc]: (log|shop\\.mv\\.db), \\d+ bytes: whole";

    private record Result(int code, List<String> out, String err) {}

    private static Result scrub(String url) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = SynodCommand.run(
                new PrintWriter(out, true), new PrintWriter(err, true), "scrub", url, "-u", "sa", "-p", "secret");
        return new Result(code, out.toString().lines().toList(), err.toString());
    }

    @Test
    void every_member_says_what_is_whole_and_what_is_not_and_one_that_is_down_is_named(@TempDir Path directory)
            throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            String leader = cluster.leaderOf("shop");
            String url = cluster.remoteUrl("shop") + ";CONNECT_TIMEOUT=5000";
            try (Connection c = DriverManager.getConnection(url, "sa", "secret");
                    Statement s = c.createStatement()) {
                s.execute("CREATE TABLE t(id INT PRIMARY KEY, x VARCHAR)");
                s.execute("INSERT INTO t SELECT x, REPEAT('x', 500) FROM SYSTEM_RANGE(1, 2000)");
            }
            Result whole = scrub(url);
            assertEquals(0, whole.code(), whole.toString());
            assertEquals(6, whole.out().size(), whole.toString());
            assertTrue(whole.out().stream().allMatch(line -> line.matches(WHOLE)), whole.toString());

            String damaged = leader.equals("a") ? "b" : "a";
            Await.until(
                    "a checkpoint",
                    () -> cluster.hosted(damaged, "shop").storage().checkpoint() != null);
            try (RandomAccessFile raw = new RandomAccessFile(
                    directory.resolve(damaged).resolve("shop.mv.db").toFile(), "rw")) {
                raw.seek(9_000);
                int old = raw.read();
                raw.seek(9_000);
                raw.write(old ^ 1);
            }
            Result found = scrub(url);
            assertEquals(1, found.code(), found.toString());
            assertTrue(
                    found.out().stream()
                            .anyMatch(line -> line.startsWith(damaged + ": shop.mv.db, ")
                                    && line.contains(" bytes: DAMAGED: ")
                                    && line.endsWith(": repaired: rebuilt from another node")),
                    found.toString());
            assertEquals(0, scrub(url).code());

            cluster.end(damaged);
            Result unanswered = scrub(url);
            assertEquals(1, unanswered.code(), unanswered.toString());
            assertEquals(4, unanswered.out().size(), unanswered.toString());
            assertTrue(
                    unanswered.err().startsWith("synod: member " + damaged + " at ")
                            && unanswered.err().lines().count() == 1,
                    unanswered.toString());
        }
    }
}
