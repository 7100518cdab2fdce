package io.synod.engine.snapshot;

import java.io.File;
import java.io.IOException;
import java.util.Locale;
import java.util.Set;

/**
 * There was no room for what was to be written to an H2 file. Nothing that was on disk is lost by it: unlike a failed force, it
 * can be made up for once there is room.
 */
final class DiskFullException extends IOException {
    private static final long serialVersionUID = 1L;

    /** What systems say in English; in other languages the free space tells. */
    private static final Set<String> SAID =
            Set.of("no space left", "quota exceeded", "not enough space on the disk", "disk is full");

    private DiskFullException(String message, IOException cause) {
        super(message, cause);
    }

    /** What a write has failed with: one of these, or another error as it is. */
    static IOException orElse(IOException failed, String path, int length) {
        String said = String.valueOf(failed.getMessage()).toLowerCase(Locale.ROOT);
        File directory = new File(path).getAbsoluteFile().getParentFile();
        boolean full = SAID.stream().anyMatch(said::contains)
                || directory.isDirectory() && directory.getUsableSpace() < length;
        return full ? new DiskFullException(path + ": " + failed.getMessage(), failed) : failed;
    }

    /** Whether an error comes of such a one. */
    static boolean isCauseOf(Throwable error) {
        for (Throwable e = error; e != null; e = e.getCause()) {
            if (e instanceof DiskFullException) {
                return true;
            }
        }
        return false;
    }
}
