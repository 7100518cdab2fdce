package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.H2Store;
import io.synod.group.Member;
import io.synod.replica.ReplicatedLog;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When a database's file is compacted. Applying entries stands still meanwhile, so the members take turns by the clock: one
 * that takes over leadership should not be in the middle of it. Nor should it have to be done by a member that is still coming
 * back: so nothing is compacted by a member that is behind, nor until for half a minute no member came or went and none took over,
 * unless a file is far beyond the bound. A leader has to hand over first, which costs open
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
    /** In which a member that was started again has caught up. */
    static final long CALM_NANOS = TimeUnit.SECONDS.toNanos(30);
    /** So far behind is who keeps up under load. */
    private static final long UNDER_WAY_ENTRIES = 256;

    private static final long TURN_MILLIS = 20_000;

    private final HostedDatabase database;
    private final int percent;
    /** In which epoch this node was found leading, 0 for not; and when for the first time. */
    private long ledEpoch;

    private long ledSinceNanos;
    /** Who leads in which epoch, and who is there. */
    private String group = "";

    private long calmSinceNanos;

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
        String now = group();
        if (!now.equals(group)) {
            group = now;
            calmSinceNanos = nanoTime;
        }
        H2Store.Space space = database.store().space();
        if (space.bytes() < BYTES_MIN || space.fillPercent() >= percent || !hasTurn(wallMillis)) {
            return;
        }
        boolean behind = database.log().commitIndex() - database.appliedIndex() > UNDER_WAY_ENTRIES;
        boolean urgent = space.fillPercent() * LEADER_TIMES < percent;
        if (behind || !urgent && nanoTime - calmSinceNanos < CALM_NANOS) {
            return;
        }
        boolean handsOver = epoch != 0 && database.log().members().all().size() > 1;
        if (handsOver && (!urgent || nanoTime - ledSinceNanos < LEADER_NANOS)) {
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

    private String group() {
        StringBuilder text = new StringBuilder();
        for (ReplicatedLog.MemberStatus member : database.log().status()) {
            boolean self = member.name().equals(database.node());
            text.append(member.name())
                    .append(member.reachable() ? '+' : '-')
                    .append(self ? member.epoch() : "")
                    .append(' ');
        }
        return text.toString();
    }

    private boolean hasTurn(long wallMillis) {
        List<Member> members = database.log().members().all();
        int turn = (int) (wallMillis / TURN_MILLIS % members.size());
        return members.get(turn).name().equals(database.node()) || members.size() == 1;
    }
}
