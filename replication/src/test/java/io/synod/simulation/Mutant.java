package io.synod.simulation;

import io.synod.paxos.Sabotage;

/** One way to break the protocol or the disk under it; each must be found by the simulator. */
enum Mutant {
    NONE(Sabotage.NOTHING),
    /** A promise is answered without having been forced. */
    FORGET_TO_FORCE_PROMISE(Sabotage.NOTHING),
    /** Recovery keeps the last record of each index instead of folding. */
    LAST_RECORD_PER_INDEX(Sabotage.NOTHING),
    HEARTBEAT_IS_A_MATCH(Sabotage.HEARTBEAT_IS_A_MATCH),
    SERVE_BEFORE_BARRIER(Sabotage.SERVE_BEFORE_BARRIER),
    ACCEPT_BELOW_PROMISE(Sabotage.ACCEPT_BELOW_PROMISE);

    final Sabotage sabotage;

    Mutant(Sabotage sabotage) {
        this.sabotage = sabotage;
    }
}
