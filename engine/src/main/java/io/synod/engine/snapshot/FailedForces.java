package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Files of databases of which a force has failed since they were opened. H2 keeps the error that it met first only, which may be
 * that of a write beside the force: what is to be known of the file would be lost. Thread-safe.
 */
final class FailedForces {
    private static final Map<Path, IOException> FAILED = new ConcurrentHashMap<>();

    private FailedForces() {}

    private static Path key(Path file) {
        return file.toAbsolutePath().normalize();
    }

    static void note(Path file, IOException why) {
        FAILED.putIfAbsent(key(file), why);
    }

    /** @return {@code null} where none has failed */
    static IOException of(Path file) {
        return FAILED.get(key(file));
    }

    /** It is opened anew, from what its last checkpoint has left. */
    static void forget(Path file) {
        FAILED.remove(key(file));
    }
}
