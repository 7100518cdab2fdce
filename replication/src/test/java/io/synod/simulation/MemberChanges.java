package io.synod.simulation;

import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.MemberChange;
import io.synod.paxos.Role;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Members come and go, in every second run. Whoever leads is asked for a change at random; what makes no sense, it refuses. A node
 * that was removed goes on as if nobody had told it.
 */
final class MemberChanges {
    private static final long MILLI = Cluster.MILLI;
    private static final long TIME_LIMIT = 20_000 * MILLI;
    private static final int SPARES = 3;
    /** In so many runs there may be a witness once. */
    private static final int WITNESS_EVERY = 8;

    private final SplittableRandom random;
    private final SplittableRandom slots;
    private final SplittableRandom directories;
    private final boolean on;
    private final boolean witness;
    private final long gap;
    private Cluster cluster;
    private Faults trouble;

    MemberChanges(long seed, FaultPlan plan) {
        random = new SplittableRandom(~seed);
        slots = random.split();
        directories = new SplittableRandom(Long.rotateLeft(~seed, 32));
        on = seed % 2 == 1 && plan.members();
        witness = on && seed % WITNESS_EVERY == WITNESS_EVERY - 3;
        gap = (10 + random.nextLong(Math.max(1, plan.duration() / 10 / MILLI))) * MILLI;
    }

    /** @param size where the members stay the same */
    Cluster cluster(int size, SplittableRandom rest, Mutant mutant) {
        if (!on) {
            return new Cluster(size, rest, mutant);
        }
        Cluster changing = new Cluster(2 + random.nextInt(3), SPARES, rest, mutant, new Timeline());
        if (witness) {
            changing.withWitness();
        }
        return changing;
    }

    void begin(Cluster group, Faults faults) {
        cluster = group;
        trouble = faults;
        if (on) {
            cluster.settlesSoon();
            schedule();
        }
    }

    private void schedule() {
        cluster.after(random.nextLong(gap), () -> {
            if (trouble.on()) {
                SimulatedNode leader = someLeader();
                if (leader != null && cluster.members().stream().allMatch(node -> node.whole() || node.isLost())) {
                    leader.change(this::any);
                }
                schedule();
            }
        });
    }

    /** Also one that has just been elected, or is deposed and does not know it. */
    private SimulatedNode someLeader() {
        int first = random.nextInt(cluster.size());
        for (int i = 0; i < cluster.size(); i++) {
            SimulatedNode node = cluster.node(1 + (first + i) % cluster.size());
            if (node.up() && node.state.role() == Role.LEADER) {
                return node;
            }
        }
        return null;
    }

    /** When the faults are over: other directories take the place of those that are lost, as long as there are any, and vote where they did. */
    void replaceLost() {
        if (Stream.of(cluster.nodes()).noneMatch(SimulatedNode::isLost)) {
            return;
        }
        long[] askedAt = {Long.MIN_VALUE / 2};
        boolean replaced = cluster.runUntil(
                () -> {
                    SimulatedNode leader = cluster.leader();
                    if (leader != null && cluster.now() - askedAt[0] > 60 * MILLI) {
                        askedAt[0] = cluster.now();
                        leader.change(this::replaces);
                    }
                    return isReplaced(cluster.chosen.configuration());
                },
                TIME_LIMIT);
        Checker.check(replaced, "lost members are not replaced:", cluster.chosen.configuration());
    }

    private Member lost(Members members) {
        return members.all().stream()
                .filter(member -> cluster.node(member.slot()).isLost())
                .findFirst()
                .orElse(null);
    }

    private Member learner(Members members) {
        return members.all().stream()
                .filter(member -> member.role() == Member.Role.LEARNER
                        && !cluster.node(member.slot()).isLost())
                .findFirst()
                .orElse(null);
    }

    private boolean isReplaced(Members members) {
        boolean nobody = learner(members) == null && members.nextSlot() > cluster.size();
        return lost(members) == null && (members.voters().length >= 3 || nobody);
    }

    private MemberChange replaces(Members members) {
        Member lost = lost(members);
        Member learner = learner(members);
        if (lost != null) {
            return leave(members, lost, learner);
        }
        return learner == null && members.nextSlot() <= cluster.size()
                ? addNext(members)
                : MemberChange.promote((learner == null ? members.all().get(0) : learner).name());
    }

    private MemberChange any(Members members) {
        Member lost = lost(members);
        if (lost != null) {
            // Nobody else may leave before: the rest could be no majority.
            return leave(members, lost, learner(members));
        }
        if (comes(members) && directories.nextInt(5) == 0) {
            // Somebody has given its name to another node: refused while it is heard.
            return comesBack(
                    members, members.all().get(directories.nextInt(members.all().size())));
        }
        if (members.nextSlot() <= cluster.size() && random.nextInt(4) == 0) {
            return add(members);
        }
        Member member = members.all().get(random.nextInt(members.all().size()));
        if (member.role() == Member.Role.LEARNER) {
            return random.nextInt(6) == 0 ? MemberChange.remove(member.name()) : MemberChange.promote(member.name());
        }
        // So that there is somebody left to remove.
        if (members.voters().length < 3 && random.nextInt(4) != 0) {
            return MemberChange.promote(member.name());
        }
        return random.nextInt(3) == 0 ? MemberChange.remove(member.name()) : MemberChange.demote(member.name());
    }

    /** Its place to the next spare node, or to nobody where there is none. */
    private MemberChange gives(Members members, Member lost) {
        return comes(members) ? comesBack(members, lost) : MemberChange.remove(lost.name());
    }

    /** Whether the next node is one that can have a copy. */
    private boolean comes(Members members) {
        return members.nextSlot() <= cluster.size() && !cluster.isWitness(members.nextSlot());
    }

    private static MemberChange comesBack(Members members, Member lost) {
        return MemberChange.replace(lost.name(), new UUID(0, members.nextSlot()), lost.address(), 0);
    }

    /** With the next slot, or one that the node has elsewhere: a later one, or one that is given already, which is refused. */
    private MemberChange add(Members members) {
        if (slots.nextInt(4) != 0) {
            return addNext(members);
        }
        int slot = members.nextSlot();
        int elsewhere = 1 + slots.nextInt(Math.min(slot + 1, cluster.size()));
        return add(elsewhere, elsewhere);
    }

    private static long full(Members members) {
        return members.all().stream()
                .filter(member -> members.mayLead(member.slot()))
                .count();
    }

    /** A witness stays with two that can lead at least: somebody else comes first, or it goes itself. */
    private MemberChange leave(Members members, Member lost, Member learner) {
        boolean needed = members.mayLead(lost.slot()) && full(members) == 2 && members.voters().length > 2;
        if (needed && learner != null) {
            return MemberChange.promote(learner.name());
        }
        if (needed || !members.mayLead(lost.slot()) && members.isVoter(lost.slot())) {
            return MemberChange.remove(witness(members).name());
        }
        return gives(members, lost);
    }

    private static Member witness(Members members) {
        return members.all().stream()
                .filter(member -> member.role() == Member.Role.WITNESS)
                .findFirst()
                .orElseThrow();
    }

    private MemberChange addNext(Members members) {
        int next = members.nextSlot();
        if (cluster.isWitness(next) && full(members) < 2) {
            // It cannot come now: another one does, and its slot is gone.
            return add(next + 1, next + 1);
        }
        return add(next, 0);
    }

    private MemberChange add(int node, int slot) {
        String name = Cluster.name(node);
        UUID directory = new UUID(0, node);
        return cluster.isWitness(node)
                ? MemberChange.addWitness(name, directory, name + ":1", slot)
                : MemberChange.add(name, directory, name + ":1", slot);
    }
}
