package io.synod.replica;

import java.util.zip.CRC32C;

/** Production's checksum of a snapshot's chunk, for tests in other packages. */
public final class SnapshotSums {
    private SnapshotSums() {}

    public static int chunk(long id, long offset, byte[] bytes) {
        return SnapshotDispatch.crcOf(new CRC32C(), id, offset, bytes);
    }
}
