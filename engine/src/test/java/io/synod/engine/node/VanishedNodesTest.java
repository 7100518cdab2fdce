package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** When a node has vanished, by looks: time has no part in it. */
class VanishedNodesTest {
    private final Set<Integer> connected = new HashSet<>(Set.of(2, 3));
    private final List<Integer> slots = new ArrayList<>(List.of(2, 3));
    private final List<Integer> ended = new ArrayList<>();
    /** How often the node in slot 3 has connected. */
    private int connections = 1;

    private final VanishedNodes nodes =
            new VanishedNodes(() -> slots, connected::contains, slot -> slot == 3 ? connections : 1, slot -> {
                ended.add(slot);
                return 1;
            });

    private void look(int times) {
        for (int i = 0; i < times; i++) {
            nodes.look();
        }
    }

    @Test
    void one_that_is_missed_for_long_is_gone_once() {
        look(5);
        assertEquals(List.of(), ended);
        connected.remove(3);
        look(VanishedNodes.LOOKS - 1);
        assertEquals(List.of(), ended);
        look(5);
        assertEquals(List.of(3), ended);
    }

    @Test
    void one_that_comes_back_is_missed_anew() {
        connected.remove(3);
        look(VanishedNodes.LOOKS - 1);
        connected.add(3);
        look(1);
        connected.remove(3);
        look(VanishedNodes.LOOKS - 1);
        assertEquals(List.of(), ended);
        look(1);
        assertEquals(List.of(3), ended);
        connected.add(3);
        look(1);
        connected.remove(3);
        look(VanishedNodes.LOOKS);
        assertEquals(List.of(3, 3), ended);
    }

    /** What it has opened in between would stay. */
    @Test
    void one_that_was_there_between_two_looks_only_is_missed_anew() {
        connected.remove(3);
        look(5);
        assertEquals(List.of(3), ended);
        connections++;
        look(VanishedNodes.LOOKS - 1);
        assertEquals(List.of(3), ended, "it may come back as it has before");
        look(5);
        assertEquals(List.of(3, 3), ended);
        connections++;
        look(1);
        connections++;
        look(VanishedNodes.LOOKS - 1);
        assertEquals(List.of(3, 3), ended);
        look(1);
        assertEquals(List.of(3, 3, 3), ended);
    }

    /** Since it had vanished, say, another one took its place. */
    @Test
    void one_that_is_no_member_any_more_is_gone_once_as_well() {
        connected.remove(3);
        look(VanishedNodes.LOOKS - 1);
        slots.remove((Integer) 3);
        look(5);
        assertEquals(List.of(3), ended);
        slots.add(3);
        look(VanishedNodes.LOOKS - 1);
        assertEquals(List.of(3), ended, "missed anew");
    }

    @Test
    void one_that_is_connected_and_no_member_any_more_is_not_looked_for() {
        connected.remove(3);
        look(VanishedNodes.LOOKS - 1);
        slots.remove((Integer) 3);
        connected.add(3);
        look(1);
        connected.remove(3);
        look(5);
        assertEquals(List.of(), ended);
    }
}
