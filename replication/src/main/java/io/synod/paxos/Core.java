package io.synod.paxos;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Epoch;
import io.synod.group.Invariant;
import io.synod.group.Members;
import io.synod.group.Recovered;
import java.util.random.RandomGenerator;

/**
 * What the parts of one member share: its place in the protocol and its view of its log. Every change of the log goes
 * through {@link #append}, every rise of the commit index through {@link #advanceCommit}, and both check what must hold.
 *
 * <p>Times in this package, below {@link GroupState}, are nanoseconds since the member was constructed.
 */
final class Core {
    /** Earlier than any time that matters, far enough from overflow to calculate with. */
    static final long NEVER = Long.MIN_VALUE / 4;

    final int self;
    final int priority;
    final Timing timing;
    final RandomGenerator random;
    final SafetyRules rules;
    final TermHistory terms;
    final Durability durability;
    final Configurations configurations;

    Role role = Role.FOLLOWER;
    /** No leader or candidate of a lower epoch is obeyed. In memory at least what is forced. */
    long promised;
    /** The greatest epoch for which a promise or an entry was given to the log. */
    long recorded;
    /** The greatest round that anybody spoke of. */
    long seenRound;
    /** The epoch of the leader that was followed last; {@link #matched} is about its log. */
    long leaderEpoch = Epoch.NONE;
    /** 0 where none is known. */
    int leaderSlot;
    /** The index up to which this log is proven equal to that of the leader of {@link #leaderEpoch}. */
    long matched;

    long commit;
    long applied;
    /** What the leader said that every member has. */
    long allHave;
    /** There is no state machine here, whatever the configuration says: nobody may be served from here. */
    boolean logOnly;
    /** The group begins with a state that another member brings. */
    boolean awaitsBase;
    /** This member is committed to be none any more: it neither stands nor asks. */
    boolean removed;
    /** The state machine cannot be relied on any more: a snapshot at this index or a later one has to take its place; −1 for none. */
    long needed = -1;
    /** A base that the log has still to be told of. */
    private Base owed;

    Core(
            int self,
            Members bootstrap,
            Recovered recovered,
            Base installed,
            long applied,
            int priority,
            Timing timing,
            RandomGenerator random,
            SafetyRules rules) {
        this.self = self;
        this.priority = priority;
        this.timing = timing;
        this.random = random;
        this.rules = rules;
        this.terms = new TermHistory(recovered);
        this.durability = new Durability(recovered.lastIndex());
        this.configurations = new Configurations(bootstrap, recovered.base().members());
        for (Entry entry : recovered.configurations()) {
            configurations.append(entry.index(), Members.decode(entry.payload()));
        }
        this.promised = Math.max(recovered.promised(), terms.lastEpoch());
        this.recorded = promised;
        this.seenRound = Epoch.round(promised);
        if (installed != null && installed.index() > terms.base() && !holds(installed)) {
            restart(installed);
            owed = installed;
        }
        Invariant.that(
                applied <= terms.last(), "the state machine stands at %d, the log ends at %d", applied, terms.last());
        this.commit = Math.max(applied, terms.base());
        this.applied = applied;
        this.matched = commit;
    }

    /** A crash came between the installation of a snapshot and the log's note of it. */
    void settleBase(long now, Effects out) {
        if (owed != null) {
            durability.restart(owed.index(), now);
            out.base(owed, true);
            owed = null;
        }
    }

    boolean holds(Base base) {
        return terms.epochAt(base.index()) == base.epoch();
    }

    /** Whether only a snapshot can help: the log begins behind what the state machine has, or that is not to be relied on. */
    boolean hollow() {
        return needed >= 0 || applied < terms.base();
    }

    /** Whether this member has nothing, and must wait for one that has the group's first state. */
    boolean lacksBase() {
        return awaitsBase && terms.last() == 0;
    }

    private void restart(Base base) {
        terms.restart(base.index(), base.epoch());
        configurations.restart(base.members());
        promised = Math.max(promised, base.epoch());
        recorded = Math.max(recorded, base.epoch());
        seenRound = Math.max(seenRound, Epoch.round(promised));
    }

    /** The log forgets what stands up to this index. */
    void cut(long index, long now, Effects out) {
        Base base = new Base(index, terms.epochAt(index), configurations.at(index));
        Invariant.that(index <= applied && index <= commit, "cut at %d, applied is %d", index, applied);
        terms.cut(index);
        configurations.cut(index);
        durability.cut(now);
        out.base(base, false);
    }

    /** The state machine has been put where the base is. */
    void install(Base base, long now, Effects out) {
        applied = base.index();
        if (holds(base)) {
            commit = Math.max(commit, applied);
            cut(applied, now, out);
            return;
        }
        // What stands here at the base's index or is missing there is not what was committed, so nothing behind it is.
        Invariant.that(base.index() > commit, "committed up to %d, which the snapshot of %d lacks", commit, applied);
        commit = applied;
        restart(base);
        durability.restart(base.index(), now);
        out.base(base, true);
    }

    /** Appends by the fold rule; skips what is there already. */
    void append(Entry entry, long now, Effects out) {
        long index = entry.index();
        if (terms.epochAt(index) == entry.epoch()) {
            return;
        }
        Invariant.that(index > commit, "entry %d would be voided, commit is %d", index, commit);
        Invariant.that(entry.epoch() <= promised, "entry of epoch %d above promise %d", entry.epoch(), promised);
        boolean voids = index <= terms.last();
        terms.append(entry.epoch(), index);
        durability.append(index, voids, now);
        recorded = Math.max(recorded, entry.epoch());
        if (voids) {
            configurations.voidFrom(index);
        }
        if (entry.kind() == EntryKind.CONFIG) {
            configurations.append(index, Members.decode(entry.payload()));
        }
        out.append(entry);
    }

    /** @return the number of the persist effect that makes it durable */
    long promise(long epoch, long now, Effects out) {
        Invariant.that(epoch >= promised, "promise of %d after %d", epoch, promised);
        promised = epoch;
        recorded = epoch;
        sawRound(epoch);
        out.promise(epoch);
        return durability.promise(now);
    }

    void sawRound(long epoch) {
        seenRound = Math.max(seenRound, Epoch.round(epoch));
    }

    /** An epoch above everything seen, of this member. */
    long nextEpoch() {
        return Epoch.of(Math.max(Epoch.round(promised), seenRound) + 1, self);
    }

    void advanceCommit(long index, Effects out) {
        if (index > commit) {
            Invariant.that(index <= terms.last(), "commit %d past the end %d", index, terms.last());
            commit = index;
            out.committed(index);
        }
    }
}
