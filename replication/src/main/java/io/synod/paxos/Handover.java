package io.synod.paxos;

/**
 * Graceful transfer of leadership: stop proposing, wait until the target has everything, give the lease back for the rest
 * of the epoch, then tell the target to prepare at once. If it does not come to that in time, proposing goes on; the lease
 * stays given back, because the token that is on the way names this epoch (etcd 12704, TiKV 1595).
 */
final class Handover {
    private static final long TIME_LIMIT_NANOS = 200_000_000L;

    private final Core core;
    private final LeaderLease lease;
    private int target;
    private long begunAt;
    private long toldAt;

    Handover(Core core, LeaderLease lease) {
        this.core = core;
        this.lease = lease;
    }

    void start() {
        target = 0;
    }

    void begin(int toSlot, long now) {
        target = toSlot;
        begunAt = now;
        toldAt = Core.NEVER;
    }

    /** A token that is on its way counts as long as nothing new is in the target's log. */
    void callOff() {
        target = 0;
    }

    /** 0 for none. */
    int target() {
        return target;
    }

    boolean holdsProposals() {
        return target != 0;
    }

    void proceed(long epoch, Progress peer, long now, Effects out) {
        if (target == 0 || peer == null) {
            return;
        }
        long last = core.terms.last();
        boolean ready = core.commit == last && peer.match == last && core.terms.lastEpoch() == epoch;
        if (ready && now - toldAt >= 2 * core.timing.heartbeat()) {
            toldAt = now;
            lease.release();
            out.send(target, new Message.TransferNow(epoch, last));
        }
    }

    void tick(long epoch, Progress peer, long now, Effects out) {
        if (target != 0 && now - begunAt > TIME_LIMIT_NANOS) {
            out.notice("the handover to slot " + target + " is called off: it did not catch up in "
                    + TIME_LIMIT_NANOS / 1_000_000 + " ms");
            callOff();
        }
        proceed(epoch, peer, now, out);
    }
}
