package io.synod.engine.faults;

import java.io.IOException;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/** What may happen; to the leader, or to any node. */
enum Fault {
    /** kill -9. */
    KILL_LEADER,
    KILL_ANY,
    KILL_ALL,
    /** SIGTERM. */
    STOP_LEADER,
    /** SIGSTOP, later SIGCONT. */
    PAUSE_LEADER,
    PAUSE_ANY,
    PAUSE_ALL,
    /** Nothing passes between the node and its peers; clients reach it. */
    CUT_OFF_LEADER,
    CUT_OFF_ANY,
    /** Nobody hears the leader, which hears all. */
    MUTE_LEADER,
    /** The leader hears nobody. */
    DEAFEN_LEADER,
    /** One way between two nodes. */
    CUT_ONE_WAY,
    /** Delay and broken connections, or a narrow line that drops packets. */
    HAMPER_LEADER,
    HAMPER_ANY,
    /** Nothing passes between the node and anybody. */
    ISOLATE_LEADER,
    /** No byte left on the disk of its directory. */
    FILL_DISK_OF_LEADER,
    FILL_DISK_OF_ANY,
    /** kill -9, and the database's file is deleted or cut short before the node starts again. */
    LOSE_COPY,
    /** Leadership is to go to a node that has not failed, while the next fault happens. */
    TRANSFER,
    /** kill -9 of a client. */
    KILL_CLIENT,
    /** kill -9, and the node starts again at once with a wrong wall clock, which it has until its next start. */
    CLOCK_OFFSET,
    /** Few writes a second, and few bytes. */
    SLOW_DISK_OF_LEADER,
    SLOW_DISK_OF_ANY,
    /** kill -9, and all that is in its directory is deleted before the node starts again. */
    LOSE_DIRECTORY,
    /** kill -9, and a bit of the oldest segment of its log is turned before the node starts again. */
    DAMAGE_LOG,
    /** Each node is stopped, and starts again, one after the other. */
    ROLLING_RESTART,
    /** A node or a witness is added and removed again. */
    CHANGE_MEMBERS,
    /** kill -9 of the leader while it sends a snapshot, or leadership goes to another node. */
    KILL_SENDER,
    /** kill -9 of a node while it gets a snapshot. */
    KILL_RECEIVER;

    /** After which the node has to be let in by the others: with two of three at a time nobody could. */
    static final Set<Fault> LOSSES = EnumSet.of(LOSE_DIRECTORY, DAMAGE_LOG);

    /** Which has steps, and is over when the last one is: nothing else happens meanwhile. */
    static final Set<Fault> PROCEDURES = EnumSet.of(ROLLING_RESTART, CHANGE_MEMBERS, KILL_SENDER, KILL_RECEIVER);

    private static final Set<Fault> ON_OWN_DISK = EnumSet.of(FILL_DISK_OF_LEADER, FILL_DISK_OF_ANY);
    private static final Set<Fault> ON_LOOP_DEVICE = EnumSet.of(SLOW_DISK_OF_LEADER, SLOW_DISK_OF_ANY);

    /**
     * What cannot be tried here.
     *
     * @param disks of the nodes, {@code null} when they have networks and disks in common
     * @return and why not
     */
    static Map<Fault, String> skipped(SmallDisks disks) throws IOException {
        Map<Fault, String> skipped = new EnumMap<>(Fault.class);
        if (disks == null) {
            skipped.put(ISOLATE_LEADER, "needs namespaces");
            ON_OWN_DISK.forEach(fault -> skipped.put(fault, "needs a disk of the node's own"));
            ON_LOOP_DEVICE.forEach(fault -> skipped.put(fault, "needs a disk of the node's own"));
        } else if (!disks.neverSlow().isEmpty()) {
            ON_LOOP_DEVICE.forEach(fault -> skipped.put(fault, disks.neverSlow()));
        }
        if (!WallClocks.missing().isEmpty()) {
            skipped.put(CLOCK_OFFSET, WallClocks.missing());
        }
        return skipped;
    }
}
