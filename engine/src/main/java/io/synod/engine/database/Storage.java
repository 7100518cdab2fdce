package io.synod.engine.database;

import io.synod.engine.snapshot.Checkpoint;
import io.synod.engine.snapshot.DamagedStoreException;
import io.synod.engine.snapshot.H2Store;
import io.synod.group.Invariant;
import io.synod.group.Members;
import io.synod.replica.Snapshots;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.h2.api.ErrorCode;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * H2's store of a database on this node: the copy that it works on now, its checkpoints, and the snapshot that takes its
 * place. Thread-safe; whoever works on the file as a whole (checkpoint, snapshot, reclaim, install) does so alone.
 */
public final class Storage {
    private static final Logger LOG = LoggerFactory.getLogger(Storage.class);

    private final String name;
    private final String node;
    private final long timeoutMillis;
    private final EntryEndings endings;
    private final Digests digests;
    private final WriterRegistry writers;

    /** Held by whoever works on the file as a whole: checkpoint, snapshot, install. */
    private final ReentrantLock fileBusy = new ReentrantLock();

    private final List<Consumer<Database>> preparations = new CopyOnWriteArrayList<>();

    /** Replaced by a snapshot that is installed. */
    private volatile LocalCopy copy;

    private volatile boolean replacing;
    /** From then on nothing is done with the file as a whole: another store may have it. */
    private volatile boolean closed;

    private volatile Damage damage;
    private volatile String rebuilt;

    /** @param replaced is open as soon as the copy is not in use any more, where that is waited for; else {@code null} */
    private record Damage(LocalCopy copy, String what, CountDownLatch replaced) {}

    /** @throws IOException the file has to be rebuilt */
    Storage(
            String name,
            String node,
            H2Store store,
            long timeoutMillis,
            EntryEndings endings,
            Digests digests,
            WriterRegistry writers)
            throws IOException {
        this.name = name;
        this.node = node;
        this.timeoutMillis = timeoutMillis;
        this.endings = endings;
        this.digests = digests;
        this.writers = writers;
        copy = LocalCopy.of(store, endings, digests);
    }

    LocalCopy copy() {
        return copy;
    }

    /** Prepares H2's database, and each one that takes its place when a snapshot is installed, before it is used. */
    public void eachCopy(Consumer<Database> preparation) {
        preparations.add(preparation);
        preparation.accept(copy.store().database());
    }

    /**
     * What the log needs to forget entries, and to bring up a member that lacks them.
     *
     * @param bootstrap the configuration as long as the log has no other
     * @param awaitsBase whether the group begins with the copy of another member
     * @param checkpointSoon has a checkpoint taken; must not block
     */
    public Snapshots snapshots(Members bootstrap, boolean awaitsBase, Runnable checkpointSoon) {
        return new DatabaseSnapshots(this, bootstrap, awaitsBase, checkpointSoon);
    }

    /** Index of the last checkpoint: no entry up to it is asked for after a restart. */
    public long checkpointIndex() {
        return copy.checkpoints().last().applied();
    }

    /** @return {@code null} when statements that write never paused in time, try later */
    public Checkpoint.Taken checkpoint() throws IOException {
        return inStore(store -> copy.checkpoints().take());
    }

    /**
     * BACKUP TO: a copy of the file as of a moment after the call, in a zip as H2 writes it.
     *
     * @throws DbException 90126 the database is in memory, HYT00 statements that write never paused, 90031 the zip cannot be
     *     written
     */
    public void backup(String zip) {
        try {
            inStore(store -> {
                store.backup(zip, TimeUnit.MILLISECONDS.toNanos(timeoutMillis));
                return null;
            });
        } catch (IOException e) {
            throw DbException.convertIOException(e, zip);
        }
    }

    /** Something that is done with the store's file, and during which no other is. */
    interface StoreWork<T> {
        T on(H2Store store) throws IOException;
    }

    <T> T inStore(StoreWork<T> work) throws IOException {
        fileBusy.lock();
        LocalCopy current = copy;
        try {
            checkOpen();
            return work.on(current.store());
        } catch (DamagedStoreException e) {
            damaged(current, e);
            throw e;
        } finally {
            fileBusy.unlock();
        }
    }

    /**
     * Compares what the file holds up to its last checkpoint with the checksum of that; reading and writing go on meanwhile. What
     * is found is kept: {@link CopyRepair}.
     *
     * @param read is told how many bytes were read just now, and takes its time; what it throws ends it
     * @return how many bytes were compared; 0 where the file was moved or replaced meanwhile, and nothing can be said
     */
    public long verify(IntConsumer read) throws IOException {
        LocalCopy current = copy;
        try {
            return current.store().verify(read);
        } catch (DamagedStoreException e) {
            damaged(current, e);
            throw e;
        }
    }

    private synchronized void damaged(LocalCopy of, DamagedStoreException e) {
        if (of == copy && (damage == null || damage.copy != of)) {
            damage = new Damage(of, e.getMessage(), null);
            LOG.error("database {} on node {} is damaged: {}", name, node, e.getMessage());
        }
    }

    /** What is damaged of the copy in use; {@code null} where nothing is known to be. */
    String damage() {
        Damage known = damage;
        return known == null || known.copy != copy ? null : known.what;
    }

    /** Statements wait from now on until another copy is in place. */
    synchronized void distrust() {
        if (damage() != null) {
            damage = new Damage(damage.copy, damage.what, new CountDownLatch(1));
        }
    }

    /** They need not wait for one. */
    synchronized void trust() {
        Damage known = damage;
        if (known != null && known.replaced != null) {
            damage = new Damage(known.copy, known.what, null);
            known.replaced.countDown();
        }
    }

    boolean isDistrusted() {
        Damage known = damage;
        return known != null && known.copy == copy && known.replaced != null;
    }

    /** Why and from what this copy was built anew; {@code null} when it was not. */
    String rebuilt() {
        return rebuilt;
    }

    void setRebuilt(String fromWhatAndWhy) {
        rebuilt = fromWhatAndWhy;
    }

    /**
     * Goes on from a snapshot that has arrived whole. By the holder of the apply baton. Sessions of before move to the new
     * copy with their next statement; what they have open here ends with 40001.
     */
    void install(Snapshots.Header header, long fileLength) throws IOException {
        fileBusy.lock();
        try {
            replacing = true; // before it is asked whether this is closed, and the other way round there
            checkOpen();
            LocalCopy old = copy;
            boolean renews = isDistrusted() && header.index() == old.state().appliedIndex();
            if (!renews && header.index() <= old.state().appliedIndex()) {
                throw new IOException(
                        "the snapshot at index " + header.index() + " is older than the copy of " + name + " on node "
                                + node + ", which stands at " + old.state().appliedIndex());
            }
            writers.endAll(null, () -> Errors.retry("this node's copy was replaced by a snapshot"));
            old.branches().close();
            old.store().replaceBy(header, fileLength);
            LocalCopy next = openReplaced(old, header);
            exchange(next);
            LOG.info("database {} on node {} goes on from a snapshot at index {}", name, node, header.index());
        } finally {
            replacing = false;
            fileBusy.unlock();
        }
    }

    private void checkOpen() throws IOException {
        if (closed) {
            throw new IOException("database " + name + " was closed on node " + node);
        }
    }

    /** Before the store is closed: a snapshot that is being put in place is, and no other follows. */
    void end() {
        closed = true;
        awaitInstalled();
    }

    private synchronized void exchange(LocalCopy next) {
        Damage known = damage;
        boolean repairs = known != null && known.copy == copy;
        copy = next;
        damage = null;
        if (repairs) {
            rebuilt = "from another node: " + known.what;
            LOG.warn("database {} on node {} is rebuilt {}", name, node, rebuilt);
            if (known.replaced != null) {
                known.replaced.countDown();
            }
        }
    }

    /** What was decided cannot be taken back: when it fails, the group stops here, and the next start carries it out. */
    private LocalCopy openReplaced(LocalCopy old, Snapshots.Header header) {
        H2Store store = null;
        boolean whole = false;
        try {
            store = old.store().reopened();
            LocalCopy next = LocalCopy.of(store, endings, digests);
            Invariant.that(
                    next.state().appliedIndex() == header.index()
                            && next.state().appliedEpoch() == header.epoch(),
                    "a snapshot at index %d of epoch %d holds another state",
                    header.index(),
                    header.epoch());
            preparations.forEach(p -> p.accept(next.store().database()));
            whole = true;
            return next;
        } catch (IOException | SQLException e) {
            throw new IllegalStateException("the snapshot of " + name + " is in place, but cannot be opened", e);
        } finally {
            if (!whole && store != null) {
                store.abandon();
            }
        }
    }

    /** Whether a session of H2 belongs to a copy that a snapshot has replaced, or is about to. */
    public boolean isReplaced(SessionLocal session) {
        return replacing || session.getDatabase() != copy.store().database();
    }

    /** @throws DbException HYT00 when a damaged copy was not replaced in time, 57014 when the thread was interrupted */
    void awaitReplaced() {
        Damage known = damage;
        if (known != null && known.replaced != null) {
            awaitReplaced(known);
        }
        awaitInstalled();
    }

    private void awaitInstalled() {
        if (replacing) {
            fileBusy.lock();
            fileBusy.unlock();
        }
    }

    private void awaitReplaced(Damage known) {
        try {
            if (!known.replaced.await(timeoutMillis, TimeUnit.MILLISECONDS)) {
                throw DbException.get(
                        ErrorCode.LOCK_TIMEOUT_1,
                        "the copy of " + name + " on node " + node
                                + " is damaged, and no other node has sent a snapshot within " + timeoutMillis
                                + " ms: use another node, or start those that are down");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw DbException.get(ErrorCode.STATEMENT_WAS_CANCELED);
        }
    }
}
