package io.synod.log;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.InvocationTargetException;
import java.nio.channels.FileChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forces a file that others write through mapped memory: the file's every dirty page, whoever mapped it, is on disk when
 * {@link #force} returns.
 *
 * <p>Client threads force, and may be interrupted at any moment. An interrupt closes a {@link FileChannel} and hides what
 * the system answered, so the channel is told not to listen; where the JDK does not let us, {@code FileDescriptor.sync}
 * does the same, at the price of the file's times being written as well.
 */
final class ForcedFile implements AutoCloseable {
    private final RandomAccessFile file;
    private final FileChannel channel;
    private final boolean uninterruptible;

    ForcedFile(File path) throws IOException {
        file = new RandomAccessFile(path, "rw");
        channel = file.getChannel();
        uninterruptible = Uninterruptible.set(channel);
    }

    void force() throws IOException {
        if (uninterruptible) {
            channel.force(false);
        } else {
            file.getFD().sync();
        }
    }

    boolean uninterruptible() {
        return uninterruptible;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** The JDK's own switch, as its zip file system uses it; in a package that {@link Opens} has opened. */
    private static final class Uninterruptible {
        private static final Logger LOG = LoggerFactory.getLogger(ForcedFile.class);

        static boolean set(FileChannel channel) {
            try {
                var method = channel.getClass().getMethod("setUninterruptible");
                method.setAccessible(true);
                method.invoke(channel);
                return true;
            } catch (NoSuchMethodException | IllegalAccessException | RuntimeException | InvocationTargetException e) {
                LOG.debug("this JDK has no uninterruptible channels; forcing through the file descriptor", e);
                return false;
            }
        }
    }
}
