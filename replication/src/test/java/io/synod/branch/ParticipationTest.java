package io.synod.branch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Invariant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParticipationTest {
    private static final Branch BRANCH = Branch.of("g", "shop", List.of("shop", "stock"));
    private static final Attempt FIRST = new Attempt(1, 1, 1);

    private final Participation participation = new Participation();

    @Test
    void a_leader_that_is_deposed_and_does_not_know_it_has_nothing_to_say_of_what_its_successor_prepared() {
        assertNull(participation.toLog(new BranchRequest.Decide("g", true), false));
        assertEquals(BranchStanding.UNKNOWN, participation.standing("g"));
    }

    @Test
    void a_commit_that_comes_again_when_all_have_forgotten_it_leads_to_nothing() {
        participation.apply(new BranchEntry.Prepared(BRANCH, FIRST));
        participation.apply(new BranchEntry.Decided("g", true));
        assertTrue(participation.apply(new BranchEntry.Forgotten("g")));
        assertNull(participation.toLog(new BranchRequest.Decide("g", true), false));
    }

    @Test
    void a_log_that_commits_what_was_never_prepared_stops_the_group() {
        assertThrows(Invariant.Violation.class, () -> participation.apply(new BranchEntry.Decided("g", true)));
    }
}
