package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.H2Store;
import io.synod.group.Member;
import java.io.IOException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When a database's file is compacted. Applying entries stands still meanwhile, so the members take turns by the clock: one
 * that takes over leadership should not be in the middle of it. By one thread.
 */
final class ReclaimPolicy {
    private static final Logger LOG = LoggerFactory.getLogger(ReclaimPolicy.class);
    /** Smaller files are not worth it. */
    static final long BYTES_MIN = 16 << 20;

    private static final long TURN_MILLIS = 20_000;

    private final HostedDatabase database;
    private final int percent;

    ReclaimPolicy(HostedDatabase database, int percent) {
        this.database = database;
        this.percent = percent;
    }

    /** @param wallMillis so far as the members' clocks agree; where they do not, two may compact at once */
    void run(long wallMillis) {
        H2Store.Space space = database.store().space();
        if (space.bytes() < BYTES_MIN || space.fillPercent() >= percent || !hasTurn(wallMillis)) {
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
