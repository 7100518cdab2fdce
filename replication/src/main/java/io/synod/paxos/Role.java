package io.synod.paxos;

/** What this member is in its group right now. */
public enum Role {
    FOLLOWER,
    /** Asks whether an election could be won; promises nothing. */
    PREVOTE,
    /** Has promised itself an epoch and collects promises. */
    PREPARE,
    LEADER
}
