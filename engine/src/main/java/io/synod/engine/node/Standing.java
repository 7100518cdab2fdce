package io.synod.engine.node;

import io.synod.group.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * What one node knows of the name of another one that asks, and of the directory with which it asks.
 *
 * @param established whether this node's logs have entries
 * @param met whether this node has written down that it met the very directory
 * @param removed whether it was a member, and is one of no group any more
 * @param others groups in which its name belongs to another directory
 * @param members all that are committed, with this directory among them; empty where it is none
 * @param still in how many groups its name may yet be the very directory, or some other that nobody has met
 * @param why what it asked for is not done; empty where it is, or it only asked
 */
record Standing(
        boolean established,
        boolean met,
        boolean removed,
        List<Other> others,
        List<Member> members,
        int still,
        String why) {
    private static final String FORMAT = "1";

    /**
     * A group that knows another directory of that name.
     *
     * @param group 0 where the group itself was not asked, but what this node has written down
     * @param votes whether it votes
     * @param logged whether the log of the group says so; else it is what this node has met
     */
    record Other(long group, boolean votes, int slot, boolean logged) {}

    Standing because(String reason) {
        return new Standing(established, met, removed, others, members, still, reason);
    }

    /**
     * Which slot has taken the place of the directory that asks, in all groups of the node that answers.
     *
     * @param slot of the directory that asks
     * @return 0 where a group may still count on it
     */
    int replacedBy(int slot) {
        return still > 0
                ? 0
                : others.stream()
                        .filter(other -> isReplacedIn(other.group, slot))
                        .mapToInt(Other::slot)
                        .max()
                        .orElse(0);
    }

    /** Whether a majority of this group has it in its log that another directory has the place of the one with this slot. */
    boolean isReplacedIn(long group, int slot) {
        return others.stream().anyMatch(other -> other.group == group && other.logged && other.slot > slot);
    }

    /** @return the place of that directory, which the others have in their logs; {@code null} where they have not */
    NodePlace place(String node, UUID incarnation) {
        for (Member member : members) {
            if (member.name().equals(node) && member.incarnation().equals(incarnation)) {
                return new NodePlace(NodePlace.decode(NodePlace.encode(members)), member.slot(), true);
            }
        }
        return null;
    }

    String encode(UUID incarnation, String node) {
        List<String> told = new ArrayList<>();
        for (Other other : others) {
            told.add(other.group + ":" + other.votes + ":" + other.slot + ":" + other.logged);
        }
        int slot = members.stream()
                .filter(member ->
                        member.name().equals(node) && member.incarnation().equals(incarnation))
                .mapToInt(Member::slot)
                .findFirst()
                .orElse(0);
        return String.join(
                ";",
                FORMAT,
                String.valueOf(established),
                String.valueOf(met),
                String.valueOf(removed),
                String.join(",", told),
                String.valueOf(slot),
                slot == 0 ? "" : NodePlace.encode(members),
                String.valueOf(still),
                why);
    }

    /**
     * @param incarnation of the directory that asked
     * @throws IllegalArgumentException when the text is none of {@link #encode}
     */
    static Standing decode(String text, UUID incarnation) {
        String[] parts = text.split(";", 9);
        if (parts.length < 9 || !parts[0].equals(FORMAT)) {
            throw new IllegalArgumentException("an answer that this release does not know: '" + text + "'");
        }
        List<Other> others = new ArrayList<>();
        for (String each : parts[4].isEmpty() ? new String[0] : parts[4].split(",")) {
            String[] fields = each.split(":");
            if (fields.length != 4) {
                throw new IllegalArgumentException("an answer that this release does not know: '" + text + "'");
            }
            others.add(new Other(
                    Long.parseLong(fields[0]),
                    Boolean.parseBoolean(fields[1]),
                    Integer.parseInt(fields[2]),
                    Boolean.parseBoolean(fields[3])));
        }
        int slot = Integer.parseInt(parts[5]);
        List<Member> members = new ArrayList<>();
        for (Member member :
                slot == 0 ? List.<Member>of() : NodePlace.decode(parts[6]).all()) {
            UUID directory = member.slot() == slot ? incarnation : member.incarnation();
            members.add(new Member(member.slot(), member.name(), directory, member.role(), member.address()));
        }
        return new Standing(
                Boolean.parseBoolean(parts[1]),
                Boolean.parseBoolean(parts[2]),
                Boolean.parseBoolean(parts[3]),
                others,
                members,
                Integer.parseInt(parts[7]),
                parts[8]);
    }
}
