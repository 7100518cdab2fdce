package io.synod.log;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.Recovered;
import java.io.IOException;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * The log of one node, shared by all its groups: one force covers every group that appended.
 *
 * <p><b>Content.</b> Per group the log is the left fold of its records: a record (epoch, index) voids every earlier
 * record of that group with an index at or above its own. Promises are records too; the greatest counts. And so are bases:
 * what stands at a base or below is not in the log any more. Its room is given back by {@link #reclaim}.
 *
 * <p><b>Durability.</b> What {@link #append} wrote counts only after a later {@link #force} returned. A failed force is
 * final: every later call throws, and nothing that was not forced before counts as durable again.
 *
 * <p><b>Threads.</b> {@link #append} and {@link #force} by one thread at a time with a happens-before between them;
 * {@link #read}, {@link #recovered}, {@link #bytes} by any thread.
 */
public interface EntryLog extends AutoCloseable {

    /** One record to append: an entry, or the promise of an epoch, or a base; what it is not is {@code null} or 0. */
    record Append(long group, Entry entry, long promise, Base base, boolean voids) {
        public static Append entry(long group, Entry entry) {
            return new Append(group, entry, 0, null, false);
        }

        public static Append promise(long group, long epoch) {
            return new Append(group, null, epoch, null, false);
        }

        /**
         * The group's log begins behind {@code base}: what stands at its index and below may go. With {@code voids} so may all that
         * stands above; then the base may lie behind the log's end.
         */
        public static Append base(long group, Base base, boolean voids) {
            return new Append(group, null, 0, base, voids);
        }
    }

    /** What was recovered for this group at open, and all that was appended since; cheap. */
    Recovered recovered(long group);

    /**
     * Writes a batch as one record (in fragments where it is large) behind all earlier ones. Not durable yet.
     *
     * @throws LogFullException when the disk is full; nothing of the batch counts, a later append may succeed
     * @throws IOException when the log has failed
     */
    void append(List<Append> batch) throws IOException;

    /**
     * As {@link #append}, of bases without {@code voids} only, which let {@link #reclaim} give room back: where the disk is full
     * they may go into room that is kept for them.
     */
    default void appendBases(List<Append> bases) throws IOException {
        append(bases);
    }

    /** Returns when all that was appended before is on disk. */
    void force() throws IOException;

    /**
     * Entries {@code from … to} (inclusive) as they stand now, cut short after {@code maxBytes} but never before the
     * first. Recent entries come from memory.
     *
     * @throws DamagedEntryException when an entry is damaged; the message names file, group and index
     * @throws IOException when an entry does not exist
     */
    List<Entry> read(long group, long from, long to, int maxBytes) throws IOException;

    /** Bytes that the log occupies on disk. */
    long bytes();

    /** How many files it is in; −1 where it is in none, or they cannot be listed. Any thread. */
    default int segments() {
        return -1;
    }

    /**
     * Gives back room that no group needs any more. Never is a promise, a base or an entry above a base lost by that, at
     * whatever step the process dies: what is in the way of much room and small is written again first. Called like {@link
     * #append}.
     *
     * @return whether there was any
     */
    boolean reclaim() throws IOException;

    /**
     * The last index of this group that stands among the log's oldest {@code bytes}, about; 0 where none does. Any thread.
     */
    long lastIndexIn(long group, long bytes);

    /**
     * Reads all that stands in the log's files and must be there, and checks it. What is found to be damaged is remembered: see
     * {@link #damage}. Any thread; takes as long as it takes, and nobody waits for it.
     *
     * @param read is told how many bytes were read just now, and takes its time; what it throws ends the look
     */
    default Scrubbed scrub(IntConsumer read) throws IOException {
        return Scrubbed.NOTHING;
    }

    /**
     * What is known to be damaged in the files, by {@link #scrub} or because an entry could not be read; empty when all of it was
     * given back. Where that is possible {@link #reclaim} does it: when no group needs anything that stands there. Any thread.
     */
    default List<String> damage() {
        return List.of();
    }

    /**
     * The last index of this group that stands in a damaged file or an older one: what is below can be read no more, or stands in
     * the way. 0 where none does. Any thread.
     */
    default long damagedTo(long group) {
        return 0;
    }

    /** Room is given back in pieces of about so many bytes. */
    long reclaimUnit();

    @Override
    void close() throws IOException;
}
