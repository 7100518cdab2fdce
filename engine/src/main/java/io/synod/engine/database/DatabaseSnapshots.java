package io.synod.engine.database;

import io.synod.group.Members;
import io.synod.replica.Snapshots;
import java.io.IOException;

/** The database's snapshots as its log sees them. Thread-safe as {@link Snapshots} says. */
final class DatabaseSnapshots implements Snapshots {
    private final Storage storage;
    private final Members bootstrap;
    private final boolean awaitsBase;
    private final Runnable checkpointSoon;

    DatabaseSnapshots(Storage storage, Members bootstrap, boolean awaitsBase, Runnable checkpointSoon) {
        this.storage = storage;
        this.bootstrap = bootstrap;
        this.awaitsBase = awaitsBase;
        this.checkpointSoon = checkpointSoon;
    }

    @Override
    public long restartIndex() {
        return storage.checkpointIndex();
    }

    @Override
    public Header installed() {
        return storage.copy().store().origin();
    }

    @Override
    public boolean awaitsBase() {
        return awaitsBase;
    }

    @Override
    public void checkpointSoon() {
        checkpointSoon.run();
    }

    @Override
    public Outgoing take(long atLeast) throws IOException {
        Header origin = storage.copy().store().origin();
        return storage.inStore(store -> store.snapshot(atLeast, origin == null ? bootstrap : origin.members()));
    }

    @Override
    public Incoming receive(Header header) throws IOException {
        return storage.copy().store().receive(header, storage::install);
    }
}
