package io.synod.log;

import io.synod.group.Invariant;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.SyncMode;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends records to the Chronicle Queue, rolls, forces. By one thread at a time.
 *
 * <p>Whatever opens or maps files runs on the log's own thread: a client thread may be interrupted, and an interrupt in the
 * middle of that would close Chronicle's files under it. A plain append only copies memory.
 */
final class SegmentWriter implements AutoCloseable {
    static {
        ChronicleRuntime.ready();
    }

    private static final Logger LOG = LoggerFactory.getLogger(SegmentWriter.class);

    /** The segment's header and index pages, at most. */
    private static final int HEAD_BYTES = 8 << 10;

    /** Left free at each segment's end, at most: on a full disk, what makes room must still be written. */
    private static final int RESERVE_BYTES = 64 << 10;

    private static final int RESERVE_RECORDS = 256;

    /** The records of one batch. */
    interface Records {
        int count();

        /** Bytes in the file, with the frames' lengths. */
        long framedBytes();

        /** Valid until the next call. */
        Bytes<?> record(int i);
    }

    private final Segments segments;
    private final long reserveBytes;
    private final LogRoll roll = new LogRoll();
    private final ChronicleQueue queue;
    private final ExcerptAppender appender;
    private final ExecutorService files;

    private int cycle;
    /** Of the current segment: bytes that may be used, end of the last record, records so far. */
    private long usable;

    private long end;
    private int records;
    private ForcedFile current;
    /** Any thread; {@code null} before the first. */
    private volatile Path currentPath;

    private boolean dirty;
    /** The next batch goes into a new segment. */
    private boolean leaves;

    private Future<?> spare;
    private int spareCycle = -1;

    /** @param firstCycle a cycle that has no segment so far */
    SegmentWriter(Segments segments, LogConfig config, int firstCycle) throws IOException {
        this.segments = segments;
        this.reserveBytes = Math.min(RESERVE_BYTES, config.segmentBytes() / 16);
        this.cycle = firstCycle - 1;
        this.files = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, "synod-log-files-" + config.node());
            thread.setDaemon(true);
            thread.setContextClassLoader(SegmentWriter.class.getClassLoader());
            return thread;
        });
        roll.current(firstCycle);
        ChronicleQueue made = null;
        boolean opened = false;
        try {
            made = onFilesThread(() -> build(config.segmentBytes()));
            appender = onFilesThread(made::createAppender);
            appender.singleThreadedCheckDisabled(true);
            opened = true;
        } catch (RuntimeException | AssertionError | InternalError e) {
            throw new IOException(
                    "the log in " + segments.directory()
                            + " has all its entries, but what Chronicle Queue keeps in its segments is damaged (" + e
                            + "). Nothing of it was changed. The other members hold it: move the directory aside and let this"
                            + " node fetch everything from them; without other members restore the directory from a backup",
                    e);
        } finally {
            if (!opened) {
                closeQuietly(made);
                files.shutdown();
            }
        }
        queue = made;
    }

    private void closeQuietly(ChronicleQueue half) {
        try {
            onFilesThread(() -> {
                if (half != null) {
                    half.close();
                }
                return null;
            });
        } catch (IOException | RuntimeException e) {
            LOG.debug("closing what could not be opened: {}", e.toString());
        }
    }

    private ChronicleQueue build(long blockSize) {
        return SingleChronicleQueueBuilder.binary(segments.directory().toFile())
                .rollCycle(roll)
                .blockSize(blockSize)
                .syncMode(SyncMode.NONE)
                .timeoutMS(2000)
                .build();
    }

    /**
     * Writes one batch; its records are in one segment.
     *
     * @param reserved whether it may use what is left free for batches that make room
     * @return location of its first record
     * @throws LogFullException when there is no room for a next segment; nothing was written then
     * @throws FailedException when it is not known what was written
     */
    long write(Records batch, boolean reserved) throws IOException {
        long kept = reserved ? 0 : reserveBytes;
        boolean rolls = current == null
                || leaves
                || end + batch.framedBytes() > usable - kept
                || records + batch.count() > LogRoll.MAX_RECORDS - (reserved ? 0 : RESERVE_RECORDS);
        if (!rolls && batch.count() == 1) {
            try {
                return Location.of(cycle, writeRecord(batch.record(0)));
            } catch (Throwable e) {
                throw new FailedException(e);
            }
        }
        int blocks = rolls ? segments.blocksFor(HEAD_BYTES + batch.framedBytes() + kept) : 0;
        if (rolls) {
            prepare(cycle + 1, blocks);
        }
        try {
            return onFilesThread(() -> {
                if (rolls) {
                    leaveSegment(blocks);
                }
                long first = writeRecord(batch.record(0));
                if (rolls) {
                    enterSegment();
                }
                for (int i = 1; i < batch.count(); i++) {
                    writeRecord(batch.record(i));
                }
                return Location.of(cycle, first);
            });
        } catch (Throwable e) {
            throw new FailedException(e);
        }
    }

    /** Nothing more is written into the segment of the last batch. */
    void leave() {
        leaves = true;
    }

    /** The segment of the last batch written. */
    int cycle() {
        return cycle;
    }

    private void prepare(int next, int blocks) throws IOException {
        if (spareCycle == next) {
            await(spare);
        }
        onFilesThread(() -> {
            segments.prepare(next, blocks);
            return null;
        });
    }

    private void leaveSegment(int blocks) throws IOException {
        if (current != null) {
            force();
            current.close();
            current = null;
        }
        leaves = false;
        cycle++;
        roll.current(cycle);
        usable = segments.usableBytes(blocks);
        end = 0;
        records = 0;
    }

    private void enterSegment() throws IOException {
        java.io.File file = appender.currentFile();
        Invariant.that(
                file != null
                        && file.toPath()
                                .getFileName()
                                .equals(segments.segment(cycle).getFileName()),
                "the log rolled to " + file + ", expected " + segments.segment(cycle));
        Invariant.that(end <= HEAD_BYTES + usable, "segment %d starts with %d bytes", cycle, end);
        current = new ForcedFile(file);
        // Its new name must be on disk before anything in it counts.
        segments.forceDirectory();
        currentPath = segments.segment(cycle);
        int next = cycle + 1;
        spareCycle = next;
        spare = files.submit(() -> {
            try {
                segments.prepare(next, 1);
            } catch (IOException e) {
                // Tried again, and told, when it is needed.
                LOG.warn("{} ({})", e.getMessage(), e.getCause().getMessage());
            }
        });
    }

    /** @return where the record's header starts in the file */
    private long writeRecord(Bytes<?> record) {
        long length = record.readRemaining();
        appender.writeBytes(record);
        long written = appender.wire().bytes().writePosition();
        long start = written - length;
        Invariant.that(end == 0 || start - 4 == end, "record at byte %d, expected 4 behind %d", start, end);
        end = written;
        records++;
        dirty = true;
        return start;
    }

    void force() throws IOException {
        if (dirty) {
            current.force();
            dirty = false;
        }
    }

    /** Runs behind whatever the files' thread has to do, without waiting for it. */
    void later(Runnable task) {
        files.execute(task);
    }

    /** Where the last batch is that was written; {@code null} before the first. Any thread. */
    Path currentPath() {
        return currentPath;
    }

    ForcedFile current() {
        return current;
    }

    private <T> T onFilesThread(Callable<T> task) throws IOException {
        return await(files.submit(task));
    }

    /** An interrupt does not end the wait; the flag is kept. */
    private static <T> T await(Future<T> future) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw rethrown(e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static IOException rethrown(Throwable cause) {
        if (cause instanceof RuntimeException e) {
            throw e;
        }
        if (cause instanceof Error e) {
            throw e;
        }
        return cause instanceof IOException e ? e : new IOException(cause);
    }

    @Override
    public void close() throws IOException {
        try {
            onFilesThread(() -> {
                appender.close();
                queue.close();
                if (current != null) {
                    current.close();
                }
                return null;
            });
        } finally {
            files.shutdown();
        }
    }

    /** It is not known what reached the log: nothing may be appended behind it. */
    static final class FailedException extends IOException {
        private static final long serialVersionUID = 1;

        FailedException(Throwable cause) {
            super("append to the log failed: " + cause, cause);
        }
    }
}
