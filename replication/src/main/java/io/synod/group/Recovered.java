package io.synod.group;

import java.util.List;

/**
 * What a group finds of itself in the log.
 *
 * @param promised the greatest promised epoch, 0 for none; never less than the greatest entry's epoch
 * @param terms ascending, empty for an empty log
 * @param lastIndex 0 for an empty log
 */
public record Recovered(long promised, List<Term> terms, long lastIndex) {
    /** A run of entries of one epoch: it holds from {@code firstIndex} until the next run's first index. */
    public record Term(long epoch, long firstIndex) {}

    public static final Recovered NOTHING = new Recovered(0, List.of(), 0);
}
