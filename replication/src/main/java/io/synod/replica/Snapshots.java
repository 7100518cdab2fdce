package io.synod.replica;

import io.synod.group.Members;
import java.io.IOException;

/**
 * A group's state machine as its snapshots' maker and taker: the whole of what the entries up to an index made, so that a
 * log can forget them and a member that is new or too far behind need not replay them.
 */
public interface Snapshots {
    /**
     * The index up to which this state machine's state outlives a crash: after a restart it asks for no entry at or below.
     * Only grows, except that {@link Incoming#install} sets it. From any thread; must not block.
     */
    long restartIndex();

    /**
     * The snapshot that was installed here last; {@code null} where none ever was. It outlives a crash together with the state
     * that it made, and is read once, when the group opens: a crash between {@link Incoming#install} and the log's own note of
     * it leaves a log that must be told.
     */
    Header installed();

    /**
     * Whether the group begins with a state that one of its members brings, and this is not that member. As long as its log is
     * empty, it neither stands nor votes for one whose log is: otherwise a majority that has nothing would begin without it.
     * Read once, when the group opens.
     */
    default boolean awaitsBase() {
        return false;
    }

    /**
     * Whether there is no state machine here: a witness, which keeps the log, answers a snapshot with its header, and gives none. Read
     * once, when the group opens.
     */
    default boolean logOnly() {
        return false;
    }

    /**
     * The log holds more than it should because of {@link #restartIndex}: have that grow soon. Asked again and again while
     * that is so. From any thread; must not block.
     */
    void checkpointSoon();

    /**
     * Makes a snapshot of the applied state, or returns the last one made where that is recent enough. Called on a background
     * thread; may take long. Commits go on meanwhile.
     *
     * @param atLeast the index that it has to cover
     */
    Outgoing take(long atLeast) throws IOException;

    /** Goes on with the snapshot of which a part was received before a break or a crash, or starts anew. */
    Incoming receive(Header header) throws IOException;

    /**
     * @param version of the snapshot's own format: a receiver that does not know it throws in {@link #receive}
     * @param id the same only for the very same bytes
     * @param index of the last entry in it
     * @param epoch of that entry
     * @param members the configuration in force at that entry
     * @param length bytes of the whole
     */
    record Header(int version, long id, long index, long epoch, Members members, long length) {}

    /** A snapshot that lies on disk, whole. One thread at a time. */
    interface Outgoing extends AutoCloseable {
        Header header();

        /** Fills the buffer from that offset; returns how many bytes, fewer than asked for only at the end. */
        int read(long offset, byte[] buffer) throws IOException;

        /**
         * The member that has got all of it refuses it: it may not have arrived as it was made. It is not given again before it was
         * looked at.
         */
        default void refused() {}

        /** Releases it; the file may be kept for a while. */
        @Override
        void close();
    }

    /** A snapshot on its way in. One thread at a time. */
    interface Incoming extends AutoCloseable {
        /**
         * How many bytes from the start are here: those that outlived the last crash, and what was written since. It may be less
         * after the next one.
         */
        long received();

        /** The next bytes; they need not be forced one by one. */
        void write(byte[] chunk) throws IOException;

        /**
         * Checks the whole, then puts it in the place of this member's state in one atomic step that is forced to disk; a crash before
         * it leaves the old state, one after it the new. Afterwards {@link Applier#appliedIndex} is the snapshot's index. Nothing
         * is applied meanwhile, and {@link Applier#onDeposed} was called before where this node led.
         *
         * @throws IOException when the whole is not what its maker wrote, or there is no room; the old state stands then, and what
         *     was received and is of no use is thrown away
         */
        void install() throws IOException;

        /** Stops here; what was received is kept for the next attempt. */
        @Override
        void close();
    }
}
