package io.synod.engine.global;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchStanding;
import io.synod.branch.BranchState;
import io.synod.engine.database.BranchVotes;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OrphansTest {
    private static final int SELF = 1;
    private static final int COORDINATOR = 2;
    private static final Branch BRANCH = Branch.of("g", "home", List.of("stock", "home", "bank"));

    private final Set<Integer> connected = new HashSet<>(List.of(COORDINATOR, 3));
    private final Orphans orphans = new Orphans(SELF, () -> List.of(COORDINATOR, 3), connected::contains);

    private static BranchVotes.Global prepared(int slot, long silentNanos) {
        return global(BranchState.PREPARED, slot, silentNanos);
    }

    private static BranchVotes.Global global(BranchState state, int slot, long silentNanos) {
        Attempt attempt = new Attempt(1, slot, 1);
        return new BranchVotes.Global(
                "g", BRANCH, new BranchStanding(state, attempt, Attempt.NONE), null, 0, silentNanos);
    }

    @Test
    void what_a_lost_node_was_at_is_begun_by_one_after_the_other() {
        orphans.look(0);
        assertFalse(orphans.isDue(prepared(COORDINATOR, 0), "home", Long.MAX_VALUE), "it is connected");
        connected.remove(COORDINATOR);
        orphans.look(1_000);
        orphans.look(2_000);
        long home = 1_000 + Orphans.LOST_NANOS;
        assertFalse(orphans.isDue(prepared(COORDINATOR, 0), "home", home), "it may be there again at once");
        assertTrue(orphans.isDue(prepared(COORDINATOR, 0), "home", home + 1));
        assertFalse(orphans.isDue(prepared(3, 0), "home", home + 1), "another one is at it, and connected");
        long stock = home + Orphans.LOST_STAGGER_NANOS;
        assertFalse(orphans.isDue(prepared(COORDINATOR, 0), "stock", stock));
        assertTrue(orphans.isDue(prepared(COORDINATOR, 0), "stock", stock + 1));
        long bank = stock + Orphans.LOST_STAGGER_NANOS;
        assertFalse(orphans.isDue(prepared(COORDINATOR, 0), "bank", bank));
        assertTrue(orphans.isDue(prepared(COORDINATOR, 0), "bank", bank + 1));
    }

    @Test
    void a_connection_that_is_made_again_is_not_lost() {
        connected.remove(COORDINATOR);
        orphans.look(0);
        connected.add(COORDINATOR);
        orphans.look(10);
        connected.remove(COORDINATOR);
        orphans.look(Orphans.LOST_NANOS);
        assertFalse(orphans.isDue(prepared(COORDINATOR, 0), "home", 1 + Orphans.LOST_NANOS));
        assertTrue(orphans.isDue(prepared(COORDINATOR, 0), "home", 1 + 2 * Orphans.LOST_NANOS));
    }

    @Test
    void a_node_that_is_no_member_any_more_is_lost() {
        assertTrue(orphans.isDue(prepared(9, 0), "home", 0));
    }

    @Test
    void silence_makes_one_after_the_other_begin_too() {
        for (int slot : List.of(SELF, COORDINATOR)) {
            assertFalse(orphans.isDue(prepared(slot, Orphans.SILENCE_NANOS), "home", 0));
            assertTrue(orphans.isDue(prepared(slot, Orphans.SILENCE_NANOS + 1), "home", 0));
            long bank = Orphans.SILENCE_NANOS + 2 * Orphans.STAGGER_NANOS;
            assertFalse(orphans.isDue(prepared(slot, bank), "bank", 0));
            assertTrue(orphans.isDue(prepared(slot, bank + 1), "bank", 0));
        }
    }

    @Test
    void what_is_decided_is_spread_late_whoever_is_lost() {
        connected.clear();
        orphans.look(0);
        long late = Orphans.UNFORGOTTEN_NANOS;
        assertFalse(orphans.isDue(global(BranchState.COMMITTED, COORDINATOR, late), "home", Long.MAX_VALUE));
        assertTrue(orphans.isDue(global(BranchState.COMMITTED, COORDINATOR, late + 1), "home", 0));
    }

    @Test
    void what_was_refused_before_it_was_known_is_only_forgotten() {
        BranchStanding refused = new BranchStanding(BranchState.ABORTED, Attempt.NONE, Attempt.NONE);
        long late = Orphans.UNFORGOTTEN_NANOS;
        assertFalse(orphans.isToBeForgotten(new BranchVotes.Global("g", null, refused, null, -1, late)));
        assertTrue(orphans.isToBeForgotten(new BranchVotes.Global("g", null, refused, null, -1, late + 1)));
        assertFalse(orphans.isToBeForgotten(global(BranchState.ABORTED, COORDINATOR, late + 1)));
    }
}
