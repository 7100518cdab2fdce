package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** When a session looks for the leader, on a clock of the test's own. */
class LeaderSearchTest {
    private static final long SECOND = 1_000_000_000L;
    private static final ReplyHead FOLLOWER = new ReplyHead(false, false, 0, 0, "");

    @Test
    void one_that_cannot_be_reached_is_tried_again_within_a_minute_and_not_by_all_sessions_at_once()
            throws SQLException {
        SynodUrl url = SynodUrl.parse("jdbc:synod://a:1,b:2/shop", null);
        Set<Long> ends = new HashSet<>();
        for (int session = 0; session < 10; session++) {
            LeaderSearch search = new LeaderSearch(url);
            long now = 0;
            for (int attempt = 0; attempt < 20; attempt++) {
                long since = now;
                while (!search.isDue(FOLLOWER, now)) {
                    now += 1_000_000;
                }
                assertTrue(now - since <= 60 * SECOND, "attempt " + attempt + " after " + (now - since) + " ns");
                search.notReached(now);
            }
            assertTrue(now >= 5 * 60 * SECOND, "20 attempts in " + now + " ns");
            ends.add(now);
        }
        assertTrue(ends.size() > 1, "all at " + ends);
    }
}
