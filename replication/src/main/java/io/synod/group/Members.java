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
 */
public record Members(List<Member> all) {
    private static final byte FORMAT = 1;

    public Members {
        all = all.stream().sorted(Comparator.comparingInt(Member::slot)).toList();
        Set<Object> seen = new HashSet<>();
        for (Member member : all) {
            Invariant.that(
                    seen.add(member.slot()) && seen.add(member.name()), "members share a slot or a name: " + all);
        }
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

    /** Whether the same members have the same slots and roles there. */
    public boolean isSameButForAddresses(Members other) {
        return all.size() == other.all.size()
                && all.stream().allMatch(mine -> {
                    Member theirs = other.bySlot(mine.slot());
                    return theirs != null && theirs.name().equals(mine.name()) && theirs.role() == mine.role();
                });
    }

    /** The payload of a {@link EntryKind#CONFIG} entry. */
    public byte[] encode() {
        try (ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(FORMAT);
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
            if (format != FORMAT) {
                throw new IllegalArgumentException("configuration format " + format + ", this version knows " + FORMAT);
            }
            int count = in.readInt();
            List<Member> members = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int slot = in.readInt();
                String name = in.readUTF();
                UUID incarnation = new UUID(in.readLong(), in.readLong());
                members.add(new Member(slot, name, incarnation, Member.Role.of(in.readByte()), in.readUTF()));
            }
            return new Members(members);
        } catch (IOException e) {
            throw new IllegalArgumentException("configuration of " + payload.length + " bytes is cut short", e);
        }
    }
}
