package io.synod.engine.node;

import io.synod.group.Epoch;
import io.synod.group.Invariant;
import io.synod.group.Member;
import io.synod.group.Members;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A node's place in its cluster. It is given once, when the directory is made, and stays with that: the slots that a node and those who
 * began with it have are never counted anew, whatever PEERS says later. Who belongs to a group by now stands in its log.
 *
 * @param known this node and the others that it knew when it began, or when it joined
 * @param slot of this node, the same in all its groups
 * @param joined whether it was added to a cluster that others began
 */
record NodePlace(Members known, int slot, boolean joined) {
    /** Of a node that begins a cluster, alone or with its PEERS: slots by sorted names, so that all give the same ones. */
    static NodePlace beginning(NodeConfig config) {
        return new NodePlace(
                config.members(), config.members().byName(config.name()).slot(), false);
    }

    /** With which members a group begins here that has no log yet. */
    Members bootstrap() {
        return joined ? Members.NOBODY : known;
    }

    /** The same with the addresses that these have. */
    NodePlace at(Members addresses) {
        List<Member> moved = new ArrayList<>();
        for (Member member : known.all()) {
            Member now = addresses.byName(member.name());
            moved.add(member(member.slot(), member.name(), now == null ? member.address() : now.address()));
        }
        return new NodePlace(new Members(moved), slot, joined);
    }

    private static Member member(int slot, String name, String address) {
        return new Member(slot, name, Member.UNSEEN, Member.Role.VOTER, address);
    }

    /** {@code 1=a@host:port,2=b@host:port}; each name once. */
    static String encode(List<Member> members) {
        return members.stream()
                .map(member -> member.slot() + "=" + member.name() + "@" + member.address())
                .collect(Collectors.joining(","));
    }

    /** @throws IllegalArgumentException when the text is none of {@link #encode} */
    static Members decode(String text) {
        List<Member> members = new ArrayList<>();
        for (String each : text.split(",", -1)) {
            int is = each.indexOf('=');
            int at = each.indexOf('@');
            int slot = is < 1 ? 0 : Integer.parseInt(each.substring(0, is));
            if (slot < 1 || slot >= Epoch.SLOT_MAX || at < is + 2) {
                throw new IllegalArgumentException("members '" + text + "', expected SLOT=NAME@HOST:PORT,...");
            }
            members.add(member(slot, each.substring(is + 1, at), each.substring(at + 1)));
        }
        try {
            return new Members(members);
        } catch (Invariant.Violation e) {
            throw new IllegalArgumentException("members '" + text + "': " + e.getMessage(), e);
        }
    }
}
