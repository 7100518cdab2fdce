package io.synod.branch;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What all that take part know of a global transaction: equal in each of its branches.
 *
 * @param gid its name, unique among those that are not decided
 * @param home the participant that was written first
 * @param participants all of them, the home one too; of a transaction that somebody else coordinates (XA), this group alone
 */
public record Branch(String gid, String home, List<Participant> participants) {
    /** In characters: what an XA manager's longest name takes, and more. */
    public static final int MAX_GID = 1000;

    /** @throws IllegalArgumentException for a name that cannot be used, or participants that do not fit together */
    public Branch {
        if (gid.isEmpty() || gid.length() > MAX_GID) {
            throw new IllegalArgumentException(
                    "the name of a transaction has " + gid.length() + " characters, expected 1 to " + MAX_GID);
        }
        participants = List.copyOf(participants);
        Set<String> names = new HashSet<>();
        for (Participant participant : participants) {
            if (!names.add(participant.database())) {
                throw new IllegalArgumentException(
                        "database " + participant.database() + " takes part twice in transaction " + gid);
            }
        }
        if (!names.contains(home)) {
            throw new IllegalArgumentException("the home of transaction " + gid + " is " + home
                    + ", which is not one of its participants " + names);
        }
    }

    /**
     * What the participants of a transaction are to weigh: each 1, the home one 2 where their number is even, so that there is a majority
     * without any single other one, and with two participants without the other one.
     *
     * @param databases those that were written
     */
    public static Branch of(String gid, String home, List<String> databases) {
        boolean even = databases.size() % 2 == 0;
        return new Branch(
                gid,
                home,
                databases.stream()
                        .map(database -> new Participant(database, even && database.equals(home) ? 2 : 1))
                        .toList());
    }

    /** Whether it stands for itself, and its decision comes from outside. */
    public boolean isAlone() {
        return participants.size() == 1;
    }

    /** A branch that stands for itself: its decision comes from outside. */
    public static Branch alone(String gid, String database) {
        return new Branch(gid, database, List.of(new Participant(database, 1)));
    }
}
