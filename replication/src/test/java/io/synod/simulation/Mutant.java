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
    ACCEPT_BELOW_PROMISE(Sabotage.ACCEPT_BELOW_PROMISE),
    /** After a restart the epoch of the last entry that is not in the log any more is another one. */
    FORGET_EPOCH_OF_BASE(Sabotage.NOTHING),
    /** A promise that stood in a deleted segment only is gone. */
    FORGET_PROMISES_OF_DELETED_SEGMENTS(Sabotage.NOTHING),
    /** Segments are deleted before it is on disk that the log begins behind them. */
    RECLAIM_BEFORE_BASE_IS_FORCED(Sabotage.NOTHING),
    /** What the base of an installed snapshot voided is in the log again after a restart. */
    VOIDED_ENTRIES_COME_BACK(Sabotage.NOTHING),
    /** The log forgets what the state machine would still ask for after a crash. */
    FORGET_BEFORE_CHECKPOINT(Sabotage.NOTHING),
    /** A witness makes room in its log as the others do. */
    WITNESS_FORGETS_WHAT_OTHERS_LACK(Sabotage.NOTHING),
    /** The snapshot's state is in place before it is noted which snapshot it is. */
    INSTALL_IN_TWO_STEPS(Sabotage.NOTHING),
    LEARNER_COUNTS(Sabotage.LEARNER_COUNTS),
    TWO_CHANGES_AT_A_TIME(Sabotage.TWO_CHANGES_AT_A_TIME),
    REMOVED_COUNTS(Sabotage.REMOVED_COUNTS),
    SLOT_GIVEN_AGAIN(Sabotage.SLOT_GIVEN_AGAIN),
    PLACE_TAKEN_WITHOUT_SILENCE(Sabotage.PLACE_TAKEN_WITHOUT_SILENCE),
    /** A restart brings back the configuration that the group was opened with. */
    RESTART_FORGETS_CONFIGURATION(Sabotage.NOTHING),
    /** A snapshot does not say which configuration holds where it was made. */
    SNAPSHOT_FORGETS_CONFIGURATION(Sabotage.NOTHING),
    /** A client whose answer is lost takes it for a no, and does the same again. */
    LOST_ANSWER_IS_A_NO(Sabotage.NOTHING),
    /** The leader says what became of a commit without a fence in the log. */
    FENCE_IS_NOT_LOGGED(Sabotage.NOTHING),
    /** Any member says it, by what it has applied. */
    ANSWER_FROM_ANY_COPY(Sabotage.NOTHING),
    /** A commit is applied behind its fence. */
    FENCE_IS_IGNORED(Sabotage.NOTHING),
    /** What began under one leadership is committed under another, which has none of its locks. */
    TRANSACTION_OUTLIVES_ITS_LEADERSHIP(Sabotage.NOTHING),
    /** Others read what is about to be overwritten. */
    LOCKS_END_WITH_THE_PROPOSAL(Sabotage.NOTHING),
    WHAT_IS_ONLY_READ_IS_NOT_LOCKED(Sabotage.NOTHING),
    /** A member whose force has failed goes on as if it had not. */
    FAILED_FORCE_IS_BELIEVED(Sabotage.NOTHING),
    /** No protocol bears a disk that says of what it will lose that it has it: what is acknowledged then can be lost. */
    FORCE_LIES(Sabotage.NOTHING),
    /** What a crash left half written is read as if it were whole. */
    TORN_RECORD_IS_BELIEVED(Sabotage.NOTHING),
    /** Recovery leaves out what is half written, and keeps what stands behind it. */
    WHAT_FOLLOWS_A_TEAR_IS_READ(Sabotage.NOTHING),
    /** A snapshot is installed as it arrived: no chunk has a checksum, nor has the whole. */
    SNAPSHOT_SUMS_ARE_NOT_CHECKED(Sabotage.NOTHING),
    /** Each chunk is checked on its way, what became of them on the two disks is not. */
    WHOLE_SNAPSHOT_IS_NOT_CHECKED(Sabotage.NOTHING),
    /** Who finds that a snapshot is damaged keeps what it has of it, and its sender the file. */
    DAMAGED_SNAPSHOT_IS_SENT_AGAIN(Sabotage.NOTHING),
    /** A member opens its state machine's file without a look at the checksum. */
    ROTTEN_STATE_IS_OPENED(Sabotage.NOTHING),
    /** A log that is damaged in its middle is cut there, and goes on. */
    LOG_IS_CUT_AT_DAMAGE(Sabotage.NOTHING),
    /** A member without its disk is started again as the member that it was. */
    LOST_DISK_COMES_BACK_EMPTY(Sabotage.NOTHING),
    /** Leases count by a clock that stood still. */
    SUSPENSION_IS_NOT_NOTICED(Sabotage.NOTHING),
    /** With clocks whose speeds differ by more than the stated bound, leases are void. */
    LEASES_WITH_CLOCKS_BEYOND_THE_BOUND(Sabotage.NOTHING);

    final Sabotage sabotage;

    /** Those from before there was damage of snapshots are looked for in the runs that they were found in. */
    boolean bearsDamage() {
        return switch (this) {
            case NONE,
                    SNAPSHOT_SUMS_ARE_NOT_CHECKED,
                    WHOLE_SNAPSHOT_IS_NOT_CHECKED,
                    DAMAGED_SNAPSHOT_IS_SENT_AGAIN,
                    ROTTEN_STATE_IS_OPENED -> true;
            default -> false;
        };
    }

    Mutant(Sabotage sabotage) {
        this.sabotage = sabotage;
    }
}
