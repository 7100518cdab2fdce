package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.H2Store;
import io.synod.group.Member;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When a database's file is compacted. Applying entries stands still meanwhile, so the members take turns by the clock: one
 * that takes over leadership should not be in the middle of it. A leader has to hand over first, which costs open
 * transactions: so only one whose file is far beyond the bound does, and none that has not led for some minutes, however it
 * came to lead. By one thread.
 */
final class ReclaimPolicy {
    private static final Logger LOG = LoggerFactory.getLogger(ReclaimPolicy.class);
    /** Smaller files are not worth it. */
    static final long BYTES_MIN = 16 << 20;

    /** So many times as much as makes a follower compact its file must be old before a leader hands over for it. */
    static final int LEADER_TIMES = 4;

    static final long LEADER_NANOS = TimeUnit.MINUTES.toNanos(3);
    private static final long TURN_MILLIS = 20_000;

    private final HostedDatabase database;
    private final int percent;
    /** In which epoch this node was found leading, 0 for not; and when for the first time. */
    private long ledEpoch;

    private long ledSinceNanos;

    ReclaimPolicy(HostedDatabase database, int percent) {
        this.database = database;
        this.percent = percent;
    }

    /**
     * To be called every few seconds.
     *
     * @param wallMillis so far as the members' clocks agree; where they do not, two may compact at once
     * @param nanoTime by the clock of {@link System#nanoTime()}
     */
    void run(long wallMillis, long nanoTime) {
        long epoch = database.log().servingEpoch();
        if (epoch != ledEpoch) {
            ledEpoch = epoch;
            ledSinceNanos = nanoTime;
        }
        H2Store.Space space = database.store().space();
        if (space.bytes() < BYTES_MIN || space.fillPercent() >= percent || !hasTurn(wallMillis)) {
            return;
        }
        boolean handsOver = epoch != 0 && database.log().members().all().size() > 1;
        if (handsOver && (space.fillPercent() * LEADER_TIMES >= percent || nanoTime - ledSinceNanos < LEADER_NANOS)) {
            return;
        }
        try {
            if (database.administration().reclaim() == null) {
                LOG.debug("database {}: {} is not compacted now", database.name(), space);
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("database {}: {} could not be compacted, later again", database.name(), space, e);
        }
    }

    private boolean hasTurn(long wallMillis) {
        List<Member> members = database.log().members().all();
        int turn = (int) (wallMillis / TURN_MILLIS % members.size());
        return members.get(turn).name().equals(database.node()) || members.size() == 1;
    }
}
