package io.synod.engine.node;

import io.synod.group.Member;
import java.util.List;
import java.util.UUID;

/** What a node that was added, and has never run, hears from this one about its place. Thread-safe. */
final class JoinAnswers {
    private final NodeConfig config;
    private final IdentityFile identity;
    private final CurrentMembers members;

    JoinAnswers(NodeConfig config, IdentityFile identity, CurrentMembers members) {
        this.config = config;
        this.identity = identity;
        this.members = members;
    }

    /**
     * @param incarnation of the directory on which it runs
     * @return see {@link io.synod.engine.session.SessionFactory#joins}
     */
    String answer(String cluster, String node, UUID incarnation) {
        if (!cluster.equals(config.cluster())) {
            return Joining.REFUSED + "node " + config.name() + " belongs to cluster '" + config.cluster()
                    + "', and it to '" + cluster + "': give CLUSTER=" + config.cluster() + ", or correct PEERS";
        }
        // Committed: a slot must not become another node's after it was told.
        List<Member> known = members.committed();
        Member self = known.stream()
                .filter(member -> member.name().equals(node))
                .findFirst()
                .orElse(null);
        if (identity == null || self == null) {
            return "";
        }
        UUID seen = self.incarnation().equals(Member.UNSEEN) ? identity.seen(node, self.slot()) : self.incarnation();
        if (seen != null && !seen.equals(incarnation)) {
            return Joining.REFUSED + "node " + config.name() + " has met a node of this name with the data directory "
                    + seen
                    + ", and this one is " + incarnation + ": give it that directory back; or remove it, and add it"
                    + " again, for an empty directory";
        }
        return NodePlace.encode(known);
    }
}
