package io.synod.paxos;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Linearizable reads. A leader notes its commit index and answers when a majority has answered a message that was sent
 * after the request, or at once under a lease; one round serves all requests that came before it. A request that comes
 * before the barrier is applied waits for it. A follower asks the leader, with one question on the way for all who wait.
 *
 * <p>Source: Ongaro (2014), section 6.4.
 */
final class ReadIndex {
    /** Reads that may wait at a time; those beyond are told to ask again. */
    private static final int MAX_WAITING = 1 << 16;

    /** @param from 0 for a read of this node */
    private record Waiting(long ticket, int from, long needsSeq, long index) {}

    private static final long NOT_SERVING = -1;

    private final Core core;
    private final GroupState group;

    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private long roundSeq;
    private long confirmedSeq;

    /** Tickets that the question on the way stands for, and those that came after it. */
    private List<Long> asked = new ArrayList<>();

    private List<Long> next = new ArrayList<>();
    private long question;
    private long askedAt;
    private long askedFirstAt;

    ReadIndex(Core core, GroupState group) {
        this.core = core;
        this.group = group;
        // Answers to questions from before a restart must not be taken for answers to new ones.
        this.question = core.random.nextLong();
    }

    void read(long ticket, long now, Effects out) {
        if (core.role == Role.LEADER) {
            readAsLeader(ticket, 0, now, out);
        } else if (core.leaderSlot == 0 || next.size() >= MAX_WAITING) {
            out.notReadable(ticket, core.leaderSlot);
        } else {
            next.add(ticket);
            if (asked.isEmpty()) {
                askLeader(now, out);
            }
        }
    }

    void onReadIndex(int from, Message.ReadIndex m, long now, Effects out) {
        if (core.role == Role.LEADER) {
            readAsLeader(m.ticket(), from, now, out);
        } else {
            out.send(from, new Message.ReadIndexReply(m.ticket(), -1, core.leaderSlot));
        }
    }

    private void readAsLeader(long ticket, int from, long now, Effects out) {
        Leadership leadership = group.leadership;
        leadership.wantLease(now);
        boolean serving = leadership.serving();
        if (serving && leadership.leaseUntil(now) > now) {
            answer(ticket, from, core.commit, now, out);
        } else if (waiting.size() >= MAX_WAITING) {
            refuse(ticket, from, core.self, out);
        } else {
            if (roundSeq <= confirmedSeq) {
                roundSeq = leadership.heartbeat(now, out);
                waiting.add(new Waiting(ticket, from, roundSeq, serving ? core.commit : NOT_SERVING));
            } else {
                waiting.add(new Waiting(ticket, from, leadership.nextSeq(), serving ? core.commit : NOT_SERVING));
            }
        }
    }

    void start() {
        roundSeq = 0;
        confirmedSeq = 0;
    }

    /** Other voters count from now on: what a leader without any confirmed by itself proves nothing any more. */
    void membersChanged() {
        confirmedSeq = 0;
    }

    /** A majority has answered messages up to this number, or the barrier was applied. */
    void confirmed(long seq, long now, Effects out) {
        confirmedSeq = Math.max(confirmedSeq, seq);
        if (waiting.isEmpty() || !group.leadership.serving()) {
            return;
        }
        while (!waiting.isEmpty() && waiting.peek().needsSeq <= confirmedSeq) {
            Waiting read = waiting.poll();
            answer(read.ticket, read.from, read.index == NOT_SERVING ? core.commit : read.index, now, out);
        }
        if (!waiting.isEmpty() && waiting.peek().needsSeq > roundSeq && roundSeq <= confirmedSeq) {
            roundSeq = group.leadership.heartbeat(now, out);
        }
    }

    private void answer(long ticket, int from, long index, long now, Effects out) {
        if (from == 0) {
            out.readable(ticket, index);
        } else {
            out.send(from, new Message.ReadIndexReply(ticket, index, core.self));
            group.leadership.tellCommit(from, now, out);
        }
    }

    private void refuse(long ticket, int from, int hint, Effects out) {
        if (from == 0) {
            out.notReadable(ticket, hint);
        } else {
            out.send(from, new Message.ReadIndexReply(ticket, -1, hint));
        }
    }

    private void askLeader(long now, Effects out) {
        List<Long> free = asked;
        asked = next;
        next = free;
        question++;
        askedFirstAt = now;
        askAgain(now, out);
    }

    private void askAgain(long now, Effects out) {
        askedAt = now;
        out.send(core.leaderSlot, new Message.ReadIndex(question));
    }

    void onReply(Message.ReadIndexReply m, long now, Effects out) {
        if (asked.isEmpty() || m.ticket() != question) {
            return;
        }
        for (long ticket : asked) {
            if (m.index() >= 0) {
                out.readable(ticket, m.index());
            } else {
                out.notReadable(ticket, m.leaderHint());
            }
        }
        asked.clear();
        if (!next.isEmpty()) {
            askLeader(now, out);
        }
    }

    void tick(long now, Effects out) {
        if (asked.isEmpty()) {
            return;
        }
        if (now - askedFirstAt > core.timing.electionTimeout()) {
            failAll(out);
        } else if (now - askedAt >= core.timing.heartbeat()) {
            askAgain(now, out);
        }
    }

    /** The role or the leader changed: nothing that was asked before will be confirmed. */
    void failAll(Effects out) {
        while (!waiting.isEmpty()) {
            Waiting read = waiting.poll();
            refuse(read.ticket, read.from, core.leaderSlot, out);
        }
        for (long ticket : asked) {
            out.notReadable(ticket, core.leaderSlot);
        }
        for (long ticket : next) {
            out.notReadable(ticket, core.leaderSlot);
        }
        asked.clear();
        next.clear();
    }
}
