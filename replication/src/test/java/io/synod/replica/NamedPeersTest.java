package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.log.MemoryEntryLog;
import io.synod.paxos.Message;
import io.synod.paxos.Timing;
import io.synod.transport.Envelope;
import io.synod.transport.Transport;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Node 1 was given 2 and 3 as peers. */
class NamedPeersTest {
    private final Set<Integer> slots = new TreeSet<>(List.of(2, 3));
    private final Map<Integer, Member> named = new HashMap<>();
    private long now;
    private final NamedPeers peers = new NamedPeers(new Slots(), () -> now);

    private final class Slots implements Transport {
        @Override
        public void start(Receiver receiver) {}

        @Override
        public void sendControl(int toSlot, long group, Message message) {}

        @Override
        public void sendControl(int toSlot, List<Envelope> messages) {}

        @Override
        public boolean sendData(int toSlot, long group, Message message) {
            return false;
        }

        @Override
        public boolean connected(int slot) {
            return false;
        }

        @Override
        public void addPeer(Member peer) {
            if (peer.slot() != 1) {
                slots.add(peer.slot());
                named.put(peer.slot(), peer);
            }
        }

        @Override
        public String selfName() {
            return "n1";
        }

        @Override
        public void removePeer(int slot) {
            slots.remove(slot);
        }

        @Override
        public Collection<Integer> peers() {
            return List.copyOf(slots);
        }

        @Override
        public void close() {}
    }

    private static Members of(int... members) {
        return new Members(
                IntStream.of(members)
                        .mapToObj(slot -> new Member(slot, "n" + slot, Member.UNSEEN, Member.Role.VOTER, "h:" + slot))
                        .toList(),
                9);
    }

    private void assertAfterFarewell(Integer... expected) {
        Set<Integer> before = Set.copyOf(slots);
        now += NamedPeers.FAREWELL_NANOS;
        peers.tick();
        assertEquals(before, Set.copyOf(slots), "it may still hear that it was removed");
        now++;
        peers.tick();
        assertEquals(List.of(expected), List.copyOf(slots));
    }

    @Test
    void one_that_this_node_was_given_is_left_when_no_configuration_names_it() {
        peers.changed(() -> List.of(of(1, 2, 3)));
        assertAfterFarewell(2, 3);
        peers.changed(() -> List.of(of(1, 2)));
        assertAfterFarewell(2);
    }

    @Test
    void so_is_one_that_had_gone_before_this_node_was_started_again() {
        peers.changed(() -> List.of(of(1, 3, 4)));
        assertAfterFarewell(3, 4);
        peers.changed(() -> List.of(of(1, 3)));
        assertAfterFarewell(3);
    }

    @Test
    void one_that_is_named_again_is_a_peer_again() {
        peers.changed(() -> List.of(of(1, 2)));
        now += NamedPeers.FAREWELL_NANOS / 2;
        peers.changed(() -> List.of(of(1, 2), of(1, 2, 3)));
        assertAfterFarewell(2, 3);
        peers.changed(() -> List.of(of(1, 2)));
        assertAfterFarewell(2);
        peers.changed(() -> List.of(of(1, 2, 3)));
        assertAfterFarewell(2, 3);
    }

    /** It was promoted in one of two groups so far. */
    @Test
    void the_directory_that_any_group_names_is_the_one_that_is_talked_to() {
        Member unseen = new Member(2, "n2", Member.UNSEEN, Member.Role.LEARNER, "h:2");
        Member named2 = new Member(2, "n2", new UUID(0, 2), Member.Role.VOTER, "h:2");
        Members one = new Members(List.of(of(1).bySlot(1), unseen));
        Members other = new Members(List.of(of(1).bySlot(1), named2));
        for (List<Members> both : List.of(List.of(one, other), List.of(other, one))) {
            named.clear();
            peers.changed(() -> both);
            assertEquals(new UUID(0, 2), named.get(2).incarnation());
        }
    }

    @Test
    void nobody_is_left_while_a_group_has_no_configuration_or_none_is_open() {
        peers.changed(() -> List.of(of(1), Members.NOBODY));
        assertAfterFarewell(2, 3);
        peers.changed(() -> List.of());
        assertAfterFarewell(2, 3);
    }

    /** Two groups have changed: whoever looked first must not have the last word. */
    @Test
    void the_newest_configurations_count_whichever_thread_comes_last() {
        AtomicReference<Members> newest = new AtomicReference<>(of(1, 2, 3));
        Thread[] later = {null};
        peers.changed(() -> {
            Members seen = newest.get();
            newest.set(of(1, 2, 3, 4));
            later[0] = new Thread(() -> peers.changed(() -> List.of(newest.get())));
            later[0].start();
            joined(later[0], 100);
            return List.of(seen);
        });
        joined(later[0], 0);
        assertAfterFarewell(2, 3, 4);
    }

    private static void joined(Thread thread, long millis) {
        try {
            thread.join(millis);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** As two nodes may have got one when they were added at once, by different databases. */
    @Test
    void a_group_that_has_another_node_at_this_ones_slot_stops_here() {
        try (ReplicaNode node = new ReplicaNode(
                new MemoryEntryLog(), new Slots(), Timing.patient(1_000), System::nanoTime, new SplittableRandom(1))) {
            ListApplier mine = new ListApplier();
            node.openGroup(1, of(1, 2, 3), 1, 0, mine);
            ListApplier others = new ListApplier();
            Member another = new Member(1, "n4", Member.UNSEEN, Member.Role.VOTER, "h:4");
            node.openGroup(2, new Members(List.of(another, of(2).bySlot(2))), 1, 0, others);
            Await.until("it has stopped", () -> others.stopped() != null);
            assertTrue(
                    others.stopped().getMessage().contains("node n4"),
                    others.stopped().toString());
            assertNull(mine.stopped());
            assertNull(node.failure());
        }
    }
}
