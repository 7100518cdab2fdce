package io.synod.simulation;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.paxos.Message;

/** Watches every step of a run and throws an {@link AssertionError} when what it stands for does not hold. */
interface Checker {
    /** Before the entry goes to the disk; {@code node.disk} is still as it was. */
    default void appending(SimulatedNode node, Entry entry) {}

    /** Before the log gets another base; {@code node.disk} is still as it was. */
    default void rebasing(SimulatedNode node, Base base, boolean voids) {}

    /** The state machine was replaced by a snapshot. */
    default void installed(SimulatedNode node) {}

    default void committed(SimulatedNode node, long from, long to) {}

    default void applied(SimulatedNode node, Entry entry) {}

    default void led(SimulatedNode node, long epoch) {}

    default void sent(SimulatedNode node, Message message) {}

    default void forced(SimulatedNode node) {}

    default void restarted(SimulatedNode node) {}

    /** By a client of this node, which has it in its log and nowhere else. */
    default void proposed(SimulatedNode node, Entry entry) {}

    default void acknowledged(SimulatedNode node, Entry entry) {}

    /**
     * When a read began.
     *
     * @param floor see {@link ReadsLinearizable}
     * @param at virtual time
     */
    record Start(long floor, long at) {}

    default void read(SimulatedNode node, Start started, long appliedIndex) {}

    default void leaseUsed(SimulatedNode node, long epoch) {}

    /** This member has heard that it is none any more. */
    default void removed(SimulatedNode node) {}

    /** After each input of this node. */
    default void stepped(SimulatedNode node) {}

    /** At the end, when all have come together again. */
    default void settled(Cluster cluster) {}

    static void check(boolean condition, Object... message) {
        if (!condition) {
            StringBuilder text = new StringBuilder();
            for (Object part : message) {
                text.append(part).append(' ');
            }
            throw new AssertionError(text.toString());
        }
    }
}
