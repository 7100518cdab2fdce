package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.replica.ReplicatedLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What this node answers one whose directory is empty, or was damaged. Thread-safe. */
final class ReturnAnswers {
    private static final Logger LOG = LoggerFactory.getLogger(ReturnAnswers.class);

    private final NodeConfig config;
    private final NodePlace place;
    private final IdentityFile identity;
    private final MemberChanges changes;
    private final Supplier<Map<String, ReplicatedLog>> logs;
    private volatile String lastStranger = "";

    ReturnAnswers(
            NodeConfig config,
            NodePlace place,
            IdentityFile identity,
            MemberChanges changes,
            Supplier<Map<String, ReplicatedLog>> logs) {
        this.config = config;
        this.place = place;
        this.identity = identity;
        this.changes = changes;
        this.logs = logs;
    }

    /** @return see {@link io.synod.engine.session.SessionFactory#returns} */
    String answer(String cluster, String node, UUID incarnation, String address) {
        if (!cluster.equals(config.cluster())) {
            String why = "node " + config.name() + " belongs to cluster '" + config.cluster() + "', and node " + node
                    + " to cluster '" + cluster + "': give CLUSTER=" + config.cluster() + ", or correct PEERS";
            if (!why.equals(lastStranger)) {
                // It asks again and again.
                lastStranger = why;
                LOG.warn("a node with an empty directory was refused: {}", why);
            }
            return Joining.REFUSED + why;
        }
        if (identity == null || node.equals(config.name())) {
            return "";
        }
        if (address.isEmpty()) {
            return encoded(standing(node, incarnation), incarnation, node);
        }
        if (!config.replaces()) {
            return Joining.REFUSED + "node " + config.name() + " has REPLACE=MANUAL: have it removed"
                    + " (SYNOD.MEMBER_REMOVE('" + node + "')) and added (SYNOD.MEMBER_ADD('" + node + "@" + address
                    + "')), and start it on an empty directory with JOIN=TRUE";
        }
        String why = changes.replace(node, incarnation);
        Standing standing = standing(node, incarnation);
        return encoded(standing == null ? null : standing.because(why), incarnation, node);
    }

    private static String encoded(Standing standing, UUID incarnation, String node) {
        return standing == null ? "" : standing.encode(incarnation, node);
    }

    /** @return {@code null} where this node cannot tell yet */
    private Standing standing(String node, UUID incarnation) {
        List<Standing.Other> others = new ArrayList<>();
        // By name: while some groups have its old directory and some the new one, it has two slots.
        Map<String, Member> members = new TreeMap<>();
        boolean established = false;
        boolean known = false;
        boolean member = false;
        int still = 0;
        for (Map.Entry<String, ReplicatedLog> each : logs.get().entrySet()) {
            ReplicatedLog log = each.getValue();
            Members committed = log.committedMembers();
            established |= log.durableIndex() > 0 || log.commitIndex() > 0;
            known |= !committed.all().isEmpty();
            for (Member of : committed.all()) {
                members.merge(of.name(), of, (a, b) -> a.slot() > b.slot() ? a : b);
            }
            Member named = committed.byName(node);
            member |= named != null;
            UUID directory = named == null ? null : directory(named);
            if (directory == null || directory.equals(incarnation)) {
                // One that this node has not heard of itself counts on whoever was there.
                still += named != null || committed.all().isEmpty() ? 1 : 0;
            } else {
                others.add(new Standing.Other(
                        HostedDatabase.groupId(each.getKey()),
                        named.role().votes(),
                        named.slot(),
                        !named.incarnation().equals(Member.UNSEEN)));
            }
        }
        if (!known) {
            // Its databases are not open yet, or it waits to hear of them itself.
            Member named = place.known().byName(node);
            UUID directory = named == null ? null : directory(named);
            if (directory == null || directory.equals(incarnation)) {
                return null;
            }
            others.add(new Standing.Other(0, named.role().votes(), named.slot(), false));
        }
        boolean removed = known && !member && identity.knows(node, place);
        return new Standing(
                established,
                identity.hasMet(node, incarnation),
                removed,
                others,
                List.copyOf(members.values()),
                still,
                "");
    }

    /** @return {@code null} where this node has not met it */
    private UUID directory(Member member) {
        return member.incarnation().equals(Member.UNSEEN)
                ? identity.seen(member.name(), member.slot())
                : member.incarnation();
    }
}
