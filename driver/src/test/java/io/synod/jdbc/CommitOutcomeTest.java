package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Which commits that were answered at level LOCAL are still to be asked for. */
class CommitOutcomeTest {
    private final NodeSession lost = new NodeSession(null, "lost:1", null, null, List.of());
    private final NodeSession next = new NodeSession(null, "next:1", null, null, List.of());

    private static CommitOutcome outcome() throws Exception {
        return new CommitOutcome(
                null, UUID.randomUUID(), SynodUrl.parse("jdbc:synod://lost:1,next:1/shop", null), null);
    }

    @Test
    void what_its_own_node_has_decided_is_asked_for_no_more() throws Exception {
        CommitOutcome outcome = outcome();
        outcome.answered(lost, 5, CommitAge.now());
        assertTrue(outcome.isUnsettled());
        outcome.answered(lost, 0, CommitAge.now());
        assertFalse(outcome.isUnsettled());
    }

    /** A rollback does not ask, so that it never fails. */
    @Test
    void a_rollback_on_the_next_node_does_not_hide_that_it_may_be_lost() throws Exception {
        CommitOutcome outcome = outcome();
        outcome.answered(lost, 5, CommitAge.now());
        outcome.answered(next, 0, CommitAge.now());
        assertTrue(outcome.isUnsettled());
    }
}
