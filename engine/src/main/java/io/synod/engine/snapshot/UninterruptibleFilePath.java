package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.channels.FileChannel;
import org.h2.store.fs.FilePath;
import org.h2.store.fs.FilePathWrapper;

/**
 * H2's file system for database files whose threads may be interrupted: {@code synod:PATH}. An application's thread commits,
 * and so reads and writes H2's file; a {@link FileChannel} is closed when a thread in it is interrupted, which would end the
 * store for everybody. Public because H2 makes instances by reflection.
 */
public final class UninterruptibleFilePath extends FilePathWrapper {
    private static final String SCHEME = "synod";

    /** Made by H2. */
    public UninterruptibleFilePath() {}

    /** From now on, H2 knows the scheme. */
    static String prefix() {
        FilePath.register(new UninterruptibleFilePath());
        return SCHEME + ':';
    }

    @Override
    public FileChannel open(String mode) throws IOException {
        return new UninterruptibleFile(getBase().toString(), mode);
    }

    /** Beside the database, where H2 looks for those that a crash has left behind when it opens the database. */
    @Override
    public FilePath createTempFile(String suffix, boolean inTempDir) throws IOException {
        return super.createTempFile(suffix, false);
    }

    @Override
    public String getScheme() {
        return SCHEME;
    }
}
