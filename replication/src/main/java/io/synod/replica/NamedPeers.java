package io.synod.replica;

import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.transport.Transport;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The peers that this node has because a configuration in the log of one of its groups names them. One that none names any more is
 * still talked to for a while, so that it can hear that it was removed; so is one that this node was given when it began. Not so where
 * another directory has its name by now: that one is at its address. Thread-safe.
 */
final class NamedPeers {
    static final long FAREWELL_NANOS = 300_000_000_000L;

    private final Transport transport;
    private final LongSupplier nanoClock;
    /** By slot: since when nobody names it. */
    private final Map<Integer, Long> unnamed = new HashMap<>();

    NamedPeers(Transport transport, LongSupplier nanoClock) {
        this.transport = transport;
        this.nanoClock = nanoClock;
    }

    /** @param look gives the configurations of all groups that are open; asked here, so that the last one to come knows the newest */
    synchronized void changed(Supplier<Collection<Members>> look) {
        Collection<Members> configurations = look.get();
        Map<Integer, Member> named = new HashMap<>();
        // One that has none yet gets it from any of those that this node was given.
        boolean all = !configurations.isEmpty();
        for (Members members : configurations) {
            all &= !members.all().isEmpty();
            for (Member member : members.all()) {
                named.merge(member.slot(), member, (a, b) -> b.incarnation().equals(Member.UNSEEN) ? a : b);
            }
        }
        named.values().forEach(transport::addPeer);
        long now = nanoClock.getAsLong();
        for (int slot : transport.peers()) {
            if (all && !named.containsKey(slot) && isTaken(transport.peerName(slot), slot, named)) {
                unnamed.remove(slot);
                transport.removePeer(slot);
            } else if (all && !named.containsKey(slot)) {
                unnamed.putIfAbsent(slot, now);
            } else {
                unnamed.remove(slot);
            }
        }
    }

    private static boolean isTaken(String name, int slot, Map<Integer, Member> named) {
        return named.values().stream().anyMatch(member -> member.name().equals(name) && member.slot() > slot);
    }

    synchronized void tick() {
        if (unnamed.isEmpty()) {
            return;
        }
        long now = nanoClock.getAsLong();
        for (Iterator<Map.Entry<Integer, Long>> peers = unnamed.entrySet().iterator(); peers.hasNext(); ) {
            Map.Entry<Integer, Long> peer = peers.next();
            if (now - peer.getValue() > FAREWELL_NANOS) {
                peers.remove();
                transport.removePeer(peer.getKey());
            }
        }
    }
}
