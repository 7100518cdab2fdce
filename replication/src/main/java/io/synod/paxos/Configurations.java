package io.synod.paxos;

import io.synod.group.Invariant;
import io.synod.group.Members;
import java.util.ArrayList;
import java.util.List;

/**
 * The configurations in the log. The latest counts from the moment it is appended, committed or not, and is rolled back
 * with its entry when that is voided. Two that follow each other differ by one voter at most, so that a majority of the one
 * and a majority of the other share a member.
 *
 * <p>Source: Ongaro (2014), chapter 4, and its correction of 2015, see {@link SafetyRules#mayChangeMembers}.
 */
final class Configurations {
    private record At(long index, Members members) {}

    private final List<At> all = new ArrayList<>();
    private int[] voters;
    private int majority;

    private final Members bootstrap;

    /** @param base the configuration at the log's base, {@code null} where that is {@code bootstrap} */
    Configurations(Members bootstrap, Members base) {
        this.bootstrap = bootstrap;
        all.add(new At(0, base == null ? bootstrap : base));
        refresh();
    }

    /** The configuration in force at this index; {@code null} where that is the one that the group was opened with. */
    Members at(long index) {
        Members members = inForceAt(index);
        return members == bootstrap ? null : members;
    }

    /** The members in force at this index. */
    Members inForceAt(long index) {
        Members members = all.get(0).members;
        for (At at : all) {
            if (at.index <= index) {
                members = at.members;
            }
        }
        return members;
    }

    /** Whether this slot's member was in the group, and as is committed, is so no more. Stays so for ever. */
    boolean hasRemoved(int slot, long commit) {
        return inForceAt(commit).hasLost(slot);
    }

    /** Whether anything is known of the group at this index; not so where a member joins that has yet to hear of it. */
    boolean isKnownAt(long index) {
        return !inForceAt(index).all().isEmpty();
    }

    /** Whether no configuration that is known here has another member. */
    boolean isAlone(int slot) {
        for (At at : all) {
            if (at.members.all().size() != 1 || at.members.bySlot(slot) == null) {
                return false;
            }
        }
        return true;
    }

    /** The log forgets what stands up to this index; what was in force there is in force from the start. */
    void cut(long index) {
        Members members = at(index);
        all.removeIf(at -> at.index <= index);
        all.add(0, new At(0, members == null ? bootstrap : members));
        refresh();
    }

    /** The log begins anew, with this configuration ({@code null}: the one that the group was opened with). */
    void restart(Members members) {
        all.clear();
        all.add(new At(0, members == null ? bootstrap : members));
        refresh();
    }

    void append(long index, Members members) {
        Invariant.that(index > latestIndex(), "configuration at %d behind one at %d", index, latestIndex());
        Members before = latest();
        int changed = before.all().isEmpty() ? 0 : before.votersNotShared(members);
        Invariant.that(changed <= 1, "configuration at %d changes %d voters", index, changed);
        Invariant.that(members.voters().length > 0, "a group needs a voter");
        Invariant.that(
                members.nextSlot() >= before.nextSlot(),
                "slots from %d on are free again, %d was given",
                members.nextSlot(),
                before.nextSlot());
        all.add(new At(index, members));
        refresh();
    }

    void voidFrom(long index) {
        if (latestIndex() >= index) {
            all.removeIf(at -> at.index >= index);
            refresh();
        }
    }

    Members latest() {
        return all.get(all.size() - 1).members;
    }

    /** Index of the entry that made {@link #latest()}; 0 for the bootstrap. */
    long latestIndex() {
        return all.get(all.size() - 1).index;
    }

    /** Slots of the voters of the latest configuration, ascending; not to be changed. */
    int[] voters() {
        return voters;
    }

    int majority() {
        return majority;
    }

    boolean isVoter(int slot) {
        for (int voter : voters) {
            if (voter == slot) {
                return true;
            }
        }
        return false;
    }

    /** Only a member with a state machine may lead. */
    boolean mayLead(int slot) {
        return latest().mayLead(slot);
    }

    /** Whether a majority may lie in the latest configuration or any older one that is not surely replaced. */
    boolean isVoterSince(long commit, int slot) {
        for (int i = all.size() - 1; i >= 0; i--) {
            if (all.get(i).members.isVoter(slot)) {
                return true;
            }
            if (all.get(i).index <= commit) {
                return false;
            }
        }
        return false;
    }

    /** Voters of all configurations from the committed one on, without {@code self}. */
    List<Integer> votersSince(long commit, int self) {
        List<Integer> slots = new ArrayList<>();
        for (int i = all.size() - 1; i >= 0; i--) {
            for (int slot : all.get(i).members.voters()) {
                if (slot != self && !slots.contains(slot)) {
                    slots.add(slot);
                }
            }
            if (all.get(i).index <= commit) {
                break;
            }
        }
        return slots;
    }

    private void refresh() {
        voters = latest().voters();
        majority = latest().majority();
    }
}
