package io.synod.simulation;

import io.synod.group.Entry;
import io.synod.group.Member;

/** L1 to L4: when all faults have ended, a leader serves, decides what is proposed, brings all up to date, and stays. */
final class Liveness implements Checker {
    private static final long TIME_LIMIT = 12_000 * Cluster.MILLI;
    private static final long QUIET = 1_500 * Cluster.MILLI;

    private long lastAcknowledged;
    private int elections;

    @Override
    public void acknowledged(SimulatedNode node, Entry entry) {
        lastAcknowledged = Math.max(lastAcknowledged, entry.index());
    }

    @Override
    public void led(SimulatedNode node, long epoch) {
        elections++;
    }

    long lastAcknowledged() {
        return lastAcknowledged;
    }

    int elections() {
        return elections;
    }

    void awaitSettled(Cluster cluster) {
        long before = lastAcknowledged;
        long[] proposedAt = {-TIME_LIMIT};
        boolean decided = cluster.runUntil(
                () -> {
                    if (lastAcknowledged > before) {
                        return allApplied(cluster, lastAcknowledged);
                    }
                    SimulatedNode leader = cluster.leader();
                    if (leader != null && cluster.now() - proposedAt[0] > 50 * Cluster.MILLI) {
                        proposedAt[0] = cluster.now();
                        leader.propose(1);
                    }
                    return false;
                },
                TIME_LIMIT);
        Checker.check(
                decided, "after all faults ended: acknowledged", lastAcknowledged, "of before", before, state(cluster));
        if (cluster.isRanked()) {
            // A change that was asked for before may be committed only now (seed 2026191049).
            boolean led = cluster.runUntil(
                    () -> cluster.leader() != null && cluster.leader().slot == highest(cluster), TIME_LIMIT);
            Checker.check(
                    led, "the member of the highest priority does not come to lead:", highest(cluster), state(cluster));
        }
        int electionsBefore = elections;
        cluster.runFor(QUIET);
        if (cluster.isRanked() && elections - electionsBefore > 1) {
            // A transfer that was asked for before may have been on its way, and moves leadership there and back (seed
            // 2026136574).
            electionsBefore = elections;
            cluster.runFor(QUIET);
        }
        Checker.check(elections - electionsBefore <= 1, "leadership does not settle:", elections - electionsBefore);
    }

    private static int highest(Cluster cluster) {
        return cluster.chosen.configuration().all().stream()
                .filter(member -> member.role() == Member.Role.VOTER)
                .mapToInt(Member::slot)
                .max()
                .orElseThrow();
    }

    private static boolean allApplied(Cluster cluster, long index) {
        for (SimulatedNode node : cluster.members()) {
            // Where nobody can come in its place, the others go on.
            boolean away = node.isLost() && !cluster.hasSpares();
            if (node.applied < index && !away) {
                return false;
            }
        }
        return true;
    }

    private static String state(Cluster cluster) {
        StringBuilder text = new StringBuilder(cluster.chosen.configuration().toString()).append("; ");
        for (SimulatedNode node : cluster.nodes()) {
            text.append(node)
                    .append(node.up() ? " " + node.state.role() + " follows " + node.state.leaderSlot() : " down")
                    .append(", base ")
                    .append(node.disk.base())
                    .append(", last ")
                    .append(node.disk.last())
                    .append(", commit ")
                    .append(node.commit)
                    .append(", applied ")
                    .append(node.applied)
                    .append("; ");
        }
        return text.toString();
    }
}
