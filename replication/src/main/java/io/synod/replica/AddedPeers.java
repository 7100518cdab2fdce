package io.synod.replica;

import io.synod.group.Member;
import io.synod.transport.Transport;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The peers that this node has because a configuration in the log of one of its groups names them. One that none names any more is
 * still talked to for a while, so that it can hear that it was removed. Thread-safe.
 */
final class AddedPeers {
    private static final long FAREWELL_NANOS = 30_000_000_000L;
    private static final long NAMED = Long.MAX_VALUE;

    private final Transport transport;
    private final LongSupplier nanoClock;
    /** By slot: when nobody named it any more, or {@link #NAMED}. */
    private final Map<Integer, Long> added = new HashMap<>();

    AddedPeers(Transport transport, LongSupplier nanoClock) {
        this.transport = transport;
        this.nanoClock = nanoClock;
    }

    synchronized void changed(Replica[] groups) {
        Map<Integer, Member> named = new HashMap<>();
        for (Replica group : groups) {
            for (Member member : group.members().all()) {
                named.put(member.slot(), member);
            }
        }
        for (Member member : named.values()) {
            transport.addPeer(member);
            added.put(member.slot(), NAMED);
        }
        long now = nanoClock.getAsLong();
        added.replaceAll((slot, since) -> named.containsKey(slot) ? NAMED : since == NAMED ? (Long) now : since);
    }

    synchronized void tick() {
        if (added.isEmpty()) {
            return;
        }
        long now = nanoClock.getAsLong();
        for (Iterator<Map.Entry<Integer, Long>> all = added.entrySet().iterator(); all.hasNext(); ) {
            Map.Entry<Integer, Long> peer = all.next();
            if (peer.getValue() != NAMED && now - peer.getValue() > FAREWELL_NANOS) {
                all.remove();
                transport.removePeer(peer.getKey());
            }
        }
    }
}
