package io.synod.paxos;

import io.synod.group.Base;
import io.synod.group.Members;
import io.synod.group.Recovered;
import java.util.random.RandomGenerator;

/** Ways to break the protocol on purpose, for tests that show that the break is found. */
public enum Sabotage {
    /** None: production as it stands. */
    NOTHING(new SafetyRules()),
    /** A member that promised a higher epoch still accepts from the old leader. */
    ACCEPT_BELOW_PROMISE(new SafetyRules() {
        @Override
        boolean accepts(long epoch, long promised) {
            return true;
        }
    }),
    /** Whatever is forced is acknowledged, also a tail that the leader never had. */
    HEARTBEAT_IS_A_MATCH(new SafetyRules() {
        @Override
        long acknowledges(long durable, long matched) {
            return durable;
        }
    }),
    /** A copy on a majority counts, whichever epoch the entry is of. */
    COUNT_OLD_EPOCHS(new SafetyRules() {
        @Override
        boolean commitsByCounting(long entryEpoch, long leaderEpoch) {
            return true;
        }
    }),
    /** An acknowledgement counts, whichever leader it was for. */
    ANSWERS_OF_OTHER_EPOCHS_COUNT(new SafetyRules() {
        @Override
        boolean isAnswerTo(long answerEpoch, long leaderEpoch) {
            return true;
        }
    }),
    /** A new leader answers at once. */
    SERVE_BEFORE_BARRIER(new SafetyRules() {
        @Override
        boolean serves(long barrier, long commit, long applied) {
            return true;
        }
    }),
    /** A new leader changes the members at once. */
    CONFIG_BEFORE_BARRIER(new SafetyRules() {
        @Override
        boolean mayChangeMembers(long barrier, long latestConfiguration, long commit) {
            return commit >= latestConfiguration;
        }
    }),
    /** The next configuration does not wait for the one before. */
    TWO_CHANGES_AT_A_TIME(new SafetyRules() {
        @Override
        boolean mayChangeMembers(long barrier, long latestConfiguration, long commit) {
            return commit >= barrier;
        }
    }),
    /** An entry that a learner has counts as one that a voter has. */
    LEARNER_COUNTS(new SafetyRules() {
        @Override
        boolean counts(Members members, int slot) {
            return true;
        }
    }),
    /** A leader needs the promises of a majority that it knew before it saw what the others have. */
    OLD_ELECTORATE(new SafetyRules() {
        @Override
        Members electorate(Members known, Members adopted) {
            return known;
        }
    }),
    /** A leader goes on counting whom it removed. */
    REMOVED_COUNTS(new SafetyRules() {
        @Override
        boolean countsRemoved() {
            return true;
        }
    }),
    /** Whoever comes may have the slot of one that has gone. */
    SLOT_GIVEN_AGAIN(new SafetyRules() {
        @Override
        boolean isFree(Members now, int slot) {
            return now.bySlot(slot) == null;
        }
    }),
    /** Another directory takes the place of a member that is there. */
    PLACE_TAKEN_WITHOUT_SILENCE(new SafetyRules() {
        @Override
        boolean isGone(long silentNanos, long neededNanos) {
            return true;
        }
    });

    private final SafetyRules rules;

    Sabotage(SafetyRules rules) {
        this.rules = rules;
    }

    public GroupState groupState(
            int selfSlot,
            Members bootstrap,
            Recovered recovered,
            Base installed,
            long applied,
            int priority,
            Timing timing,
            RandomGenerator random,
            long nowNanos) {
        return new GroupState(
                selfSlot, bootstrap, recovered, installed, applied, priority, timing, random, nowNanos, rules);
    }
}
