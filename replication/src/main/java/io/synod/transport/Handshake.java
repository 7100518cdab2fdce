package io.synod.transport;

import io.synod.group.Member;
import java.io.IOException;
import java.util.Map;
import java.util.UUID;

/** Decides whether a peer that says hello belongs to this cluster. Worded so that the text is true on both sides. */
final class Handshake {
    private final SocketTransport.Identity identity;
    private final Map<Integer, Peer> peers;
    private final Member self;
    private final PeerIdentities identities;

    /** @param peers by slot; they come and go */
    Handshake(SocketTransport.Identity identity, Map<Integer, Peer> peers, PeerIdentities identities) {
        this.identity = identity;
        this.peers = peers;
        this.self = identity.self();
        this.identities = identities;
    }

    Hello hello(Hello.Kind kind) {
        return new Hello(
                FrameCodec.VERSION,
                FrameCodec.VERSION,
                identity.clusterId(),
                Hello.describe(identity.members()),
                self.name(),
                self.slot(),
                identity.incarnation(),
                kind,
                identity.clientAddress());
    }

    /** @return why this peer must not be talked to and what to do about it; {@code null} when it is welcome */
    String refusal(Hello theirs) throws IOException {
        if (theirs.minVersion() > FrameCodec.VERSION || theirs.maxVersion() < FrameCodec.VERSION) {
            return String.format(
                    "node %s speaks protocol version %d, node %s versions %d to %d: upgrade the older one",
                    self.name(), FrameCodec.VERSION, theirs.name(), theirs.minVersion(), theirs.maxVersion());
        }
        if (!theirs.clusterId().equals(identity.clusterId())) {
            return String.format(
                    "node %s belongs to cluster '%s', node %s to cluster '%s': give all nodes of a cluster the same id,"
                            + " or correct the address in the list of peers",
                    self.name(), identity.clusterId(), theirs.name(), theirs.clusterId());
        }
        String ours = Hello.describe(identity.members());
        Peer peer = find(theirs);
        // Whoever began the cluster has to begin it with the same members; who comes later is told of them by the log.
        boolean later = identity.joins() || peer != null && peer.added;
        if (!later && !theirs.members().equals(ours)) {
            return String.format(
                    "node %s has the members %s, node %s has %s: start every node with the same names",
                    self.name(), ours, theirs.name(), theirs.members());
        }
        if (theirs.name().equals(self.name())) {
            return String.format(
                    "two nodes call themselves '%s': give each its own name, and each address to one node",
                    self.name());
        }
        if (peer == null) {
            return String.format(
                    "node %s knows the members %s and not the name '%s': correct the name or the list of peers",
                    self.name(), ours, theirs.name());
        }
        Member known = peer.member;
        if (known.slot() > theirs.slot() && peer.added) {
            return String.format(
                    "node %s has lost its place to another directory of that name: by what node %s knows it has slot %d by now, and not"
                            + " %d; nothing is missing here, and the old directory is not needed any more",
                    theirs.name(), self.name(), known.slot(), theirs.slot());
        }
        if (known.slot() != theirs.slot()) {
            return String.format(
                    "node %s has slot %d for node %s, which says %d: start every node with the same names (where another directory has"
                            + " taken its place, this passes when the log is open that says so)",
                    self.name(), known.slot(), theirs.name(), theirs.slot());
        }
        return refusalOfIncarnation(known, theirs);
    }

    /** By its slot, or else the newest one of its name. */
    private Peer find(Hello theirs) {
        Peer found = peers.get(theirs.slot());
        if (found != null && found.member.name().equals(theirs.name())) {
            return found;
        }
        found = null;
        for (Peer peer : peers.values()) {
            if (peer.member.name().equals(theirs.name())
                    && (found == null || peer.member.slot() > found.member.slot())) {
                found = peer;
            }
        }
        return found;
    }

    private String refusalOfIncarnation(Member known, Hello theirs) throws IOException {
        UUID expected = known.incarnation().equals(Member.UNSEEN)
                ? identities.firstSeen(theirs.name(), theirs.slot(), theirs.incarnation())
                : known.incarnation();
        if (expected.equals(theirs.incarnation())) {
            return null;
        }
        return String.format(
                "node %s knows node %s with the data directory %s, now it has %s: it has lost what it promised and must"
                        + " not vote; give it its old directory back, or start it with an empty one, so that it comes back as a new"
                        + " member",
                self.name(), theirs.name(), expected, theirs.incarnation());
    }
}
