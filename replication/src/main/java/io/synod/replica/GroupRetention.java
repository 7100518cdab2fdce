package io.synod.replica;

import io.synod.paxos.GroupState;
import io.synod.paxos.PeerView;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What one group's log may forget. Without the group's lock, but where it is said. */
final class GroupRetention {
    private static final Logger LOG = LoggerFactory.getLogger(GroupRetention.class);

    private final Replica replica;
    private final ReplicaNode node;
    private final Applier applier;
    /** {@code null}: the log is kept whole. */
    private final Snapshots snapshots;

    private final Pins pins = new Pins();
    /** What is kept beyond the bound was told of. */
    private boolean overTold;
    /** So often in a row it was found to have stopped and to hold back the log. */
    private int looks;
    /** Nothing more is to be said by {@link #warnOfPinned}. */
    private volatile boolean warned;

    GroupRetention(Replica replica, ReplicaNode node, Applier applier, Snapshots snapshots) {
        this.replica = replica;
        this.node = node;
        this.applier = applier;
        this.snapshots = snapshots;
    }

    Pins pins() {
        return pins;
    }

    /**
     * That member has its snapshot. The log keeps what it has still to fetch, or with a small bound it would
     * need the next snapshot at once, and so on; until the log is twice as large as it is now and its bound comes on top.
     */
    void served(int slot) {
        pins.follow(slot, 2 * node.log().bytes() + node.limits().logBytes(), now());
    }

    /** As {@link Snapshots#logOnly}. */
    boolean logOnly() {
        return snapshots != null && snapshots.logOnly();
    }

    private long now() {
        return node.nanoClock().getAsLong();
    }

    /**
     * Has the log forget what nobody needs.
     *
     * @param bytesTooMany the log should be smaller by so much, whatever members lack; 0 where it should not
     * @param checkpoint where only the state machine's last checkpoint is in the way, it is asked for another one
     * @return whether it forgot anything
     */
    boolean forget(long bytesTooMany, boolean checkpoint) {
        if (snapshots == null || replica.stopped()) {
            return false;
        }
        long restart = snapshots.restartIndex();
        long whatever = bytesTooMany == 0 ? 0 : node.log().lastIndexIn(replica.group(), bytesTooMany);
        long damaged = node.log().damagedTo(replica.group());
        if ((checkpoint || restart < damaged) && restart < replica.applyPath().applied()) {
            snapshots.checkpointSoon();
        }
        if (snapshots.logOnly()) {
            warnOfKept(bytesTooMany > 0, whatever);
        }
        advancePins();
        boolean forgets = replica.inspect(s -> mayForget(s, restart, whatever, damaged) > s.baseIndex());
        if (forgets) {
            replica.submit((s, now, out) -> s.forget(mayForget(s, restart, whatever, damaged), now, out));
        }
        return forgets;
    }

    /** A witness makes no room at the cost of a member that may have nobody else to fetch from. */
    private void warnOfKept(boolean tooLarge, long whatever) {
        long all = replica.inspect(GroupState::allHave);
        boolean kept = tooLarge && whatever > all;
        if (kept && !overTold) {
            LOG.warn(
                    "{} (group {}): the log here is larger than LOG_LIMIT and grows, since a member has no entries after index {}:"
                            + " start that member, or have it removed",
                    applier,
                    replica.group(),
                    all);
        }
        overTold = kept;
    }

    private void advancePins() {
        long bytes = node.log().bytes();
        long now = now();
        List<Integer> givenUp =
                replica.inspect(s -> pins.advance(slot -> durableAt(s, slot, now), s.commitIndex(), bytes, now));
        for (int slot : givenUp) {
            LOG.warn(
                    "group {}: slot {} has a snapshot, but fetches what came after it too slowly or not at all; the log has"
                            + " {} bytes and is not kept for it any longer, so that it will need another snapshot",
                    replica.group(),
                    slot,
                    bytes);
        }
    }

    private static long durableAt(GroupState s, int slot, long now) {
        PeerView peer = s.peer(slot, now);
        return peer == null ? 0 : peer.durable();
    }

    /**
     * Under the group's lock. What is damaged goes whoever wants it, with the entries before it: they get a snapshot. Not where only
     * the log is kept: the others may have nobody else to fetch the good entries from.
     */
    private long mayForget(GroupState s, long restart, long whatever, long damaged) {
        long wanted = Math.max(damaged, pins.lowest(now()));
        return Math.min(Math.min(restart, wanted), s.othersNeedAbove(Math.max(whatever, damaged)));
    }

    /**
     * Says once that this group has stopped here and is why the log is too large: nothing more is forgotten of it. By one thread.
     *
     * @param bytesTooMany the log should be smaller by so much; not positive where it is not too large
     */
    void warnOfPinned(long bytesTooMany) {
        if (!replica.stopped() || warned) {
            return;
        }
        boolean holds = bytesTooMany > 0
                && node.log().lastIndexIn(replica.group(), bytesTooMany) > replica.inspect(GroupState::baseIndex);
        looks = holds ? looks + 1 : 0;
        if (looks == ClosedGroups.LOOKS) {
            warned = true;
            LOG.warn(
                    "{} (group {}) has stopped on this node and holds back the log, which is {} bytes too large and grows:"
                            + " restart this node",
                    applier,
                    replica.group(),
                    bytesTooMany);
        }
    }

    /**
     * The group closes, its node goes on. What its state machine does not need after a restart is forgotten first: nobody
     * asks a closed group, and its entries would keep the segments of all.
     */
    void close() {
        forget(0, false);
        if (snapshots != null && !replica.stopped()) {
            node.closedGroups().closed(replica.group(), applier.toString());
        }
    }

    /** The group ends with its node: there is nothing to warn of. */
    void end() {
        warned = true;
    }
}
