package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.replica.ReplicatedLog.MemberStatus;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * On the leader: names each member that stays behind, since it slows nobody and could do so for ever without being noticed. That is one
 * that lacks what was committed a minute ago and gained so little on the leader in that minute that it would need more than ten
 * of them, and gets no snapshot that advances. It is named once, then again every ten minutes as long as that holds, and when it has
 * what was committed a minute ago. A leader that has just taken over names nobody for a minute. By one thread.
 */
final class LaggingMembers {
    static final long LONG_NANOS = TimeUnit.MINUTES.toNanos(1);
    static final long AGAIN_NANOS = TimeUnit.MINUTES.toNanos(10);
    /** One that gains has caught up within so many times {@link #LONG_NANOS}, or it is one that stays behind. */
    private static final int GAINS_WITHIN = 10;

    private final String database;
    private final Consumer<String> notices;
    /** The oldest is the newest one that is {@link #LONG_NANOS} old, as soon as there is one. */
    private final Deque<Look> looks = new ArrayDeque<>();

    private final Map<String, Named> named = new HashMap<>();
    private long epoch;

    /** What each member had, by its name, and how much of a snapshot, when so much was committed. */
    private record Look(long atNanos, long committed, Map<String, Long> has, Map<String, Integer> snapshots) {
        long lag(String member) {
            return committed - has.get(member);
        }
    }

    private static final class Named {
        final long sinceNanos;
        long saidNanos;

        Named(long sinceNanos) {
            this.sinceNanos = sinceNanos;
        }
    }

    /** @param notices is given each of them */
    LaggingMembers(String database, Consumer<String> notices) {
        this.database = database;
        this.notices = notices;
    }

    /** To be called every few seconds. */
    void look(HostedDatabase hosted, long nanoTime) {
        long serving = hosted.log().servingEpoch();
        look(serving, serving == 0 ? List.of() : hosted.log().status(), hosted.node(), nanoTime);
    }

    /**
     * @param serving the epoch in which this node leads, 0 where it does not
     * @param self this node
     */
    void look(long serving, List<MemberStatus> members, String self, long nanoTime) {
        if (serving == 0) {
            // It may serve again in the same epoch, when a transfer is called off.
            return;
        }
        if (serving != epoch) {
            // What another leader knew, or this one knew as another, says nothing.
            epoch = serving;
            looks.clear();
            named.clear();
        }
        Map<String, Long> has = new HashMap<>();
        Map<String, Integer> snapshots = new HashMap<>();
        long committed = 0;
        for (MemberStatus member : members) {
            if (member.name().equals(self)) {
                committed = member.commitIndex();
            } else {
                has.put(member.name(), position(member));
                snapshots.put(member.name(), member.snapshotPercent());
            }
        }
        named.keySet().retainAll(has.keySet());
        Look now = new Look(nanoTime, committed, has, snapshots);
        looks.add(now);
        forget(nanoTime);
        for (MemberStatus member : members) {
            if (has.containsKey(member.name())) {
                judge(member, now);
            }
        }
    }

    /** A witness applies nothing. */
    private static long position(MemberStatus member) {
        return Math.max(0, isWitness(member) ? member.durableIndex() : member.appliedIndex());
    }

    private static boolean isWitness(MemberStatus member) {
        return member.role().equals("WITNESS");
    }

    private void forget(long nanoTime) {
        while (looks.size() > 1 && nanoTime - second().atNanos >= LONG_NANOS) {
            looks.remove();
        }
    }

    private Look second() {
        return looks.stream().skip(1).findFirst().orElseThrow();
    }

    private void judge(MemberStatus member, Look now) {
        String name = member.name();
        Look longAgo = looks.peekFirst();
        Named is = named.get(name);
        if (is != null) {
            if (now.has.get(name) >= longAgo.committed) {
                named.remove(name);
                notices.accept("database " + database + ": node " + name + " has caught up, after "
                        + seconds(now.atNanos - is.sinceNanos) + " s");
            } else if (now.atNanos - is.saidNanos >= AGAIN_NANOS && staysBehind(name, longAgo, now)) {
                say(member, is, now);
            }
            return;
        }
        if (now.atNanos - longAgo.atNanos >= LONG_NANOS && staysBehind(name, longAgo, now)) {
            Named newly = new Named(longAgo.atNanos);
            named.put(name, newly);
            say(member, newly, now);
        }
    }

    private boolean staysBehind(String name, Look longAgo, Look now) {
        if (!longAgo.has.containsKey(name) || now.has.get(name) >= longAgo.committed || snapshotAdvances(name, now)) {
            return false;
        }
        long gained = longAgo.lag(name) - now.lag(name);
        return gained * GAINS_WITHIN < now.lag(name);
    }

    /** Whether one is on its way, and more of it than before came between two of the last minute's looks. */
    private boolean snapshotAdvances(String name, Look now) {
        if (now.snapshots.get(name) < 0) {
            return false;
        }
        int last = Integer.MAX_VALUE;
        for (Look look : looks) {
            int percent = look.snapshots.getOrDefault(name, -1);
            if (percent > last) {
                return true;
            }
            last = percent;
        }
        return false;
    }

    private void say(MemberStatus member, Named is, Look now) {
        is.saidNanos = now.atNanos;
        notices.accept("database " + database + ": node " + member.name() + " stays behind, for "
                + seconds(now.atNanos - is.sinceNanos) + " s now: " + howFar(member, now.committed) + "; "
                + why(member));
    }

    private static String howFar(MemberStatus member, long committed) {
        if (member.durableIndex() < 0 || member.durableIndex() == 0 && !member.reachable()) {
            return "how much it has of " + committed + " entries, it has not told this leader";
        }
        long toFetch = Math.max(0, committed - member.durableIndex());
        String fetches = toFetch + " entries are not on its disk yet";
        long toApply = Math.min(member.durableIndex(), committed) - member.appliedIndex();
        return isWitness(member) ? fetches : fetches + ", " + Math.max(0, toApply) + " more it has not applied";
    }

    private static String why(MemberStatus member) {
        String remove = "or take it out (synod member remove)";
        if (!member.reachable()) {
            return "it is not connected: start it, look at the network, " + remove;
        }
        String snapshot = member.snapshotPercent() < 0
                ? ""
                : "the snapshot on its way to it does not advance, " + member.snapshotPercent()
                        + " % of it are there; ";
        return snapshot + "it takes less than is committed: look at its disk, its processors and its line, write less, "
                + remove;
    }

    private static long seconds(long nanos) {
        return TimeUnit.NANOSECONDS.toSeconds(nanos);
    }
}
