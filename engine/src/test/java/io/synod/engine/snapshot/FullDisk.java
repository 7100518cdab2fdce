package io.synod.engine.snapshot;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/** The disk of some H2 files, which is full until it is told otherwise. One at a time. */
public final class FullDisk implements AutoCloseable {
    private final String files;
    private volatile boolean full = true;
    private volatile boolean forces = true;
    private volatile boolean quota;
    private final AtomicInteger taken = new AtomicInteger();
    private volatile int refused;

    /** @param files a part of their paths */
    public FullDisk(String files) {
        this.files = files;
        FaultyDisk.test = new Refusing();
    }

    private final class Refusing extends FaultyDisk {
        @Override
        void onWrite(String file) throws IOException {
            if (full && file.contains(files) && taken.getAndDecrement() <= 0) {
                refused++;
                throw new IOException("No space left on device");
            }
        }

        @Override
        long free(String file, long free) {
            return full && !quota && file.contains(files) ? 0 : free;
        }

        @Override
        void onForce(String file) throws IOException {
            if (!forces && file.contains(files)) {
                throw new IOException("No space left on device");
            }
        }
    }

    /** How many writes it has refused. */
    public int refused() {
        return refused;
    }

    /** The free space does not tell that it is full. */
    public void isQuota() {
        quota = true;
    }

    /** So many writes are taken, the others refused as before. */
    public void takes(int writes) {
        taken.set(writes);
    }

    /** There is room again. */
    public void free() {
        full = false;
    }

    /** From now on what was written does not reach it. */
    public void failForces() {
        forces = false;
    }

    @Override
    public void close() {
        FaultyDisk.test = null;
    }
}
