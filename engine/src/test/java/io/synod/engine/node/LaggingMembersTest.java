package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.replica.ReplicatedLog.MemberStatus;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is named as a member that stays behind, how often, and when no more. Time is what the test says it is. */
class LaggingMembersTest {
    private static final long EPOCH = 7;
    private static final long STEP = TimeUnit.SECONDS.toNanos(5);
    /** Looks in the time after which one is named. */
    private static final int LONG = (int) (LaggingMembers.LONG_NANOS / STEP);

    private final List<String> said = new ArrayList<>();
    private final LaggingMembers lagging = new LaggingMembers("shop", said::add);
    private long now = Long.MAX_VALUE - 20 * STEP; // which passes the end of the clock
    private long epoch = EPOCH;
    private boolean connected = true;
    private int percent = -1;
    private String role = "FOLLOWER";

    private void look(long committed, long durable, long applied) {
        now += STEP;
        lagging.look(epoch, List.of(leader(committed), follower(durable, applied)), "a", now);
    }

    private static MemberStatus leader(long committed) {
        return new MemberStatus("a", "", "LEADER", "", committed, committed, committed, 0, 0, 0, 0, true, 1, -1);
    }

    private MemberStatus follower(long durable, long applied) {
        return new MemberStatus("c", "", role, "", durable, durable, applied, 0, 0, 0, 0, connected, -1, percent);
    }

    private String onlyOne() {
        assertEquals(1, said.size(), said.toString());
        return said.remove(0);
    }

    @Test
    void one_that_falls_further_behind_is_named_once_then_at_a_slow_rate_and_when_it_has_caught_up() {
        long committed = 1_000;
        for (int i = 0; i <= LONG; i++) {
            assertEquals(List.of(), said, "look " + i);
            look(committed += 1_000, 900 + 10 * i, 800 + 10 * i);
        }
        String first = onlyOne();
        assertTrue(first.contains("shop") && first.contains("node c stays behind, for 60 s"), first);
        long toFetch = committed - 900 - 10 * LONG;
        assertTrue(first.contains(toFetch + " entries are not on its disk yet, 100 more it has not applied"), first);
        for (int i = 1; i < LaggingMembers.AGAIN_NANOS / STEP; i++) {
            look(committed += 1_000, 1_100, 1_000);
        }
        assertEquals(List.of(), said);
        look(committed += 1_000, 1_100, 1_000);
        assertTrue(onlyOne().contains("for 660 s now"));
        look(committed + 10, committed, committed);
        assertTrue(onlyOne().contains("node c has caught up, after 665 s"));
        look(committed + 10, committed + 10, committed + 10);
        assertEquals(List.of(), said);
    }

    @Test
    void one_that_has_what_was_committed_a_minute_ago_is_not_named() {
        long committed = 100_000;
        for (int i = 0; i < 10 * LONG; i++) {
            look(committed += 1_000, committed - 5_000, committed - 1_000 * (LONG - 1));
        }
        assertEquals(List.of(), said);
    }

    @Test
    void one_that_is_far_behind_and_catches_up_is_not_named() {
        for (int i = 0; i < 3 * LONG; i++) {
            look(1_000_000 + 100L * i, 100 + 10_000L * i, 100 + 10_000L * i);
        }
        assertEquals(List.of(), said);
    }

    @Test
    void one_that_gains_so_little_that_it_would_need_an_hour_is_named() {
        for (int i = 0; i <= LONG; i++) {
            look(1_000_000 + 1_000L * i, 100 + 1_001L * i, 100 + 1_001L * i);
        }
        assertTrue(onlyOne().contains("stays behind"));
    }

    @Test
    void what_is_to_be_done_depends_on_whether_it_is_connected_and_gets_a_snapshot() {
        connected = false;
        for (int i = 0; i <= LONG; i++) {
            look(1_000, 0, 0);
        }
        String away = onlyOne();
        assertTrue(away.contains("not told this leader") && away.contains("it is not connected: start it"), away);
        epoch++;
        connected = true;
        percent = 37;
        for (int i = 0; i <= LONG; i++) {
            look(1_000, 500, 500);
        }
        String snapshot = onlyOne();
        assertTrue(
                snapshot.contains("37 %")
                        && snapshot.contains("does not advance")
                        && snapshot.contains("look at its disk"),
                snapshot);
    }

    @Test
    void one_whose_snapshot_advances_is_not_named() {
        for (int i = 0; i < 4 * LONG; i++) {
            percent = i * 100 / (4 * LONG);
            look(1_000_000 + 1_000L * i, 500, 500);
        }
        assertEquals(List.of(), said);
    }

    @Test
    void one_that_is_named_has_caught_up_when_it_would_not_be_named_any_more() {
        long committed = 1_000;
        for (int i = 0; i <= LONG; i++) {
            look(committed += 1_000, 500, 500);
        }
        onlyOne();
        // As much behind as one that keeps up with a heavy load; more than one look's.
        look(committed += 1_000, committed - 5_000, committed - 5_000);
        assertTrue(onlyOne().contains("node c has caught up"));
    }

    @Test
    void one_that_catches_up_is_not_named_again() {
        for (int i = 0; i <= LONG; i++) {
            look(1_000_000, 500, 500);
        }
        onlyOne();
        for (int i = 0; i < LaggingMembers.AGAIN_NANOS / STEP + LONG; i++) {
            look(1_000_000, 500 + 5_000L * i, 500 + 5_000L * i);
        }
        assertEquals(List.of(), said);
    }

    @Test
    void a_transfer_that_is_called_off_changes_nothing() {
        for (int i = 0; i < LONG; i++) {
            look(1_000_000, 500, 500);
        }
        epoch = 0;
        look(1_000_000, 500, 500);
        assertEquals(List.of(), said);
        epoch = EPOCH;
        look(1_000_000, 500, 500);
        assertTrue(onlyOne().contains("stays behind"));
    }

    @Test
    void one_that_has_told_that_it_has_nothing_lacks_all() {
        for (int i = 0; i <= LONG; i++) {
            look(1_000_000, 0, 0);
        }
        String empty = onlyOne();
        assertTrue(empty.contains("1000000 entries are not on its disk yet"), empty);
    }

    @Test
    void a_witness_is_judged_by_its_log() {
        role = "WITNESS";
        for (int i = 0; i <= 2 * LONG; i++) {
            look(1_000L * i, 1_000L * i, 0);
        }
        assertEquals(List.of(), said);
        for (int i = 0; i <= LONG; i++) {
            look(1_000_000 + 1_000L * i, 500, 0);
        }
        assertTrue(onlyOne().contains("entries are not on its disk yet; "));
    }

    @Test
    void whoever_takes_over_begins_anew_and_whoever_does_not_lead_says_nothing() {
        for (int i = 0; i < LONG; i++) {
            look(1_000, 500, 500);
        }
        epoch++;
        for (int i = 0; i < LONG; i++) {
            look(1_000, 500, 500);
        }
        epoch = 0;
        for (int i = 0; i <= LONG; i++) {
            look(1_000, 500, 500);
        }
        assertEquals(List.of(), said);
    }

    @Test
    void the_leader_of_a_cluster_names_a_node_that_has_ended_and_tells_when_it_is_there_again(@TempDir Path directory)
            throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            cluster.leaderOf("shop");
            boolean[] ends = {true};
            Await.until("leadership stays where it is", () -> {
                cluster.lead("a", "shop");
                return cluster.undisturbed(() -> namesC(cluster, ends), "shop");
            });
        }
    }

    /** @param ends whether c runs */
    private static void namesC(ClusterFixture cluster, boolean[] ends) throws Exception {
        List<String> said = new ArrayList<>();
        try (Checkpoints checkpoints = new Checkpoints(notice -> {
            if (!notice.contains("node b")) {
                said.add(notice); // b had no real minute for what was just written
            }
        })) {
            checkpoints.add(cluster.hosted("a", "shop"), 0);
            if (ends[0]) {
                cluster.end("c");
                ends[0] = false;
            }
            try (Connection c = DriverManager.getConnection(cluster.remoteUrl("a", "shop"), "sa", "");
                    Statement s = c.createStatement()) {
                s.execute("CREATE TABLE IF NOT EXISTS T(ID INT)");
                s.execute("INSERT INTO T VALUES(1)");
            }
            long time = 0;
            checkpoints.run(time);
            checkpoints.run(time += LaggingMembers.LONG_NANOS);
            assertEquals(1, said.size(), said.toString());
            String notice = said.get(0);
            assertTrue(notice.contains("node c stays behind") && notice.contains("it is not connected"), notice);
            cluster.begin("c", "shop");
            ends[0] = true;
            long back = time + STEP;
            Await.until("it is told that c is there again", () -> {
                checkpoints.run(back);
                return said.size() > 1;
            });
            assertTrue(said.get(1).contains("node c has caught up"), said.toString());
        }
    }
}
