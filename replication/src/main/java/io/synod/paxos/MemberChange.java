package io.synod.paxos;

import io.synod.group.Epoch;
import io.synod.group.Member;
import io.synod.group.Members;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * One step from a configuration of a group to the next. A member comes as a learner, which gets everything and counts for nothing,
 * is promoted when it has caught up, and goes in one step. None changes more than one voter.
 *
 * <p>A witness votes from the moment it comes: what it has to catch up with is the log only, and the voters that there are must be a
 * majority with it that has everything.
 *
 * @param incarnation of the node that comes, is promoted or has moved; {@link Member#UNSEEN} where it is not known, and otherwise. What
 *     takes another one's place has one
 * @param address {@code host:port} for peers of the node that comes, or has moved, else empty
 * @param slot of the node that comes; 0 for the next one of the group. A node has one slot in all its groups, so what one of them has
 *     given the others are told
 */
public record MemberChange(Kind kind, String name, UUID incarnation, String address, int slot) {
    /** Another node may ask for it: a slot that no epoch has room for, or the one after it, must not come as far as the protocol. */
    public MemberChange {
        if (slot < 0 || slot >= Epoch.SLOT_MAX) {
            throw new IllegalArgumentException(
                    "slot " + slot + " of " + name + ", expected 0 to " + (Epoch.SLOT_MAX - 1));
        }
    }

    /** What happens to the named member. */
    public enum Kind {
        /** It comes, as a learner. */
        ADD,
        /** It comes, as a witness: it votes and keeps the log, and has no state machine. It stays one until it goes. */
        ADD_WITNESS,
        /** From learner to voter. */
        PROMOTE,
        /** From voter to learner. */
        DEMOTE,
        /** Its peers find it at another address. May use up a slot's number, see {@link #appliedTo}. */
        MOVE,
        /** It goes; its slot is never given again. */
        REMOVE,
        /**
         * It goes, and a node of its name with another directory comes in the same step, as a learner with a slot of its own. No
         * configuration between the two leaves the name to somebody else, or is left without it by a crash.
         */
        REPLACE
    }

    /** Why a change is not made now. */
    public enum Refusal {
        NOT_LEADING("this member does not lead the group, or hands leadership over"),
        TOO_EARLY("the change before, or the begin of this leadership, is not committed yet: try again"),
        NAME_TAKEN("a member of this name is in the group"),
        SLOT_GIVEN("the slot that it has elsewhere was given to another member here, or is below one that was"),
        NO_SLOT_LEFT("no slot is left that it could have"),
        NO_SUCH_MEMBER("no member of this name is in the group"),
        NOT_A_LEARNER("only a learner can be promoted"),
        NOT_A_VOTER(
                "only a voter that has a copy of the database can be made a learner: remove a witness, and add it again"),
        LEARNER_IS_BEHIND("the learner has not caught up: try again when it has"),
        STILL_THERE(
                "the member that it is to take the place of was heard a moment ago: stop that node, or give this one another"
                        + " name"),
        TOO_FEW_VOTERS("the group would be left without a voter that can lead, or with too many witnesses"),
        MAJORITY_OUT_OF_REACH("a majority of the voters there would be is not connected, or has not caught up"),
        NOT_KNOWN("whether it happened is not known: leadership was lost, or it was not committed in time; look at the"
                + " members before you try again");

        private final String text;

        Refusal(String text) {
            this.text = text;
        }

        /** A sentence for whoever asked. */
        public String text() {
            return text;
        }
    }

    /**
     * What became of a change.
     *
     * @param index of its entry, to be awaited as any other; 0 where it was refused
     * @param refusal {@code null} where it was not
     */
    public record Outcome(long index, Refusal refusal) {
        /** With the reason; nothing was done, but for {@link Refusal#NOT_KNOWN}. */
        public static Outcome refused(Refusal refusal) {
            return new Outcome(0, refusal);
        }
    }

    public static MemberChange add(String name, UUID incarnation, String address) {
        return add(name, incarnation, address, 0);
    }

    /** @param slot that it has in other groups; 0 for the next one of this group */
    public static MemberChange add(String name, UUID incarnation, String address, int slot) {
        return new MemberChange(Kind.ADD, name, incarnation, address, slot);
    }

    /** @param slot as in {@link #add(String, UUID, String, int)} */
    public static MemberChange addWitness(String name, UUID incarnation, String address, int slot) {
        return new MemberChange(Kind.ADD_WITNESS, name, incarnation, address, slot);
    }

    /** @param address {@code host:port} where its peers reach it from now on */
    public static MemberChange move(String name, String address) {
        return new MemberChange(Kind.MOVE, name, Member.UNSEEN, address, 0);
    }

    /** The same, of which only the directory counts that it was met with. */
    public MemberChange of(UUID met) {
        return new MemberChange(kind, name, met, address, slot);
    }

    public static MemberChange promote(String name) {
        return new MemberChange(Kind.PROMOTE, name, Member.UNSEEN, "", 0);
    }

    public static MemberChange demote(String name) {
        return new MemberChange(Kind.DEMOTE, name, Member.UNSEEN, "", 0);
    }

    public static MemberChange remove(String name) {
        return new MemberChange(Kind.REMOVE, name, Member.UNSEEN, "", 0);
    }

    /** @param slot as in {@link #add(String, UUID, String, int)} */
    public static MemberChange replace(String name, UUID incarnation, String address, int slot) {
        return new MemberChange(Kind.REPLACE, name, incarnation, address, slot);
    }

    private boolean adds() {
        return kind == Kind.ADD || kind == Kind.ADD_WITNESS;
    }

    /** Whether a node comes by it, which needs a slot. */
    boolean brings() {
        return adds() || kind == Kind.REPLACE;
    }

    /** Whether it makes no sense in this configuration, whatever the state of its members; {@code null} where it does. */
    Refusal refusedBy(Members now) {
        Member named = now.byName(name);
        if (adds()) {
            return named == null ? null : Refusal.NAME_TAKEN;
        }
        if (named == null) {
            return Refusal.NO_SUCH_MEMBER;
        }
        return switch (kind) {
            case PROMOTE -> named.role() == Member.Role.LEARNER ? null : Refusal.NOT_A_LEARNER;
            case DEMOTE -> named.role() == Member.Role.VOTER ? null : Refusal.NOT_A_VOTER;
            // A witness would be a voter that goes and a learner that comes, with nothing that a learner is for.
            case REPLACE ->
                named.role() == Member.Role.WITNESS
                        ? Refusal.NOT_A_VOTER
                        : named.incarnation().equals(incarnation) ? Refusal.NAME_TAKEN : null;
            case MOVE -> named.address().equals(address) ? Refusal.NAME_TAKEN : null;
            case ADD, ADD_WITNESS, REMOVE -> null;
        };
    }

    /** The slot that the node which comes would have. */
    int slotIn(Members now) {
        return slot == 0 ? now.nextSlot() : slot;
    }

    /**
     * The configuration that it leads to. One that differs in addresses only is taken for the one with which the group began, where each
     * node goes by the addresses that it was started with ({@link Members#isSameButForAddresses}); so that of a move names the directory
     * that has moved, as no first one does, and has another next slot where that is not known.
     */
    Members appliedTo(Members now) {
        List<Member> all = new ArrayList<>(now.all());
        if (brings()) {
            all.removeIf(member -> member.name().equals(name));
            int given = slotIn(now);
            Member.Role role = kind == Kind.ADD_WITNESS ? Member.Role.WITNESS : Member.Role.LEARNER;
            all.add(new Member(given, name, incarnation, role, address));
            return new Members(all, Math.max(now.nextSlot(), given + 1));
        }
        Member old = now.byName(name);
        all.removeIf(member -> member.name().equals(name));
        if (kind == Kind.MOVE) {
            all.add(new Member(old.slot(), name, directoryOf(old), old.role(), address));
            Members moved = new Members(all, now.nextSlot());
            return moved.mayBeFirst() ? new Members(all, now.nextSlot() + 1) : moved;
        }
        if (kind != Kind.REMOVE) {
            Member.Role role = kind == Kind.PROMOTE ? Member.Role.VOTER : Member.Role.LEARNER;
            all.add(new Member(old.slot(), name, directoryOf(old), role, old.address()));
        }
        return new Members(all, now.nextSlot());
    }

    private UUID directoryOf(Member old) {
        return incarnation.equals(Member.UNSEEN) ? old.incarnation() : incarnation;
    }
}
