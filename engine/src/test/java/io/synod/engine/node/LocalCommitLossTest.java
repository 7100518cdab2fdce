package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static io.synod.engine.node.LaggingCluster.connect;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is answered at COMMIT=LOCAL can be lost, and then the session is told. */
@Tag("long")
@Timeout(240)
class LocalCommitLossTest {
    private static final int FAILOVER_MILLIS = 30_000;
    /** The leader has to lead still when the other one has closed its files. */
    private static final int ELECTION_MILLIS = 5_000;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"remote", "follower"})
    void lost_commit_is_told_with_the_next_call_and_is_nowhere(String where) throws Exception {
        try (LaggingCluster cluster = new LaggingCluster(directory, FAILOVER_MILLIS, ELECTION_MILLIS)) {
            String leader = cluster.awaitLeader();
            String other = cluster.awaitFollower();
            try (Connection c = connect(
                    (where.equals("remote") ? cluster.remoteUrl("a", "b", "c") : cluster.url("c")) + ";COMMIT=LOCAL")) {
                run(c, "CREATE TABLE T(N INT)", "INSERT INTO T VALUES (1)");
                assertEquals(1, number(c, "SELECT COUNT(*) FROM T"));
                cluster.holdBackC(true);
                cluster.stop(other);
                // Answered: the leader has it on its disk, and nobody else has.
                run(c, "INSERT INTO T VALUES (2)");
                cluster.stop(leader);
                cluster.dropHeld();
                cluster.start(other);
                cluster.releaseC();
                SQLException e = assertThrows(SQLException.class, () -> run(c, "INSERT INTO T VALUES (3)"));
                assertEquals("40000", e.getSQLState(), e.toString());
                assertTrue(e.getMessage().contains("COMMIT=LOCAL"), e.getMessage());
                assertEquals(1, number(c, "SELECT COUNT(*) FROM T"), "neither the lost one nor the one that was told");
                run(c, "INSERT INTO T VALUES (4)");
                assertEquals(5, number(c, "SELECT SUM(N) FROM T"));
            }
        }
    }

    @Test
    void no_copy_shows_what_a_majority_does_not_have() throws Exception {
        try (LaggingCluster cluster = new LaggingCluster(directory, FAILOVER_MILLIS, ELECTION_MILLIS)) {
            String leader = cluster.awaitLeader();
            try (Connection c = connect(cluster.url(leader) + ";COMMIT=LOCAL");
                    Connection reader = connect(cluster.url(leader) + ";READ=LOCAL")) {
                run(c, "CREATE TABLE T(N INT)", "INSERT INTO T VALUES (1)");
                assertEquals(1, number(c, "SELECT COUNT(*) FROM T"));
                cluster.holdBackC(true);
                cluster.stop(cluster.awaitFollower());
                run(c, "INSERT INTO T VALUES (2)");
                assertEquals(1, number(reader, "SELECT COUNT(*) FROM T"), "H2 has not committed it");
                String unsettled = "SELECT COUNT(*) FROM SYNOD.SESSIONS WHERE STATE = 'UNSETTLED'";
                assertEquals(1, number(reader, unsettled));
                cluster.releaseC();
                assertEquals(2, number(c, "SELECT COUNT(*) FROM T"), "it was not lost");
                assertEquals(0, number(reader, unsettled));
            }
        }
    }
}
