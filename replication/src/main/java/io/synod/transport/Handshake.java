package io.synod.transport;

import io.synod.group.Member;
import io.synod.group.Members;
import java.io.IOException;
import java.util.UUID;

/** Decides whether a peer that says hello belongs to this cluster. Worded so that the text is true on both sides. */
final class Handshake {
    private final String clusterId;
    private final Members members;
    private final Member self;
    private final UUID incarnation;
    private final String clientAddress;
    private final PeerIdentities identities;

    Handshake(
            String clusterId,
            Members members,
            int selfSlot,
            UUID incarnation,
            String clientAddress,
            PeerIdentities identities) {
        this.clusterId = clusterId;
        this.members = members;
        this.self = members.bySlot(selfSlot);
        this.incarnation = incarnation;
        this.clientAddress = clientAddress;
        this.identities = identities;
    }

    Hello hello(Hello.Kind kind) {
        return new Hello(
                FrameCodec.VERSION,
                FrameCodec.VERSION,
                clusterId,
                Hello.describe(members),
                self.name(),
                self.slot(),
                incarnation,
                kind,
                clientAddress);
    }

    /** @return why this peer must not be talked to and what to do about it; {@code null} when it is welcome */
    String refusal(Hello theirs) throws IOException {
        if (theirs.minVersion() > FrameCodec.VERSION || theirs.maxVersion() < FrameCodec.VERSION) {
            return String.format(
                    "node %s speaks protocol version %d, node %s versions %d to %d: upgrade the older one",
                    self.name(), FrameCodec.VERSION, theirs.name(), theirs.minVersion(), theirs.maxVersion());
        }
        if (!theirs.clusterId().equals(clusterId)) {
            return String.format(
                    "node %s belongs to cluster '%s', node %s to cluster '%s': give all nodes of a cluster the same id,"
                            + " or correct the address in the list of peers",
                    self.name(), clusterId, theirs.name(), theirs.clusterId());
        }
        String ours = Hello.describe(members);
        if (!theirs.members().equals(ours)) {
            return String.format(
                    "node %s has the members %s, node %s has %s: start every node with the same names",
                    self.name(), ours, theirs.name(), theirs.members());
        }
        Member known = members.byName(theirs.name());
        if (known == null) {
            return String.format(
                    "node %s knows the members %s and not the name '%s': correct the name or the list of peers",
                    self.name(), ours, theirs.name());
        }
        if (known.slot() == self.slot()) {
            return String.format(
                    "two nodes call themselves '%s': give each its own name, and each address to one node",
                    self.name());
        }
        if (known.slot() != theirs.slot()) {
            return String.format(
                    "node %s has slot %d for node %s, which says %d: start every node with the same names",
                    self.name(), known.slot(), theirs.name(), theirs.slot());
        }
        return refusalOfIncarnation(known, theirs);
    }

    private String refusalOfIncarnation(Member known, Hello theirs) throws IOException {
        UUID expected = known.incarnation().equals(Member.UNSEEN)
                ? identities.firstSeen(theirs.name(), theirs.incarnation())
                : known.incarnation();
        if (expected.equals(theirs.incarnation())) {
            return null;
        }
        return String.format(
                "node %s knows node %s with the data directory %s, now it has %s: it has lost what it promised and must"
                        + " not vote; give it its old directory back, or remove it and add it under a new name",
                self.name(), theirs.name(), expected, theirs.incarnation());
    }
}
