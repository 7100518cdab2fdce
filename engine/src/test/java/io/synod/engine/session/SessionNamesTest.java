package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Epoch;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SessionNamesTest {
    @Test
    void each_is_another_one_and_says_whose_it_is() {
        Set<UUID> seen = new HashSet<>();
        for (int slot : new int[] {0, 1, 255, 65_536, Epoch.SLOT_MAX}) {
            for (int i = 0; i < 100; i++) {
                UUID name = SessionNames.of(slot);
                assertTrue(seen.add(name));
                assertEquals(slot, SessionNames.slot(UUID.fromString(name.toString())));
                assertEquals(2, name.variant());
            }
        }
    }

    /** What clients name their sessions, and nodes of earlier releases theirs. */
    @Test
    void any_other_name_says_nothing() {
        for (int i = 0; i < 100; i++) {
            assertEquals(0, SessionNames.slot(UUID.randomUUID()));
        }
    }
}
