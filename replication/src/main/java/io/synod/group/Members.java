package io.synod.group;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * The configuration of a group: who belongs to it. Immutable; sorted by slot.
 *
 * @param nextSlot the slot of the member that is added next. Never one that was given before: an epoch, a promise or a copy of an
 *     entry must not pass for those of another member
 */
public record Members(List<Member> all, int nextSlot) {
    /** What a node knows that is to join a group, before it hears from it. */
    public static final Members NOBODY = new Members(List.of());

    /** Says no more than who the members are: no slot above theirs was ever given. */
    private static final byte FORMAT_MEMBERS = 1;
    /** Says which slot is the next as well. */
    private static final byte FORMAT_NEXT_SLOT = 2;

    public Members {
        all = all.stream().sorted(Comparator.comparingInt(Member::slot)).toList();
        Invariant.that(
                nextSlot >= nextOf(all), "the next slot is %d, the members' own end before %d", nextSlot, nextOf(all));
        Set<Object> seen = new HashSet<>();
        for (Member member : all) {
            if (!seen.add(member.slot()) || !seen.add(member.name())) {
                Invariant.that(false, "members share a slot or a name: " + all);
            }
        }
    }

    /** The first ones of a group. */
    public Members(List<Member> all) {
        this(all, nextOf(all));
    }

    private static int nextOf(List<Member> all) {
        return 1 + all.stream().mapToInt(Member::slot).max().orElse(0);
    }

    /** The slots that vote, ascending. */
    public int[] voters() {
        return all.stream().filter(m -> m.role().votes()).mapToInt(Member::slot).toArray();
    }

    /** More than half of the voters. */
    public int majority() {
        return voters().length / 2 + 1;
    }

    public boolean isVoter(int slot) {
        Member member = bySlot(slot);
        return member != null && member.role().votes();
    }

    /** Only a voter with a state machine. */
    public boolean mayLead(int slot) {
        Member member = bySlot(slot);
        return member != null && member.role() == Member.Role.VOTER;
    }

    /** {@code null} where there is none. */
    public Member bySlot(int slot) {
        for (Member member : all) {
            if (member.slot() == slot) {
                return member;
            }
        }
        return null;
    }

    /** {@code null} where there is none. */
    public Member byName(String name) {
        for (Member member : all) {
            if (member.name().equals(name)) {
                return member;
            }
        }
        return null;
    }

    /** How many of the two configurations' voters vote in one of them only. With one at most, any two majorities meet. */
    public int votersNotShared(Members other) {
        int count = 0;
        for (Member member : all) {
            count += member.role().votes() && !other.isVoter(member.slot()) ? 1 : 0;
        }
        for (Member member : other.all) {
            count += member.role().votes() && !isVoter(member.slot()) ? 1 : 0;
        }
        return count;
    }

    /** Whether a member had this slot once and has it no more, which is for ever. */
    public boolean hasLost(int slot) {
        return slot < nextSlot && bySlot(slot) == null;
    }

    /** Whether a group may begin with these: none was ever added, or met. */
    public boolean mayBeFirst() {
        return nextSlot == all.size() + 1
                && all.stream()
                        .allMatch(member -> member.role() == Member.Role.VOTER
                                && member.incarnation().equals(Member.UNSEEN));
    }

    /** Whether the same members, with the same directories, have the same slots and roles there. */
    public boolean isSameButForAddresses(Members other) {
        return all.size() == other.all.size()
                && nextSlot == other.nextSlot
                && all.stream().allMatch(mine -> {
                    Member theirs = other.bySlot(mine.slot());
                    return theirs != null
                            && theirs.name().equals(mine.name())
                            && theirs.role() == mine.role()
                            && theirs.incarnation().equals(mine.incarnation());
                });
    }

    /** The payload of a {@link EntryKind#CONFIG} entry. */
    public byte[] encode() {
        try (ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                DataOutputStream out = new DataOutputStream(bytes)) {
            boolean plain = nextSlot == nextOf(all);
            out.writeByte(plain ? FORMAT_MEMBERS : FORMAT_NEXT_SLOT);
            if (!plain) {
                out.writeInt(nextSlot);
            }
            out.writeInt(all.size());
            for (Member member : all) {
                out.writeInt(member.slot());
                out.writeUTF(member.name());
                out.writeLong(member.incarnation().getMostSignificantBits());
                out.writeLong(member.incarnation().getLeastSignificantBits());
                out.writeByte(member.role().code());
                out.writeUTF(member.address());
            }
            return bytes.toByteArray();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    /** @throws IllegalArgumentException when the bytes are not a configuration of a known format */
    public static Members decode(byte[] payload) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(payload))) {
            byte format = in.readByte();
            if (format != FORMAT_MEMBERS && format != FORMAT_NEXT_SLOT) {
                throw new IllegalArgumentException("configuration format " + format + ", this version knows "
                        + FORMAT_MEMBERS + " and " + FORMAT_NEXT_SLOT);
            }
            int nextSlot = format == FORMAT_NEXT_SLOT ? in.readInt() : 0;
            int count = in.readInt();
            List<Member> members = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int slot = in.readInt();
                String name = in.readUTF();
                UUID incarnation = new UUID(in.readLong(), in.readLong());
                members.add(new Member(slot, name, incarnation, Member.Role.of(in.readByte()), in.readUTF()));
            }
            return format == FORMAT_NEXT_SLOT ? new Members(members, nextSlot) : new Members(members);
        } catch (IOException e) {
            throw new IllegalArgumentException("configuration of " + payload.length + " bytes is cut short", e);
        } catch (Invariant.Violation e) {
            throw new IllegalArgumentException("configuration of " + payload.length + " bytes: " + e.getMessage(), e);
        }
    }
}
