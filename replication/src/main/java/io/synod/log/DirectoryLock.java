package io.synod.log;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One node per directory: an operating system lock on the file {@code LOCK}, which also names its holder. Chronicle has
 * no such lock of its own: two processes would append to one queue without an error.
 *
 * <p>Within this JVM the table decides, before the file is touched: closing any descriptor of a file gives up every POSIX
 * lock that the process has on it.
 */
final class DirectoryLock implements AutoCloseable {
    private static final String FILE = "LOCK";
    private static final ConcurrentHashMap<Path, String> HELD_HERE = new ConcurrentHashMap<>();

    private final Path directory;
    private final RandomAccessFile file;

    private DirectoryLock(Path directory, RandomAccessFile file) {
        this.directory = directory;
        this.file = file;
    }

    static DirectoryLock take(Path directory, String node) throws IOException {
        Path real = directory.toRealPath();
        String me = "process " + ProcessHandle.current().pid() + ", node " + node;
        String other = HELD_HERE.putIfAbsent(real, me);
        if (other != null) {
            throw new LogLockedException(directory, other + " (in this JVM)");
        }
        boolean taken = false;
        try {
            DirectoryLock lock = lockFile(directory, real, me);
            taken = true;
            return lock;
        } finally {
            if (!taken) {
                HELD_HERE.remove(real);
            }
        }
    }

    private static DirectoryLock lockFile(Path directory, Path real, String me) throws IOException {
        Path path = directory.resolve(FILE);
        RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
        boolean taken = false;
        try {
            FileLock lock = tryLock(file);
            if (lock == null) {
                String holder = Files.readString(path).strip();
                throw new LogLockedException(directory, holder.isEmpty() ? "another process" : holder);
            }
            file.setLength(0);
            file.write((me + System.lineSeparator()).getBytes(StandardCharsets.UTF_8));
            taken = true;
            return new DirectoryLock(real, file);
        } finally {
            if (!taken) {
                file.close();
            }
        }
    }

    private static FileLock tryLock(RandomAccessFile file) throws IOException {
        try {
            return file.getChannel().tryLock();
        } catch (OverlappingFileLockException e) {
            // Another class loader of this JVM has it: its table is not ours.
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            file.close();
        } finally {
            HELD_HERE.remove(directory);
        }
    }
}
