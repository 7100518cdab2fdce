package io.synod.log;

import io.synod.group.Entry;
import io.synod.group.Invariant;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads entries back from the files, a whole batch at a time, checked. Plain reads, not through Chronicle: nothing that is
 * read is trusted before its CRC was seen. Any number of threads.
 */
final class StoredEntries {
    private final Segments segments;
    private final LogIndex index;

    StoredEntries(Segments segments, LogIndex index) {
        this.segments = segments;
        this.index = index;
    }

    /**
     * Adds entries of one batch to {@code into}, from {@code from} on.
     *
     * @return bytes left of {@code maxBytes}, negative when there is no room for a next one
     * @throws DamagedEntryException it is not what was written, or the disk does not give it
     * @throws IOException there is no such entry, or its file cannot be opened
     */
    int read(long group, long from, long to, int maxBytes, List<Entry> into) throws IOException {
        long location = index.locationOf(group, from);
        if (location < 0) {
            throw new IOException("group " + group + " has no entry " + from + " in this log, which begins behind "
                    + index.base(group) + " and ends at " + index.last(group));
        }
        Path file = segments.segment(Location.cycle(location));
        ByteBuffer batch;
        try {
            batch = load(file, location);
        } catch (FileNotFoundException e) {
            throw e;
        } catch (IOException e) {
            throw damaged(file, location, group, from, "cannot be read: " + e.getMessage(), e);
        }
        if (batch == null) {
            throw damaged(file, location, group, from, "not what was written", null);
        }
        long until = Math.min(to, index.lastInBatchOf(group, from));
        int left = maxBytes;
        for (Entry entry : fold(batch, group, from, until)) {
            if (entry.size() > left && !into.isEmpty()) {
                return -1;
            }
            left -= Math.min(left, entry.size());
            into.add(entry);
        }
        return left;
    }

    private static DamagedEntryException damaged(
            Path file, long location, long group, long entry, String why, IOException cause) {
        return new DamagedEntryException(
                Location.cycle(location),
                new DamagedLogException.Fault(file.toString(), Location.position(location), group, entry, entry, why),
                cause);
    }

    /** What the batch leaves of the group in this range: within it, too, a later record voids earlier ones. */
    private static List<Entry> fold(ByteBuffer batch, long group, long from, long to) {
        List<Entry> entries = new ArrayList<>();
        EntryCodec.records(batch, 0, batch.limit(), (kind, of, epoch, entryIndex, in, at, length) -> {
            if (of == group && EntryCodec.isEntry(kind)) {
                while (!entries.isEmpty() && entries.get(entries.size() - 1).index() >= entryIndex) {
                    entries.remove(entries.size() - 1);
                }
                if (entryIndex >= from && entryIndex <= to) {
                    entries.add(EntryCodec.entryOf(kind, epoch, entryIndex, in, at, length));
                }
            }
        });
        Invariant.that(
                !entries.isEmpty() && entries.get(0).index() == from,
                "entry %d of group %d is not where the index has it",
                from,
                group);
        return entries;
    }

    /** The joined chunks of a batch, checked; {@code null} when it is damaged. */
    private static ByteBuffer load(Path path, long location) throws IOException {
        EntryCodec codec = new EntryCodec();
        try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r")) {
            long at = Location.position(location);
            ByteBuffer header = ByteBuffer.allocate(EntryCodec.RECORD_HEADER).order(ByteOrder.LITTLE_ENDIAN);
            ByteBuffer joined = null;
            long number = 0;
            int fragments = 1;
            for (int i = 0; i < fragments; i++) {
                if (!fill(path, in, at, header.array(), 0, header.capacity())
                        || !codec.isRecord(header, 0)
                        || EntryCodec.fragment(header, 0) != i) {
                    return null;
                }
                if (joined == null) {
                    number = EntryCodec.number(header, 0);
                    fragments = EntryCodec.fragments(header, 0);
                    joined = ByteBuffer.allocate(EntryCodec.batchBytes(header, 0))
                            .order(ByteOrder.LITTLE_ENDIAN);
                }
                int chunk = EntryCodec.chunkBytes(header, 0);
                if (EntryCodec.number(header, 0) != number
                        || chunk > joined.remaining()
                        || !fill(path, in, at + EntryCodec.RECORD_HEADER, joined.array(), joined.position(), chunk)) {
                    return null;
                }
                joined.position(joined.position() + chunk);
                at += EntryCodec.RECORD_HEADER + EntryCodec.padded(chunk) + 4;
            }
            joined.flip();
            return codec.verify(joined, 0, joined.limit(), number) == EntryCodec.Verdict.WHOLE ? joined : null;
        }
    }

    private static boolean fill(Path path, RandomAccessFile in, long at, byte[] into, int offset, int length)
            throws IOException {
        if (at + length > in.length()) {
            return false;
        }
        FileReads.at(path.toFile(), in, at, into, offset, length);
        return true;
    }
}
