package io.synod.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.Message;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class SocketTransportTest {
    private record Received(int from, long group, Message message, boolean data) {}

    /** Remembers what it received; its data reader can be held. */
    private static class Inbox implements Transport.Receiver {
        final ConcurrentLinkedQueue<Received> received = new ConcurrentLinkedQueue<>();
        final ConcurrentLinkedQueue<Integer> down = new ConcurrentLinkedQueue<>();
        final Semaphore reading = new Semaphore(1);

        @Override
        public void onData(int fromSlot, long group, Message message, boolean more) {
            reading.acquireUninterruptibly();
            reading.release();
            received.add(new Received(fromSlot, group, message, true));
        }

        @Override
        public void onControl(int fromSlot, long group, Message message) {
            received.add(new Received(fromSlot, group, message, false));
        }

        @Override
        public void onPeerDown(int slot) {
            down.add(slot);
        }
    }

    private final List<ServerSocket> listeners = new ArrayList<>();
    private final List<SocketTransport> transports = new ArrayList<>();

    @AfterEach
    void closeAll() {
        transports.forEach(SocketTransport::close);
    }

    private Members members(String... names) throws IOException {
        List<Member> all = new ArrayList<>();
        for (int i = 0; i < names.length; i++) {
            ServerSocket listener = SocketTransport.listen("127.0.0.1:0");
            listeners.add(listener);
            all.add(new Member(
                    i + 1, names[i], Member.UNSEEN, Member.Role.VOTER, "127.0.0.1:" + listener.getLocalPort()));
        }
        return new Members(all);
    }

    private SocketTransport start(String cluster, Members members, int slot, UUID incarnation, Inbox inbox)
            throws IOException {
        return start(cluster, members, slot, incarnation, inbox, null, PeerIdentities.inMemory());
    }

    private SocketTransport start(
            String cluster,
            Members members,
            int slot,
            UUID incarnation,
            Inbox inbox,
            ForeignProtocol foreign,
            PeerIdentities identities)
            throws IOException {
        ServerSocket listener = listeners.get(slot - 1);
        if (listener.isClosed()) {
            listener = SocketTransport.listen(members.bySlot(slot).address());
        }
        SocketTransport transport = made(cluster, members, slot, incarnation, listener, foreign, identities);
        transport.start(inbox);
        return transport;
    }

    private SocketTransport made(
            String cluster,
            Members members,
            int slot,
            UUID incarnation,
            ServerSocket listener,
            ForeignProtocol foreign,
            PeerIdentities identities) {
        SocketTransport transport = new SocketTransport(
                new SocketTransport.Identity(cluster, members, slot, incarnation),
                listener,
                foreign,
                identities,
                System::nanoTime,
                new Random(slot));
        transports.add(transport);
        return transport;
    }

    private static void until(String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - start < 60_000_000_000L, "not within 60 s: " + what);
            LockSupport.parkNanos(500_000L);
        }
    }

    private static Message.Accept accept(long seq, int bytes) {
        return new Message.Accept(1, 0, 0, List.of(new Entry(1, 1, EntryKind.DATA, new byte[bytes])), 0, 0, seq, 0, 0);
    }

    private static UUID id(int n) {
        return new UUID(0, n);
    }

    /** Whoever does not know yet whether what it says counts. It dials b, and a dials it. */
    @Test
    void a_quiet_one_neither_says_nor_hears_anything_until_it_speaks_but_serves_others() throws Exception {
        Members members = members("a", "q", "b");
        Inbox a = new Inbox();
        Inbox q = new Inbox();
        Inbox b = new Inbox();
        PeerIdentities met = PeerIdentities.inMemory();
        SocketTransport quiet = made(
                "c",
                members,
                2,
                id(2),
                listeners.get(1),
                (socket, in) -> {
                    socket.getOutputStream().write(in.readNBytes(4));
                    return false;
                },
                met);
        quiet.quiet();
        SocketTransport first = start("c", members, 1, id(1), a);
        SocketTransport last = start("c", members, 3, id(3), b);
        quiet.start(q);
        until("those that speak are connected", () -> first.connected(3) && last.connected(1));
        // What it was dialled with is dropped, again and again.
        until("it was dialled", () -> a.down.stream().filter(slot -> slot == 2).count() > 1);
        try (Socket other = new Socket()) {
            other.connect(listeners.get(1).getLocalSocketAddress());
            other.getOutputStream().write("abcd".getBytes(StandardCharsets.US_ASCII));
            assertEquals("abcd", new String(other.getInputStream().readNBytes(4), StandardCharsets.US_ASCII));
        }
        assertFalse(quiet.sendData(3, 1, accept(1, 10)));
        assertFalse(quiet.connected(1) || quiet.connected(3) || first.connected(2) || last.connected(2));
        assertEquals(id(9), met.firstSeen("a", id(9)), "it has met nobody");
        quiet.speak();
        until("it is connected to b", () -> quiet.connected(3) && last.connected(2));
    }

    /** Such as no memory for a large frame. */
    @Test
    void connection_whose_reader_ended_by_an_error_is_made_again() throws Exception {
        Members members = members("a", "b");
        AtomicBoolean fails = new AtomicBoolean();
        Inbox dialling = new Inbox() {
            @Override
            public void onControl(int fromSlot, long group, Message message) {
                if (fails.getAndSet(false)) {
                    throw new OutOfMemoryError("in this test");
                }
                super.onControl(fromSlot, group, message);
            }
        };
        SocketTransport ta = start("c", members, 1, id(1), dialling);
        SocketTransport tb = start("c", members, 2, id(2), new Inbox());
        until("connected", () -> ta.connected(2) && tb.connected(1));
        fails.set(true);
        until("it failed", () -> {
            tb.sendControl(1, 3, new Message.ReadIndex(5));
            return !fails.get();
        });
        until("connected again", () -> {
            tb.sendControl(1, 3, new Message.ReadIndex(6));
            return !dialling.received.isEmpty();
        });
    }

    /** So that who reads them can write what they bring with one force. */
    @Test
    void what_was_held_arrives_at_once() throws Exception {
        Members members = members("a", "b");
        List<Boolean> more = new CopyOnWriteArrayList<>();
        Inbox b = new Inbox() {
            @Override
            public void onData(int fromSlot, long group, Message message, boolean another) {
                more.add(another);
                super.onData(fromSlot, group, message, another);
            }
        };
        SocketTransport ta = start("c", members, 1, id(1), new Inbox());
        SocketTransport tb = start("c", members, 2, id(2), b);
        until("connected", () -> ta.connected(2) && tb.connected(1));
        ta.holdData();
        for (int group = 1; group <= 3; group++) {
            assertTrue(ta.sendData(2, group, accept(group, 100)));
        }
        // Has another connection, and so is no barrier; but what leaves at once would mostly be there before it.
        ta.sendControl(2, 9, new Message.ReadIndex(5));
        until("what was not held is there", () -> !b.received.isEmpty());
        assertEquals(List.of(), more);
        ta.releaseData();
        until("what was held is there", () -> b.received.size() == 4);
        assertEquals(List.of(true, true, false), more);
        assertTrue(ta.sendData(2, 4, accept(4, 100)));
        until("what comes behind is not held", () -> b.received.size() == 5);
        assertEquals(
                List.of(1L, 2L, 3L, 4L),
                b.received.stream().filter(Received::data).map(Received::group).toList());
    }

    @Test
    void messages_arrive_in_order_on_both_connections() throws Exception {
        Members members = members("a", "b");
        Inbox a = new Inbox();
        Inbox b = new Inbox();
        SocketTransport ta = start("c", members, 1, id(1), a);
        SocketTransport tb = start("c", members, 2, id(2), b);
        until("connected", () -> ta.connected(2) && tb.connected(1));
        for (int i = 0; i < 200; i++) {
            assertTrue(ta.sendData(2, 9, accept(i, i * 100)));
        }
        tb.sendControl(1, 3, new Message.ReadIndex(5));
        ta.sendControl(
                2, List.of(new Envelope(4, new Message.ReadIndex(6)), new Envelope(5, new Message.ReadIndex(7))));
        until("all has arrived", () -> b.received.size() == 202 && a.received.size() == 1);
        assertEquals(new Received(2, 3, new Message.ReadIndex(5), false), a.received.peek());
        List<Received> data = b.received.stream().filter(Received::data).toList();
        for (int i = 0; i < 200; i++) {
            assertEquals(i, ((Message.Accept) data.get(i).message()).seq());
        }
        assertEquals(
                List.of(4L, 5L),
                b.received.stream().filter(r -> !r.data()).map(Received::group).toList());
    }

    @Test
    void peer_that_went_away_is_reported_and_connected_again_when_it_returns() throws Exception {
        Members members = members("a", "b");
        Inbox a = new Inbox();
        SocketTransport ta = start("c", members, 1, id(1), a);
        SocketTransport tb = start("c", members, 2, id(2), new Inbox());
        until("connected", () -> ta.connected(2) && tb.connected(1));
        int before = a.down.size();
        tb.close();
        until("told", () -> a.down.size() > before && !ta.connected(2));
        Inbox again = new Inbox();
        SocketTransport back = start("c", members, 2, id(2), again);
        until("connected again", () -> ta.connected(2) && back.connected(1));
        assertTrue(ta.sendData(2, 1, accept(1, 10)));
        until("arrived", () -> again.received.size() == 1);
    }

    @Test
    void peer_that_does_not_read_never_blocks_the_sender_and_gets_what_fits_the_window() throws Exception {
        Members members = members("a", "b");
        Inbox b = new Inbox();
        SocketTransport ta = start("c", members, 1, id(1), new Inbox());
        SocketTransport tb = start("c", members, 2, id(2), b);
        until("connected", () -> ta.connected(2) && tb.connected(1));
        b.reading.acquireUninterruptibly();
        int taken = 0;
        // One that waited for the reader would never return.
        for (int i = 0; i < 400; i++) {
            taken += ta.sendData(2, 1, accept(i, 50_000)) ? 1 : 0;
        }
        assertTrue(taken < 200, taken + " sends of 50 kB went into a window of 4 MiB");
        assertTrue(taken > 50, "only " + taken + " sends were taken");
        ta.sendControl(2, 1, new Message.ReadIndex(1));
        until("control passes meanwhile", () -> b.received.stream().anyMatch(r -> !r.data()));
        b.reading.release();
        int all = taken;
        until(
                "what was taken arrives",
                () -> b.received.stream().filter(Received::data).count() == all);
        until("the window opens again", () -> ta.sendData(2, 1, accept(1000, 10)));
    }

    @Test
    void foreign_cluster_is_refused_with_both_ids_in_the_text() throws Exception {
        assertRefused(
                new Hello(1, 1, "other", "1=a,2=b", "b", 2, id(2), Hello.Kind.DATA, ""), "'c'", "'other'", "same id");
    }

    @Test
    void other_list_of_members_is_refused_with_both_lists() throws Exception {
        assertRefused(
                new Hello(1, 1, "c", "1=a,2=x", "b", 2, id(2), Hello.Kind.DATA, ""),
                "1=a,2=b",
                "1=a,2=x",
                "same names");
    }

    @Test
    void unknown_name_wrong_slot_and_own_name_are_refused() throws Exception {
        assertRefused(new Hello(1, 1, "c", "1=a,2=b", "z", 2, id(2), Hello.Kind.DATA, ""), "'z'", "1=a,2=b");
        assertRefused(new Hello(1, 1, "c", "1=a,2=b", "b", 3, id(2), Hello.Kind.DATA, ""), "slot 2", "says 3");
        assertRefused(new Hello(1, 1, "c", "1=a,2=b", "a", 1, id(2), Hello.Kind.DATA, ""), "two nodes", "'a'");
    }

    @Test
    void version_that_nobody_shares_is_refused() throws Exception {
        assertRefused(
                new Hello(7, 9, "c", "1=a,2=b", "b", 2, id(2), Hello.Kind.DATA, ""), "versions 7 to 9", "upgrade");
    }

    private static Handshake handshake(Members members, PeerIdentities known) {
        Map<Integer, Peer> peers = new HashMap<>();
        for (Member member : members.all()) {
            if (member.slot() != 1) {
                peers.put(member.slot(), new Peer(member, false));
            }
        }
        return new Handshake(new SocketTransport.Identity("c", members, 1, id(1)), peers, known);
    }

    @Test
    void node_that_was_added_connects_and_is_refused_when_it_is_removed() throws Exception {
        Members three = members("a", "b", "c");
        Members two = new Members(three.all().subList(0, 2));
        Inbox a = new Inbox();
        Inbox c = new Inbox();
        SocketTransport ta = start("c", two, 1, id(1), a);
        SocketTransport tc = new SocketTransport(
                new SocketTransport.Identity("c", three, 3, id(3), "", true),
                listeners.get(2),
                null,
                PeerIdentities.inMemory(),
                System::nanoTime,
                new Random(3));
        transports.add(tc);
        tc.start(c);
        assertFalse(ta.connected(3));
        Member wrong =
                new Member(3, "c", id(9), Member.Role.LEARNER, three.bySlot(3).address());
        ta.addPeer(wrong);
        Member right = new Member(3, "c", id(3), Member.Role.LEARNER, wrong.address());
        ta.addPeer(right);
        until("connected", () -> ta.connected(3) && tc.connected(1));
        ta.addPeer(new Member(3, "c", id(3), Member.Role.VOTER, wrong.address()));
        assertTrue(ta.connected(3), "a promotion breaks nothing");
        until("both ways", () -> {
            ta.sendControl(3, 1, new Message.ReadIndex(1));
            tc.sendControl(1, 1, new Message.ReadIndex(2));
            return !a.received.isEmpty() && !c.received.isEmpty();
        });
        ta.removePeer(3);
        until("closed on both sides", () -> !ta.connected(3) && !tc.connected(1));
        ta.removePeer(2);
        assertEquals(List.of(), List.copyOf(ta.peers()), "one of those that began is removed like any other");
        until(
                "nobody dials them",
                () -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().startsWith("synod-peer-b-")
                                || thread.getName().startsWith("synod-peer-c-")));
        assertFalse(ta.sendData(3, 1, accept(1, 1)));
        ta.addPeer(right);
        until("connected again", () -> ta.connected(3) && tc.connected(1));
    }

    /** What it has said so far it said as somebody else, whose promises it does not have. */
    @Test
    void connection_of_another_directory_than_the_log_names_by_now_is_dropped_and_not_made_again() throws Exception {
        Members three = members("a", "b", "c");
        SocketTransport ta = start("c", new Members(three.all().subList(0, 2)), 1, id(1), new Inbox());
        SocketTransport tb = start("c", new Members(three.all().subList(0, 2)), 2, id(2), new Inbox());
        SocketTransport tc = new SocketTransport(
                new SocketTransport.Identity("c", three, 3, id(3), "", true),
                listeners.get(2),
                null,
                PeerIdentities.inMemory(),
                System::nanoTime,
                new Random(3));
        transports.add(tc);
        tc.start(new Inbox());
        Map<Integer, SocketTransport> peers = Map.of(2, tb, 3, tc);
        for (int slot : List.of(2, 3)) {
            Member member = three.bySlot(slot);
            ta.addPeer(member);
            until(
                    "connected to " + slot,
                    () -> ta.connected(slot) && peers.get(slot).connected(1));
            Member right = new Member(slot, member.name(), id(slot), Member.Role.VOTER, member.address());
            ta.addPeer(right);
            assertTrue(ta.connected(slot), "it is the one that it was taken for");
            ta.addPeer(new Member(slot, member.name(), id(9), Member.Role.VOTER, member.address()));
            // One that was being made may stand for a moment before it is dropped as well.
            long[] since = {System.nanoTime()};
            until("dropped by both, and not made again", () -> {
                if (ta.connected(slot) || peers.get(slot).connected(1)) {
                    since[0] = System.nanoTime();
                }
                return System.nanoTime() - since[0] > 200_000_000L;
            });
            ta.addPeer(right);
            until(
                    "connected again to " + slot,
                    () -> ta.connected(slot) && peers.get(slot).connected(1));
        }
    }

    /** It reads several messages at once; what is left of them was said by somebody who is no peer any more. */
    @Test
    void nothing_more_is_delivered_of_a_bundle_whose_first_message_has_ended_its_connection() throws Exception {
        Members two = members("a", "b");
        SocketTransport[] receiving = new SocketTransport[1];
        AtomicBoolean ended = new AtomicBoolean();
        Inbox a = new Inbox() {
            @Override
            public void onPeerDown(int slot) {
                if (Thread.currentThread().getName().endsWith("-control")) {
                    ended.set(!received.isEmpty());
                }
            }

            @Override
            public void onControl(int fromSlot, long group, Message message) {
                super.onControl(fromSlot, group, message);
                receiving[0].addPeer(new Member(
                        2, "b", id(9), Member.Role.VOTER, two.bySlot(2).address()));
            }
        };
        receiving[0] = start("c", two, 1, id(1), a);
        SocketTransport tb = start("c", two, 2, id(2), new Inbox());
        until("connected", () -> receiving[0].connected(2) && tb.connected(1));
        until("heard", () -> {
            tb.sendControl(
                    1,
                    List.of(
                            new Envelope(1, new Message.ReadIndex(1)),
                            new Envelope(1, new Message.ReadIndex(2)),
                            new Envelope(1, new Message.ReadIndex(3))));
            return !a.received.isEmpty();
        });
        until("nobody reads it any more", ended::get);
        assertEquals(1, a.received.size(), a.received::toString);
    }

    private void assertRefused(Hello hello, String... words) throws Exception {
        Members members = new Members(List.of(
                new Member(1, "a", Member.UNSEEN, Member.Role.VOTER, "h:1"),
                new Member(2, "b", Member.UNSEEN, Member.Role.VOTER, "h:2")));
        String refusal = handshake(members, PeerIdentities.inMemory()).refusal(hello);
        for (String word : words) {
            assertTrue(refusal != null && refusal.contains(word), refusal + " should contain " + word);
        }
    }

    @Test
    void clusters_with_different_ids_do_not_connect_over_the_wire() throws Exception {
        Members members = members("a", "b");
        Inbox a = new Inbox();
        Inbox b = new Inbox();
        SocketTransport ta = start("one", members, 1, id(1), a);
        SocketTransport tb = start("two", members, 2, id(2), b);
        // The dialler has given up its first attempt once it has been refused; send as long as that may take.
        long start = System.nanoTime();
        while (System.nanoTime() - start < 300_000_000L) {
            ta.sendControl(2, 1, new Message.ReadIndex(1));
            tb.sendControl(1, 1, new Message.ReadIndex(1));
            LockSupport.parkNanos(1_000_000L);
        }
        assertFalse(ta.connected(2) || tb.connected(1));
        assertTrue(a.received.isEmpty() && b.received.isEmpty());
    }

    @Test
    void node_that_comes_back_with_another_directory_is_refused() throws Exception {
        Members members = members("a", "b");
        PeerIdentities known = PeerIdentities.inMemory();
        assertEquals(id(2), known.firstSeen("b", id(2)));
        Handshake handshake = handshake(members, known);
        assertNull(handshake.refusal(new Hello(1, 1, "c", "1=a,2=b", "b", 2, id(2), Hello.Kind.DATA, "")));
        String refusal = handshake.refusal(new Hello(1, 1, "c", "1=a,2=b", "b", 2, id(3), Hello.Kind.DATA, ""));
        assertTrue(refusal.contains(id(2).toString()) && refusal.contains(id(3).toString()), refusal);
    }

    @Test
    void directory_that_has_the_place_of_another_one_is_met_by_its_slot_and_the_old_one_is_told() throws Exception {
        Members members = members("a", "b");
        PeerIdentities known = PeerIdentities.inMemory();
        known.firstSeen("b", id(2));
        Map<Integer, Peer> peers = new HashMap<>();
        peers.put(2, new Peer(members.bySlot(2), false));
        peers.put(5, new Peer(new Member(5, "b", id(5), Member.Role.LEARNER, "h:2"), true));
        Handshake handshake = new Handshake(new SocketTransport.Identity("c", members, 1, id(1)), peers, known);
        Hello old = new Hello(1, 1, "c", "1=a,2=b", "b", 2, id(2), Hello.Kind.DATA, "");
        assertNull(handshake.refusal(new Hello(1, 1, "c", "1=a,5=b", "b", 5, id(5), Hello.Kind.DATA, "")));
        assertNull(handshake.refusal(old), "in some groups it is still a member");
        peers.remove(2);
        String refusal = handshake.refusal(old);
        assertTrue(refusal.contains("lost its place to another directory"), refusal);
    }

    @Test
    void identities_of_peers_survive_a_restart_and_damage_is_named(@TempDir Path dir) throws Exception {
        Path file = dir.resolve("peers");
        assertEquals(id(2), PeerIdentities.in(file).firstSeen("b", id(2)));
        assertEquals(id(3), PeerIdentities.in(file).firstSeen("c", id(3)));
        PeerIdentities again = PeerIdentities.in(file);
        assertEquals(id(2), again.firstSeen("b", id(9)));
        assertEquals(id(3), again.firstSeen("c", id(9)));
        Files.writeString(file, "b what");
        IOException e = assertThrows(IOException.class, () -> PeerIdentities.in(file));
        assertTrue(e.getMessage().contains("b what"), e.getMessage());
    }

    @Test
    void garbage_on_the_port_is_dropped_and_does_no_harm() throws Exception {
        Members members = members("a", "b");
        SocketTransport ta = start("c", members, 1, id(1), new Inbox());
        int port = listeners.get(0).getLocalPort();
        Random random = new Random(5);
        for (int i = 0; i < 20; i++) {
            byte[] garbage = new byte[1 + random.nextInt(3000)];
            random.nextBytes(garbage);
            if (i % 2 == 0 && garbage.length > 4) {
                // A peer's magic, then garbage.
                garbage[0] = 'S';
                garbage[1] = 'Y';
                garbage[2] = 'N';
                garbage[3] = 'D';
            }
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress("127.0.0.1", port));
                socket.getOutputStream().write(garbage);
                socket.shutdownOutput();
                try {
                    assertEquals(-1, socket.getInputStream().read());
                } catch (IOException reset) {
                    assertTrue(reset.getMessage().contains("reset"), reset.getMessage());
                }
            }
        }
        SocketTransport tb = start("c", members, 2, id(2), new Inbox());
        until("peers connect all the same", () -> ta.connected(2) && tb.connected(1));
    }

    @Test
    void another_protocol_gets_its_connections_with_the_first_bytes_in_front() throws Exception {
        Members members = members("a");
        ForeignProtocol echo = (socket, in) -> {
            socket.getOutputStream().write(in.readNBytes(9));
            return false;
        };
        start("c", members, 1, id(1), new Inbox(), echo, PeerIdentities.inMemory());
        try (Socket socket = new Socket("127.0.0.1", listeners.get(0).getLocalPort())) {
            socket.getOutputStream().write("GET / abc".getBytes(StandardCharsets.US_ASCII));
            assertEquals("GET / abc", new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
        }
    }

    @Test
    void port_in_use_is_named_in_the_error() throws Exception {
        ServerSocket first = SocketTransport.listen("127.0.0.1:0");
        listeners.add(first);
        String address = "127.0.0.1:" + first.getLocalPort();
        IOException e = assertThrows(IOException.class, () -> SocketTransport.listen(address));
        assertTrue(e.getMessage().contains(address) && e.getMessage().contains("another port"), e.getMessage());
        first.close();
    }

    @Test
    void malformed_addresses_are_errors_that_name_them() {
        for (String bad : List.of("host", ":1", "host:port", "host:70000", "no.such.host.invalid:1")) {
            IOException e = assertThrows(IOException.class, () -> SocketTransport.parse(bad), bad);
            assertTrue(e.getMessage().contains(bad), e.getMessage());
        }
    }
}
