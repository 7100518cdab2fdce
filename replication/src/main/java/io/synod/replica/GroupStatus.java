package io.synod.replica;

import io.synod.group.Epoch;
import io.synod.group.Member;
import io.synod.paxos.GroupState;
import io.synod.paxos.PeerView;
import io.synod.paxos.Role;
import io.synod.transport.Transport;
import java.util.ArrayList;
import java.util.List;

/**
 * What a node knows of a group's members. Made under the group's lock.
 *
 * @param transport {@code null} for a node without peers
 */
record GroupStatus(
        GroupState state,
        int selfSlot,
        long applied,
        boolean stopped,
        long logBytes,
        SnapshotExchange exchange,
        Transport transport,
        long nowNanos) {
    private static final long MILLI = 1_000_000L;
    private static final long NOT_KNOWN = -1;

    static List<ReplicatedLog.MemberStatus> of(Replica replica, ReplicaNode node, int selfSlot) {
        // Lists files: not under the lock.
        long bytes = node.log().bytes();
        return replica.inspect(s -> new GroupStatus(
                        s,
                        selfSlot,
                        replica.appliedIndex(),
                        replica.stopped(),
                        bytes,
                        replica.exchange(),
                        node.transport(),
                        node.nanoClock().getAsLong())
                .all());
    }

    private List<ReplicatedLog.MemberStatus> all() {
        List<ReplicatedLog.MemberStatus> all = new ArrayList<>();
        for (Member member : state.members().all()) {
            all.add(member.slot() == selfSlot ? own(member) : peer(member));
        }
        return all;
    }

    private ReplicatedLog.MemberStatus own(Member self) {
        long lag = Math.max(0, state.commitIndex() - applied);
        // Alone, the lease never ends.
        long lease = Math.min(state.leaseLeft(nowNanos) / MILLI, Integer.MAX_VALUE);
        return new ReplicatedLog.MemberStatus(
                self.name(),
                self.address(),
                stopped ? "STOPPED" : name(self, state.role()),
                Epoch.toString(state.leaderEpoch()),
                state.durableIndex(),
                state.commitIndex(),
                applied,
                lag,
                lag == 0 ? 0 : NOT_KNOWN,
                lease,
                logBytes,
                !stopped,
                state.baseIndex() + 1,
                exchange.percentHere());
    }

    private static String name(Member member, Role role) {
        return role == Role.FOLLOWER && member.role() != Member.Role.VOTER
                ? member.role().name()
                : role.name();
    }

    /** Told apart also where nobody is heard: there is no copy to ask it for. */
    private static boolean isWitness(Member member) {
        return member.role() == Member.Role.WITNESS;
    }

    private ReplicatedLog.MemberStatus peer(Member member) {
        boolean reachable = transport != null && transport.connected(member.slot());
        boolean leads = member.slot() == state.leaderSlot();
        PeerView view = state.peer(member.slot(), nowNanos);
        boolean follows = view != null && reachable;
        long lag = view == null ? NOT_KNOWN : Math.max(0, state.commitIndex() - view.applied());
        return new ReplicatedLog.MemberStatus(
                member.name(),
                member.address(),
                leads ? Role.LEADER.name() : follows || isWitness(member) ? name(member, Role.FOLLOWER) : "UNKNOWN",
                Epoch.toString(leads || follows ? state.leaderEpoch() : Epoch.NONE),
                view == null ? NOT_KNOWN : view.durable(),
                view == null ? NOT_KNOWN : Math.min(view.durable(), state.commitIndex()),
                view == null ? NOT_KNOWN : view.applied(),
                lag,
                lag == 0 ? 0 : view == null ? NOT_KNOWN : view.silentNanos() / MILLI,
                0,
                NOT_KNOWN,
                reachable,
                NOT_KNOWN,
                exchange.percentTo(member.slot()));
    }
}
