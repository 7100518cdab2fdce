package io.synod.replica;

import io.synod.group.Epoch;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.GroupState;
import io.synod.paxos.Role;

/**
 * Where this node stands in a group as of its last step: who leads, what is durable, what is committed. Written under the
 * group's lock, read by any thread without it. When it moves, those are told who have to act: what may be applied is released,
 * a leadership that is over ends.
 */
final class Standing {
    private final ApplyPath apply;
    private final ProposalQueue proposals;
    private final RoleNews roles;
    private final LeaderTransfer transfer;

    /** The epoch that this node leads, 0 for none. Under the lock. */
    private long leading;
    /** A leader is known whom no configuration names that is here: a node that joins hears of it first. Under the lock. */
    private boolean leaderUnnamed;

    private volatile long servingEpoch;
    /** Serves, and takes no proposals: by the protocol's own decision ({@link LeaderTransfer} is on request). */
    private volatile boolean handsOver;

    private volatile long leaderEpoch;
    private volatile int leaderSlot;
    private volatile long commitIndex;
    private volatile long durableIndex;
    private volatile Members members;

    /** @param recovered where the group begins */
    Standing(GroupState recovered, ApplyPath apply, ProposalQueue proposals, RoleNews roles, LeaderTransfer transfer) {
        this.apply = apply;
        this.proposals = proposals;
        this.roles = roles;
        this.transfer = transfer;
        this.commitIndex = recovered.commitIndex();
        this.durableIndex = recovered.durableIndex();
        this.members = recovered.members();
    }

    // ------------------------------------------------------------------ under the group's lock

    void stepped(GroupState state) {
        boolean leads = state.role() == Role.LEADER;
        long epoch = state.leaderEpoch();
        long served = servingEpoch;
        if (leading != 0 && (!leads || epoch != leading)) {
            // First: nobody may begin local work under an epoch whose local work is being undone.
            servingEpoch = 0;
            apply.depose(leading);
            transfer.over();
        }
        if (leads && epoch != leading) {
            proposals.leads(state.lastIndex());
        }
        leading = leads ? epoch : 0;
        commitIndex = state.commitIndex();
        durableIndex = state.durableIndex();
        if (members != state.members()) {
            members = state.members();
        }
        if (!state.hollow()) {
            apply.release(Math.min(state.commitIndex(), state.durableIndex()));
        }
        if (handsOver != state.handsOver()) {
            handsOver = !handsOver;
            roles.stir();
        }
        long serving = leads && state.serving() ? epoch : 0;
        boolean named = leaderUnnamed && state.members().bySlot(state.leaderSlot()) != null;
        if (serving != served || epoch != leaderEpoch || state.leaderSlot() != leaderSlot || named) {
            servingEpoch = serving;
            leaderEpoch = epoch;
            leaderSlot = state.leaderSlot();
            Member leader = leaderSlot == 0 ? null : state.members().bySlot(leaderSlot);
            leaderUnnamed = leaderSlot != 0 && leader == null;
            roles.add(leader == null ? null : leader.name(), epoch, serving != 0);
        }
    }

    // ------------------------------------------------------------------ by any thread

    /** The group has stopped on this node, and no step comes after this. */
    void stopped() {
        servingEpoch = 0;
        leaderSlot = 0;
        leaderEpoch = Epoch.NONE;
    }

    /** Whether this node serves as the leader, also while it hands over. */
    boolean serves() {
        return servingEpoch != 0;
    }

    /** The epoch in which may be proposed here; 0 for none. */
    long servingEpoch() {
        return transfer.isRunning() || handsOver ? 0 : servingEpoch;
    }

    /** 0 where none is known. */
    int leaderSlot() {
        return leaderSlot;
    }

    long commitIndex() {
        return commitIndex;
    }

    long durableIndex() {
        return durableIndex;
    }

    /** The newest configuration in the log. */
    Members members() {
        return members;
    }
}
