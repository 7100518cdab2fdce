package io.synod.group;

import java.util.List;

/**
 * What a group finds of itself in the log.
 *
 * @param promised the greatest promised epoch, 0 for none; never less than the greatest entry's epoch
 * @param base what the log no longer has
 * @param terms ascending, empty where nothing stands behind the base
 * @param lastIndex the base's index where nothing stands behind it
 * @param configurations the entries of kind CONFIG behind the base, ascending
 */
public record Recovered(long promised, Base base, List<Term> terms, long lastIndex, List<Entry> configurations) {
    /** A run of entries of one epoch: it holds from {@code firstIndex} until the next run's first index. */
    public record Term(long epoch, long firstIndex) {}

    public static final Recovered NOTHING = new Recovered(0, List.of(), 0);

    /** Of a log in which no configuration stands. */
    public Recovered(long promised, Base base, List<Term> terms, long lastIndex) {
        this(promised, base, terms, lastIndex, List.of());
    }

    /** Of a log that begins with its first entry. */
    public Recovered(long promised, List<Term> terms, long lastIndex) {
        this(promised, Base.NONE, terms, lastIndex);
    }

    /** The newest configuration that is there, committed or not; {@code bootstrap} where none is. */
    public Members members(Members bootstrap) {
        if (!configurations.isEmpty()) {
            return Members.decode(configurations.get(configurations.size() - 1).payload());
        }
        return base.members() == null ? bootstrap : base.members();
    }
}
