package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.failover.Await;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A leader hands over for the sake of its file seldom; the others compact theirs as soon as less than half of it is current. */
@Tag("long")
@Timeout(600)
class ReclaimPolicyTest {
    private static final int PERCENT = 50;
    private static final long START = 5;
    private static final int ROWS = 2_000;
    /** Few enough that the file does not pass two bounds at once. */
    private static final int STEP = 200;

    /** With each of these one member has its turn. */
    private static final long[] TURNS = {0, 20_000, 40_000};

    @TempDir
    Path directory;

    private ClusterFixture cluster;
    private String leader;
    private int from = 1;

    @BeforeEach
    void start() throws SQLException, java.io.IOException {
        cluster = new ClusterFixture(directory);
        for (String node : new String[] {"a", "b", "c"}) {
            cluster.with(node, ";RECLAIM=0");
        }
        leader = cluster.leaderOf("shop");
        write("CREATE TABLE T(ID INT PRIMARY KEY, X VARCHAR)");
        write("INSERT INTO T SELECT X, REPEAT(RANDOM_UUID(), 100) FROM SYSTEM_RANGE(1, " + ROWS + ")");
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void a_leader_keeps_its_leadership_until_its_file_is_far_beyond_the_bound_and_for_some_minutes() throws Exception {
        grow(PERCENT, leader);
        long epoch = cluster.lead(leader, "shop");
        HostedDatabase led = cluster.hosted(leader, "shop");
        assertTrue(
                led.store().space().fillPercent() * ReclaimPolicy.LEADER_TIMES >= PERCENT,
                () -> "is far beyond it already: " + led.store().space());
        ReclaimPolicy policy = new ReclaimPolicy(led, PERCENT);
        inAllTurns(policy, START);
        inAllTurns(policy, START + ReclaimPolicy.LEADER_NANOS);
        assertEquals(epoch, led.log().servingEpoch());

        grow(PERCENT / ReclaimPolicy.LEADER_TIMES, leader);
        long later = cluster.lead(leader, "shop");
        ReclaimPolicy younger = new ReclaimPolicy(led, PERCENT);
        inAllTurns(younger, START);
        inAllTurns(younger, START + ReclaimPolicy.LEADER_NANOS - 1);
        assertEquals(later, led.log().servingEpoch());
        assertTrue(led.store().space().bytes() > ReclaimPolicy.BYTES_MIN);

        // A hand-over that is not done in time is called off.
        long[] time = {START};
        Await.until("it is compacted", () -> {
            inAllTurns(younger, time[0] += ReclaimPolicy.LEADER_NANOS);
            return led.store().space().fillPercent() >= PERCENT;
        });
        assertNotEquals(later, led.log().servingEpoch());
    }

    @Test
    void the_minutes_of_a_leader_begin_anew_with_each_leadership() throws Exception {
        HostedDatabase led = cluster.hosted(leader, "shop");
        ReclaimPolicy policy = new ReclaimPolicy(led, PERCENT);
        inAllTurns(policy, START);
        String other = leader.equals("a") ? "b" : "a";
        cluster.lead(other, "shop");
        cluster.lead(leader, "shop");
        grow(PERCENT / ReclaimPolicy.LEADER_TIMES, leader);
        long epoch = cluster.lead(leader, "shop");
        inAllTurns(policy, START + ReclaimPolicy.LEADER_NANOS);
        assertEquals(epoch, led.log().servingEpoch());
        assertTrue(led.store().space().fillPercent() * ReclaimPolicy.LEADER_TIMES < PERCENT);
    }

    @Test
    void a_follower_compacts_its_file_when_nothing_has_happened_to_the_group_for_a_while() throws Exception {
        String follower = leader.equals("a") ? "b" : "a";
        HostedDatabase follows = cluster.hosted(follower, "shop");
        grow(PERCENT, follower);
        assertTrue(follows.store().space().fillPercent() * ReclaimPolicy.LEADER_TIMES >= PERCENT, "far beyond it");
        ReclaimPolicy policy = new ReclaimPolicy(follows, PERCENT);
        inAllTurns(policy, START);
        inAllTurns(policy, START + ReclaimPolicy.CALM_NANOS - 1);
        assertTrue(follows.store().space().fillPercent() < PERCENT, "it has just started");
        // Whoever takes over may be killed next, and this one be the only one that could go on at once.
        cluster.lead(leader.equals("c") ? "a" : "c", "shop");
        cluster.lead(leader, "shop");
        follows.reads().awaitReadable();
        inAllTurns(policy, START + ReclaimPolicy.CALM_NANOS);
        assertTrue(follows.store().space().fillPercent() < PERCENT, "leadership has moved");
        // On a busy machine somebody seems to come and go by himself.
        long[] time = {START + ReclaimPolicy.CALM_NANOS};
        Await.until("it is compacted", () -> {
            if (follows.log().servingEpoch() != 0) {
                cluster.lead(leader, "shop");
            }
            inAllTurns(policy, time[0] += ReclaimPolicy.CALM_NANOS);
            return follows.store().space().fillPercent() >= PERCENT;
        });
    }

    private static void inAllTurns(ReclaimPolicy policy, long nanoTime) {
        for (long turn : TURNS) {
            policy.run(turn, nanoTime);
        }
    }

    /** Overwrites rows until less of a node's file than so much is current, and it is large enough to be compacted. */
    private void grow(int percent, String node) throws Exception {
        HostedDatabase grown = cluster.hosted(node, "shop");
        Await.until("less than " + percent + " percent of the file are current", () -> {
            write("UPDATE T SET X = REPEAT(RANDOM_UUID(), 100) WHERE ID BETWEEN " + from + " AND " + (from + STEP - 1));
            from = (from + STEP - 1) % ROWS + 1;
            grown.reads().awaitReadable();
            Checkpoints.take(grown);
            return grown.store().space().fillPercent() < percent
                    && grown.store().space().bytes() > ReclaimPolicy.BYTES_MIN;
        });
    }

    private void write(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(cluster.remoteUrl("shop"), "sa", "");
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
