package io.synod.branch;

/**
 * A group that has a branch of a global transaction.
 *
 * @param database its name
 * @param weight what it counts in a decision of the participants, 1 or more
 */
public record Participant(String database, int weight) {
    /** @throws IllegalArgumentException for a name or a weight that cannot be */
    public Participant {
        if (database.isEmpty()) {
            throw new IllegalArgumentException("a participant without the name of its database");
        }
        if (weight < 1) {
            throw new IllegalArgumentException(
                    "participant " + database + " has weight " + weight + ", expected 1 or more");
        }
    }
}
