package io.synod.group;

import java.util.UUID;

/**
 * One node in one group.
 *
 * @param slot small number given by the configuration, never reused; part of every epoch that this member starts
 * @param name the node's name
 * @param incarnation identity of the node's data directory: a lost disk is another incarnation; {@code (0,0)} while it
 *     has not been seen
 * @param address {@code host:port} for peers
 */
public record Member(int slot, String name, UUID incarnation, Role role, String address) {
    /** The incarnation of a member that nobody has heard of so far. */
    public static final UUID UNSEEN = new UUID(0, 0);

    /** What a member may do in its group. The code is part of the format. */
    public enum Role {
        VOTER(1),
        WITNESS(2),
        LEARNER(3);

        private final byte code;

        Role(int code) {
            this.code = (byte) code;
        }

        byte code() {
            return code;
        }

        static Role of(byte code) {
            for (Role role : values()) {
                if (role.code == code) {
                    return role;
                }
            }
            throw new IllegalArgumentException(
                    "member role " + code + " is not known to this version; expected 1 to 3");
        }

        /** Whether its promises and accepted entries count. */
        public boolean votes() {
            return this != LEARNER;
        }
    }
}
