package io.synod.engine.snapshot;

import java.io.IOException;

/** Where a test can have a disk that fails under an H2 file. Free otherwise. */
abstract class FaultyDisk {
    /** Set by tests only. */
    static volatile FaultyDisk test;

    /** Some bytes of an H2 file are about to be read. */
    void onRead(long from, long to) throws IOException {}

    /** This file is about to be forced. */
    void onForce(String file) throws IOException {}

    /** Some bytes of an H2 file are about to be written. */
    void onWrite(String file) throws IOException {}

    /** @return what is to pass for the free space of a file's system */
    long free(String file, long free) {
        return free;
    }

    static void reads(long from, long to) throws IOException {
        FaultyDisk disk = test;
        if (disk != null) {
            disk.onRead(from, to);
        }
    }

    static void writes(String file) throws IOException {
        FaultyDisk disk = test;
        if (disk != null) {
            disk.onWrite(file);
        }
    }

    static long usable(String file, long free) {
        FaultyDisk disk = test;
        return disk == null ? free : disk.free(file, free);
    }

    static void forces(String file) throws IOException {
        FaultyDisk disk = test;
        if (disk != null) {
            disk.onForce(file);
        }
    }
}
