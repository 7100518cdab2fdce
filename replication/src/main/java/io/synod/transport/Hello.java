package io.synod.transport;

import io.synod.group.Member;
import io.synod.group.Members;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * The first frame of a connection, in both directions.
 *
 * @param members {@link #describe} of the configuration, so that a refusal can name both sides of a difference
 * @param kind what the connection is for
 * @param clientAddress where clients of this node reach it, empty for nowhere; left out by a node of an older release
 */
record Hello(
        int minVersion,
        int maxVersion,
        String clusterId,
        String members,
        String name,
        int slot,
        UUID incarnation,
        Kind kind,
        String clientAddress) {
    /** What a connection carries. The code is part of the format. */
    enum Kind {
        DATA(1),
        CONTROL(2);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        String label() {
            return this == DATA ? "data" : "control";
        }
    }

    /** {@code 1=a,2=b,3=c}: names by slot. Addresses are not part of it, a host may be known by several. */
    static String describe(Members members) {
        return members.all().stream().map(Hello::describe).collect(Collectors.joining(","));
    }

    private static String describe(Member member) {
        return member.slot() + "=" + member.name() + (member.role() == Member.Role.VOTER ? "" : ":" + member.role());
    }

    void encode(WireOutput out) {
        out.putInt(minVersion);
        out.putInt(maxVersion);
        out.putText(clusterId);
        out.putText(members);
        out.putText(name);
        out.putInt(slot);
        out.putLong(incarnation.getMostSignificantBits());
        out.putLong(incarnation.getLeastSignificantBits());
        out.putByte(kind.code);
        out.putText(clientAddress);
    }

    static Hello decode(WireInput in) throws MalformedFrameException {
        int minVersion = in.getInt();
        int maxVersion = in.getInt();
        String clusterId = in.getText();
        String members = in.getText();
        String name = in.getText();
        int slot = in.getInt();
        UUID incarnation = new UUID(in.getLong(), in.getLong());
        byte kind = in.getByte();
        if (kind != Kind.DATA.code && kind != Kind.CONTROL.code) {
            throw new MalformedFrameException("connection kind " + kind + ", expected 1 or 2");
        }
        return new Hello(
                minVersion,
                maxVersion,
                clusterId,
                members,
                name,
                slot,
                incarnation,
                kind == Kind.DATA.code ? Kind.DATA : Kind.CONTROL,
                in.remaining() > 0 ? in.getText() : "");
    }
}
