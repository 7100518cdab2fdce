package io.synod.log;

import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/** Sectors of one file of a log that cannot be read, as of a disk that wears out; until closed. */
public final class UnreadableSectors implements Closeable {
    private static final int SECTOR = 4096;

    private final AtomicInteger refused = new AtomicInteger();

    private UnreadableSectors(File file, long from, long to) {
        FileReads.disk = (read, start, end) -> {
            if (read.equals(file) && start < to && end > from) {
                refused.incrementAndGet();
                throw new IOException("Input/output error");
            }
        };
    }

    /** The one of that byte. */
    public static UnreadableSectors at(Path file, long position) {
        long from = position / SECTOR * SECTOR;
        return new UnreadableSectors(file.toFile(), from, from + SECTOR);
    }

    public static UnreadableSectors all(Path file) {
        return new UnreadableSectors(file.toFile(), 0, Long.MAX_VALUE);
    }

    /** How many reads have failed. */
    public int refused() {
        return refused.get();
    }

    @Override
    public void close() {
        FileReads.disk = null;
    }
}
