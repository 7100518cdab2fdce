package io.synod.engine.faults;

import io.synod.engine.failover.TestCluster;
import java.nio.file.Path;
import java.util.SplittableRandom;

/** The faults that are {@link Fault#PROCEDURES}: one at a time, while nothing else is wrong. */
final class Procedures implements AutoCloseable {
    private final Standing standing;
    private final RollingRestart rollingRestart;
    private final ChangingMembers members;
    private final KilledSnapshots snapshots;

    Procedures(
            TestCluster cluster,
            Path directory,
            NodeNetwork network,
            Standing standing,
            Histories histories,
            FaultCounts counts,
            SplittableRandom random) {
        this.standing = standing;
        rollingRestart = new RollingRestart(cluster, standing, histories, counts, random.split());
        members = new ChangingMembers(cluster, directory, network, standing, histories, counts, random.split());
        snapshots = new KilledSnapshots(cluster, directory, standing, histories, counts, random.split());
    }

    void run(Fault fault) throws Exception {
        standing.awaitAllCaughtUp();
        try {
            switch (fault) {
                case ROLLING_RESTART -> rollingRestart.run();
                case CHANGE_MEMBERS -> members.run();
                case KILL_SENDER, KILL_RECEIVER -> snapshots.run(fault);
                default -> throw new IllegalArgumentException(fault + " is no procedure");
            }
        } catch (Exception | AssertionError e) {
            e.addSuppressed(new Throwable(fault + members.story()));
            throw e;
        }
    }

    @Override
    public void close() {
        members.close();
    }
}
