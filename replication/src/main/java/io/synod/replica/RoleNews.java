package io.synod.replica;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/** Tells the applier of changes of role in their order, on whichever thread made the step, without the group's lock. */
final class RoleNews {
    private record Change(String leader, long epoch, boolean serving) {}

    private final Applier applier;
    private final Signal changed = new Signal();
    private final ConcurrentLinkedQueue<Change> changes = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean telling = new AtomicBoolean();
    private volatile boolean stirred;

    RoleNews(Applier applier) {
        this.applier = applier;
    }

    /** Raised after each change. */
    Signal changed() {
        return changed;
    }

    /** Under the group's lock. */
    void add(String leader, long epoch, boolean serving) {
        changes.add(new Change(leader, epoch, serving));
    }

    /** Under the group's lock: nothing that the applier is told, but who waits should look again. */
    void stir() {
        stirred = true;
    }

    /** Without locks. */
    void tell() {
        if (stirred) {
            stirred = false;
            changed.raise();
        }
        // Free, then look: a change that came while another thread was telling is told by one of the two.
        while (!changes.isEmpty() && telling.compareAndSet(false, true)) {
            try {
                Change change;
                while ((change = changes.poll()) != null) {
                    applier.onRole(change.leader, change.epoch, change.serving);
                }
            } finally {
                telling.set(false);
            }
            changed.raise();
        }
    }
}
