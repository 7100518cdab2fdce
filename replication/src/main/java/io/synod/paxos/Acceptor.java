package io.synod.paxos;

import io.synod.group.Entry;
import io.synod.group.Epoch;
import io.synod.group.Invariant;
import java.util.List;

/**
 * Promises and accepts. Nothing that another member may rely on leaves before it is forced: a promise and the
 * acknowledgement of entries are held back until {@link #onForced}.
 *
 * <p>Sources: Lamport, Paxos Made Simple (2001), section 2.2; leases: Gray and Cheriton (1989).
 */
final class Acceptor {
    private static final int WINDOW_BYTES = 4 << 20;

    private final Core core;
    private final GroupState group;

    /** No other owner gets a promise before this time: a lease was given. */
    private long guardUntil = Core.NEVER;

    private long guardEpoch = Epoch.NONE;
    /** A guard given before the restart may still stand. */
    private final long muteUntil;

    private long promiseEpoch = Epoch.NONE;
    /** The persist effect that makes the promise, and the tail that it tells of, durable. */
    private long promiseNumber;

    private boolean promiseDue;
    /** Whoever was promised this epoch leads in it, or did: no answer to it is awaited any more. */
    private long ledEpoch = Epoch.NONE;

    private boolean ackDue;
    private long ackSentAt;
    private long ackSeq;

    Acceptor(Core core, GroupState group) {
        this.core = core;
        this.group = group;
        long lease = core.timing.lease();
        this.muteUntil = lease == 0 || core.configurations.isAlone(core.self)
                ? Core.NEVER
                : lease + lease * core.timing.maxDriftPercent() / 100;
    }

    /** How long this member may still promise nothing to a new owner; 0 or less when it may. */
    long guardLeft(long now) {
        return Math.max(guardUntil, muteUntil) - now;
    }

    void onPrepare(int from, Message.Prepare m, long now, Effects out) {
        if (Epoch.slot(m.epoch()) != from || ledEpoch == m.epoch() || group.tellsRemoved(from, out)) {
            return;
        }
        core.sawRound(m.epoch());
        if (m.epoch() < core.promised || refusedByGuard(m, now)) {
            refuse(from, m.epoch(), now, out);
            return;
        }
        if (m.epoch() > core.promised || core.role != Role.FOLLOWER) {
            if (core.role == Role.LEADER) {
                out.notice("leads no longer: slot " + from + " stands for epoch " + m.epoch());
            }
            group.stepDown(now, out);
        }
        group.election.expectLeader(now);
        if (promiseEpoch != m.epoch()) {
            ackDue = false;
            promiseEpoch = m.epoch();
            promiseNumber = core.recorded < m.epoch() ? core.promise(m.epoch(), now, out) : core.durability.given();
        }
        promiseDue = core.durability.forced() < promiseNumber;
        if (!promiseDue) {
            answerPromise(now, out);
        }
    }

    private boolean refusedByGuard(Message.Prepare m, long now) {
        if (now < muteUntil) {
            return true;
        }
        return now < guardUntil && m.releases() != guardEpoch && Epoch.slot(m.epoch()) != Epoch.slot(guardEpoch);
    }

    private void refuse(int to, long epoch, long now, Effects out) {
        out.send(
                to,
                new Message.Promise(
                        epoch,
                        false,
                        core.promised,
                        core.terms.lastEpoch(),
                        core.terms.last(),
                        core.commit,
                        Math.max(0, guardLeft(now))));
    }

    private void answerPromise(long now, Effects out) {
        Invariant.that(core.durability.durable() == core.terms.last(), "promise before the log's tail is forced");
        out.send(
                Epoch.slot(promiseEpoch),
                new Message.Promise(
                        promiseEpoch,
                        true,
                        core.promised,
                        core.terms.lastEpoch(),
                        core.terms.last(),
                        core.commit,
                        Math.max(0, guardLeft(now))));
    }

    void onAccept(int from, Message.Accept m, long now, Effects out) {
        if (Epoch.slot(m.epoch()) != from) {
            return;
        }
        core.sawRound(m.epoch());
        if (!core.rules.accepts(m.epoch(), core.promised)) {
            reject(from, m, out);
            return;
        }
        core.promised = Math.max(core.promised, m.epoch());
        ledEpoch = m.epoch();
        promiseDue = false;
        if (core.leaderEpoch != m.epoch() || core.leaderSlot != from) {
            group.follow(m.epoch(), now, out);
        }
        group.election.heardLeader(now);
        if (m.leaseNanos() > 0 && m.quorumAgeNanos() < core.timing.electionTimeout()) {
            guardUntil = Math.max(guardUntil, now + m.leaseNanos());
            guardEpoch = m.epoch();
        }
        if (m.prevIndex() > core.commit && core.terms.epochAt(m.prevIndex()) != m.prevEpoch()) {
            reject(from, m, out);
            return;
        }
        List<Entry> entries = m.entries();
        for (int i = 0; i < entries.size(); i++) {
            accept(entries.get(i), m.prevIndex() + 1 + i, now, out);
        }
        core.matched = Math.max(core.matched, m.prevIndex() + entries.size());
        core.allHave = m.allHave();
        core.advanceCommit(Math.min(m.commit(), core.matched), out);
        acknowledge(from, m, now, out);
    }

    private void accept(Entry entry, long index, long now, Effects out) {
        Invariant.that(entry.index() == index, "entry %d at place %d of an Accept", entry.index(), index);
        if (index <= core.commit) {
            long epoch = core.terms.epochAt(index);
            Invariant.that(
                    epoch == entry.epoch() || epoch == TermHistory.CUT,
                    "committed epoch %d, leader has %d",
                    epoch,
                    entry.epoch());
        } else {
            core.append(entry, now, out);
        }
    }

    private void acknowledge(int from, Message.Accept m, long now, Effects out) {
        if (m.entries().isEmpty()) {
            out.send(from, accepted(m.sentAtNanos(), m.seq(), now));
            return;
        }
        ackSentAt = ackDue ? Math.max(ackSentAt, m.sentAtNanos()) : m.sentAtNanos();
        ackSeq = ackDue ? Math.max(ackSeq, m.seq()) : m.seq();
        ackDue = true;
        if (core.durability.durable() >= core.matched) {
            sendAccepted(now, out);
        }
    }

    private Message.Accepted accepted(long sentAt, long seq, long now) {
        long durable = core.rules.acknowledges(core.durability.durable(), core.matched);
        return new Message.Accepted(
                core.leaderEpoch, durable, sentAt, seq, core.applied, WINDOW_BYTES, core.durability.lagNanos(now));
    }

    private void sendAccepted(long now, Effects out) {
        ackDue = core.durability.durable() < core.matched;
        out.accepted(core.leaderSlot, accepted(ackSentAt, ackSeq, now));
    }

    private void reject(int to, Message.Accept m, Effects out) {
        long prev = m.prevIndex();
        long epochAtPrev = Math.max(0, core.terms.epochAt(prev));
        out.send(
                to,
                new Message.Reject(
                        m.epoch(),
                        core.promised,
                        core.commit,
                        core.terms.lastEpoch(),
                        core.terms.last(),
                        epochAtPrev,
                        core.terms.firstOfRun(prev),
                        m.sentAtNanos(),
                        m.seq()));
    }

    /** The leader that the held-back acknowledgement was for is gone. */
    void forgetAcknowledgement() {
        ackDue = false;
    }

    void onForced(boolean durableRose, long now, Effects out) {
        if (promiseDue && core.durability.forced() >= promiseNumber) {
            promiseDue = false;
            if (promiseEpoch == core.promised) {
                answerPromise(now, out);
            }
        }
        if (ackDue && durableRose && core.role == Role.FOLLOWER && core.leaderSlot != 0) {
            sendAccepted(now, out);
        }
    }

    /** A candidate that holds this member's promise asks for what it lacks. */
    void onFetch(int from, Message.Fetch m, Effects out) {
        if (m.epoch() != core.promised || Epoch.slot(m.epoch()) != from || core.leaderEpoch == m.epoch()) {
            return;
        }
        long base = core.terms.base();
        boolean matches = m.prevIndex() >= base
                && core.terms.epochAt(m.prevIndex()) == m.prevEpoch()
                && m.from() == m.prevIndex() + 1;
        boolean held = matches && m.from() <= core.terms.last();
        Message.Fetched header = new Message.Fetched(m.epoch(), held, m.prevIndex(), m.prevEpoch(), List.of(), base);
        if (held) {
            out.donate(from, header, m.from(), Math.min(m.to(), core.terms.last()));
        } else {
            out.send(from, header);
        }
    }
}
