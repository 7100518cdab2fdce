package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ThreeNodesTest {
    @Test
    void what_the_leader_acknowledged_is_applied_by_all_in_order() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestCluster.TestNode leader = cluster.awaitLeader();
            List<String> written = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                assertEquals(Proposal.Outcome.APPLIED, leader.write("w" + i));
                written.add("w" + i);
            }
            cluster.awaitEqual(written);
            assertEquals(written, leader.applier.texts());
            assertEquals(written, leader.applier.attachments());
        }
    }
}
