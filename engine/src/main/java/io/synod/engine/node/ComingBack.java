package io.synod.engine.node;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a directory's {@link IdentityFile} has of others of its name: whether there may have been one, whether this one has to come back as a
 * new member, where it is to vote again, and who has taken its place. Thread-safe: its lock is that
 * of the file.
 */
final class ComingBack {
    /**
     * That others may have met another directory of this name; gone when all have said that they have not. {@link #VOTES_YET}
     * where so many have that what this one says counts.
     */
    static final String UNPROVEN = "unproven";

    private static final String VOTES_YET = "votes";
    /** That it has no place, and has to get a new one from the others; {@link #AGAIN} where what is here belongs to another one. */
    static final String RETURNS = "returns";

    private static final String AGAIN = "again";
    /** That it has come back so. */
    private static final String RETURNED = "returned";
    /** Groups in which it is to vote again. */
    private static final String VOTES = "votes";
    /** Which slot the directory has that took its place. */
    static final String REPLACED = "replaced";

    private final IdentityFile file;

    ComingBack(IdentityFile file) {
        this.file = file;
    }

    boolean isUnproven() {
        return file.get(UNPROVEN) != null;
    }

    /**
     * Whether what it says may count: where it may have been another directory, that has perhaps promised and acknowledged what this one
     * does not know.
     */
    boolean mayVote() {
        return !"true".equals(file.get(UNPROVEN));
    }

    /** So many others have met no other directory of this name that none of them was needed by anybody. */
    void votesYet() throws IOException {
        synchronized (file) {
            if (!mayVote()) {
                file.save(p -> p.setProperty(UNPROVEN, VOTES_YET));
            }
        }
    }

    /** All others have said that they have met no other directory of this name. */
    void proven() throws IOException {
        synchronized (file) {
            if (isUnproven()) {
                file.save(p -> p.remove(UNPROVEN));
            }
        }
    }

    /** Whether it has to get a place from the others. */
    boolean returns() {
        return file.get(RETURNS) != null;
    }

    /** Whether what is here has to be set aside before. */
    boolean beginsAgain() {
        return AGAIN.equals(file.get(RETURNS));
    }

    /** Others have met another directory of this name: where this one has been used already, it is given up. */
    void mustReturn(List<Standing.Other> others) throws IOException {
        file.save(p -> {
            p.setProperty(RETURNS, file.isNew() ? "true" : AGAIN);
            p.setProperty(VOTES, String.join(",", votesIn(others)));
        });
    }

    /** Notes in which groups its name votes. */
    void mustVote(List<Standing.Other> others) throws IOException {
        file.save(p -> p.setProperty(VOTES, String.join(",", votesIn(others))));
    }

    private Set<String> votesIn(List<Standing.Other> others) {
        Set<String> votes = votes();
        others.stream()
                .filter(other -> other.votes() && other.group() != 0)
                .forEach(other -> votes.add(String.valueOf(other.group())));
        return votes;
    }

    /** Nobody has met the one that it was. */
    void returnsNot() throws IOException {
        file.save(p -> {
            p.remove(RETURNS);
            if (isUnproven()) {
                p.setProperty(UNPROVEN, VOTES_YET);
            }
        });
    }

    /** It has come back. */
    void placed(NodePlace place) throws IOException {
        file.save(p -> {
            p.setProperty(IdentityFile.MEMBERS, NodePlace.encode(place.known().all()));
            p.setProperty(IdentityFile.JOINED, "true");
            p.setProperty(RETURNED, "true");
            p.remove(RETURNS);
            p.remove(UNPROVEN);
        });
    }

    boolean hasReturned() {
        return file.get(RETURNED) != null;
    }

    /** Whether it has come back to this group, and is to vote there. */
    boolean votesAgain(long group) {
        return votes().contains(String.valueOf(group));
    }

    /** It votes in this group. */
    void voting(long group) throws IOException {
        synchronized (file) {
            Set<String> votes = votes();
            if (votes.remove(String.valueOf(group))) {
                file.save(p -> p.setProperty(VOTES, String.join(",", votes)));
            }
        }
    }

    private Set<String> votes() {
        Set<String> votes = new TreeSet<>(
                List.of(Objects.requireNonNullElse(file.get(VOTES), "").split(",")));
        votes.remove("");
        return votes;
    }

    /** Another directory has its place for good. */
    void noteReplaced(int slot) throws IOException {
        file.save(p -> p.setProperty(REPLACED, String.valueOf(slot)));
    }

    static String replacedBy(String slot) {
        return "another directory has taken the place of this one (slot " + slot
                + "), and a majority has that in its log: nothing of"
                + " this one is needed there. Start the node on the other directory; this one can be deleted when"
                + " nobody wants it";
    }
}
