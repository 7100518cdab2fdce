package io.synod.simulation;

/** The forces of one member's log, one after the other: each covers what was written when it began. */
final class SimulatedForces {
    private final SimulatedNode node;
    private final Cluster cluster;
    private long given;
    private boolean forcing;
    private boolean fails;

    SimulatedForces(SimulatedNode node, Cluster cluster) {
        this.node = node;
        this.cluster = cluster;
    }

    /** A new life. */
    void start() {
        given = 0;
        forcing = false;
        fails = false;
    }

    /** Whether the next one fails. */
    void fail(boolean next) {
        fails = next;
    }

    /** Something was written that is to be forced. */
    void due() {
        given++;
        if (!forcing) {
            forcing = true;
            int born = node.life;
            cluster.after(0, () -> {
                if (node.life == born) {
                    force();
                }
            });
        }
    }

    private void later(long delay, Runnable then) {
        int born = node.life;
        cluster.after(delay, () -> {
            if (node.life == born && node.up()) {
                then.run();
            }
        });
    }

    private void force() {
        long full = cluster.fullFor(node.slot);
        if (full > 0) {
            later(full, this::force);
            return;
        }
        long count = given;
        int written = node.disk.written();
        later(cluster.forceTime(node.slot), () -> returned(count, written));
    }

    private void returned(long count, int written) {
        if (fails && cluster.mutant != Mutant.FAILED_FORCE_IS_BELIEVED) {
            // It cannot know what is on its disk.
            cluster.tally().add(FaultPlan.Fault.FORCE_FAILS);
            node.crash();
            cluster.crashedInStep(node);
            return;
        }
        if (!fails) {
            node.disk.forcedTo(written);
        }
        fails = false;
        cluster.checkers.forced(node);
        int born = node.life;
        node.forced(count);
        if (node.up() && node.life == born) {
            if (given > count) {
                force();
            } else {
                forcing = false;
            }
        }
    }
}
