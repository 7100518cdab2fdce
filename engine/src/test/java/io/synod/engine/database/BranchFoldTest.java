package io.synod.engine.database;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchEntry;
import io.synod.engine.snapshot.H2Store;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.h2.engine.SessionLocal;
import org.junit.jupiter.api.Test;

class BranchFoldTest {
    /** A read that begins while H2 commits it would miss what its client may have been told. */
    @Test
    void a_commit_is_waited_for_until_it_is_to_be_seen() throws Exception {
        H2Store store = H2Store.openMemory("test", Map.of());
        SessionLocal session = store.systemSession();
        BranchFold fold = BranchFold.load(session);
        Attempt attempt = new Attempt(1, 1, 1);
        fold.apply(session, new BranchEntry.Prepared(Branch.of("g", "bank", List.of("bank", "shop")), attempt));
        fold.apply(session, new BranchEntry.Accepted("g", attempt, true));
        assertEquals(Set.of("g"), fold.precommitted());
        fold.apply(session, new BranchEntry.Decided("g", true));
        assertEquals(Set.of("g"), fold.precommitted());
        fold.isShown("g");
        assertEquals(Set.of(), fold.precommitted());
        store.close();
    }
}
