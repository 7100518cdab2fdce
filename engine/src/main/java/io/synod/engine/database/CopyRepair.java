package io.synod.engine.database;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of the copy of a database whose file is found to be damaged while it is open. Where there are other members a
 * snapshot of one of them takes its place, and sessions go on in that; a leader hands leadership over first. A copy without
 * others goes on: it is the only one, and the next start rebuilds it from its log where that reaches back.
 *
 * <p>Until the new copy is in place nothing is applied here and no statement begins here: what the old one would show may be wrong.
 * Thread-safe.
 */
public final class CopyRepair {
    private static final Logger LOG = LoggerFactory.getLogger(CopyRepair.class);

    private static final long HANDOVER_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long RETRY_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final HostedDatabase database;
    private String told;
    private long triedAt;

    CopyRepair(HostedDatabase database) {
        this.database = database;
    }

    /** What is damaged of the copy that is in use now; {@code null} where nothing is known to be. */
    public String damage() {
        return database.storage().damage();
    }

    /**
     * Begins the repair of a damaged copy, or tries again where it was not possible. May wait for another node to take over
     * leadership. To be called now and then.
     *
     * @return what is done, or has to be; {@code null} where nothing is damaged
     */
    public synchronized String proceed() {
        String damage = damage();
        if (damage == null) {
            told = null;
            return null;
        }
        String done = proceedWith(damage);
        if (!done.equals(told)) {
            told = done;
            LOG.error("database {} on node {}: {}: {}", database.name(), database.node(), damage, done);
        }
        return done;
    }

    /** Nothing is written meanwhile, and it may be in vain for hours. */
    private boolean handsOver() {
        long now = System.nanoTime();
        if (told != null && now - triedAt < RETRY_NANOS) {
            return false;
        }
        triedAt = now;
        return database.log().transferAway(HANDOVER_NANOS);
    }

    private String proceedWith(String damage) {
        if (database.storage().isDistrusted()) {
            return "a snapshot of another node is to take its place, statements wait for it";
        }
        if (database.log().members().all().size() == 1) {
            return "there is no other node to get a copy from, and this one goes on with what it has: rows may be wrong or cannot"
                    + " be read. Restore the directory from a backup, or copy what can be read with SCRIPT TO; the next start"
                    + " rebuilds the copy if the log reaches back to the first entry, else it refuses";
        }
        if (database.log().servingEpoch() != 0 && !handsOver()) {
            return "this node leads, and no other could take over: it goes on with what it has, and tries again every minute. Start"
                    + " the others";
        }
        database.storage().distrust();
        if (!database.log().needSnapshot(database.appliedIndex())) {
            database.storage().trust();
            return "there is nobody to get a snapshot from, tried again";
        }
        return "a snapshot of another node takes its place";
    }
}
