package io.synod.engine.node;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.replica.Applier;
import io.synod.replica.Proposal;
import io.synod.replica.RemovedMemberException;
import io.synod.replica.ReplicatedLog;
import io.synod.replica.Snapshots;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A database of which this node keeps the log and has no copy: a state machine without a state. What is committed it passes over; of a
 * snapshot it takes where that ends, without its bytes; it gives none. By one thread at a time, but for {@link #log} and {@link
 * #restartIndex}.
 */
final class Witness implements Applier, Snapshots {
    private static final Logger LOG = LoggerFactory.getLogger(Witness.class);

    /** What its node hears of it. */
    interface Listener {
        /** As {@link Applier#onRole}. */
        void onRole(String database, String leader, long epoch, boolean serving);

        /** The node is no member any more. */
        void onRemoved(String database, long configuration);
    }

    private final String database;
    private final String node;
    private final int slot;
    private final Listener listener;
    private volatile long applied;
    private volatile ReplicatedLog log;

    /**
     * @param slot of this node
     * @param base where the log begins: all that stood before is of use to nobody who asks here
     */
    Witness(String database, String node, int slot, long base, Listener listener) {
        this.database = database;
        this.node = node;
        this.slot = slot;
        this.applied = base;
        this.listener = listener;
    }

    void attach(ReplicatedLog replicatedLog) {
        log = replicatedLog;
    }

    ReplicatedLog log() {
        return log;
    }

    @Override
    public long appliedIndex() {
        return applied;
    }

    @Override
    public void apply(Entry entry, Proposal proposal) {
        if (entry.kind() == EntryKind.CONFIG) {
            check(Members.decode(entry.payload()));
        }
        applied = entry.index();
    }

    /** One that others take for a learner would be promoted when it has the log, and has no copy to serve from. */
    private void check(Members members) {
        Member self = members.bySlot(slot);
        if (self != null && self.role() != Member.Role.WITNESS) {
            throw new IllegalStateException("node " + node + " was started as a witness (JOIN=WITNESS) and is a "
                    + self.role() + " of database " + database + ": remove it, and add it as a witness"
                    + " (SYNOD.MEMBER_ADD('" + node + "@" + self.address()
                    + "', 'WITNESS')), or start it with JOIN=TRUE, on"
                    + " an empty directory");
        }
    }

    @Override
    public void onDeposed() {
        // It never leads.
    }

    @Override
    public void onRole(String leader, long epoch, boolean serving) {
        listener.onRole(database, leader, epoch, serving);
    }

    @Override
    public void onStopped(Throwable cause) {
        if (cause instanceof RemovedMemberException removed) {
            LOG.warn("node {} was removed from database {} and is its witness no longer", node, database);
            listener.onRemoved(database, removed.configuration());
            return;
        }
        LOG.error("database {} has stopped on its witness {}", database, node, cause);
    }

    @Override
    public boolean logOnly() {
        return true;
    }

    @Override
    public long restartIndex() {
        return applied;
    }

    /** The log's own note of its base is all that there is. */
    @Override
    public Header installed() {
        return null;
    }

    @Override
    public void checkpointSoon() {
        // Nothing of it is anywhere but in the log.
    }

    @Override
    public Outgoing take(long atLeast) throws IOException {
        throw new IOException("node " + node + " is a witness of database " + database + " and has no copy of it");
    }

    @Override
    public Incoming receive(Header header) {
        check(header.members());
        return new Incoming() {
            @Override
            public long received() {
                return header.length();
            }

            @Override
            public void write(byte[] chunk) {
                throw new IllegalStateException("a witness asks for no bytes of a snapshot");
            }

            @Override
            public void install() {
                applied = header.index();
            }

            @Override
            public void close() {
                // Nothing is held.
            }
        };
    }

    @Override
    public String toString() {
        return "database " + database;
    }
}
