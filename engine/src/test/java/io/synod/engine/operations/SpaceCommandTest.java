package io.synod.engine.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code synod space} on three nodes. */
@Timeout(240)
class SpaceCommandTest {
    private static final String SHOWN = "[abc]: \\d+ bytes, \\d+ % current, checkpoint at index \\d+";
    private static final String RECLAIMED = "[abc]: \\d+ bytes are \\d+ now, writing stood still for \\d+ ms";

    private static List<String> lines(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = SynodCommand.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
        assertEquals(0, code, out + "" + err);
        return out.toString().lines().toList();
    }

    private static Set<String> names(List<String> lines) {
        Set<String> names = new TreeSet<>();
        lines.forEach(line -> names.add(line.substring(0, 1)));
        return names;
    }

    @Test
    void every_member_says_what_its_file_takes_and_gives_back_what_is_not_current_the_leader_last(
            @TempDir Path directory) throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            cluster.leaderOf("shop");
            String url = cluster.remoteUrl("a", "shop");
            try (Connection c = DriverManager.getConnection(url, "sa", "secret");
                    Statement s = c.createStatement()) {
                s.execute("CREATE TABLE t(id INT PRIMARY KEY, x VARCHAR)");
                s.execute("INSERT INTO t SELECT x, REPEAT('x', 500) FROM SYSTEM_RANGE(1, 2000)");
                s.execute("DELETE FROM t");
            }
            List<String> shown = lines("space", url, "-u", "sa", "-p", "secret");
            assertTrue(shown.stream().allMatch(line -> line.matches(SHOWN)), shown.toString());
            assertEquals(3, shown.size());
            assertEquals(Set.of("a", "b", "c"), names(shown));

            String leader = cluster.hosted("a", "shop").log().leader();
            List<String> reclaimed = lines("space", "--reclaim", url, "-u", "sa", "-p", "secret");
            assertEquals(6, reclaimed.size(), reclaimed.toString());
            for (int i = 0; i < 6; i++) {
                assertTrue(reclaimed.get(i).matches(i % 2 == 0 ? RECLAIMED : SHOWN), reclaimed.toString());
            }
            assertEquals(Set.of("a", "b", "c"), names(reclaimed));
            assertEquals(leader, reclaimed.get(5).substring(0, 1), "the leader last");
            Await.until(
                    "node a hears that it has handed over",
                    () -> !leader.equals(cluster.hosted("a", "shop").log().leader()));
        }
    }
}
