package io.synod.engine.failover;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Done to the directory of a node that does not run. */
public final class LogDamage {
    private LogDamage() {}

    /** Deletes it with all that is in it. */
    public static void delete(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /**
     * Turns one bit in the first entry that holds this text.
     *
     * @return whether there is one
     */
    public static boolean flipIn(Path log, String text) throws IOException {
        List<Path> segments;
        try (Stream<Path> files = Files.list(log)) {
            segments = files.filter(file -> file.toString().endsWith(".cq4"))
                    .sorted()
                    .toList();
        }
        for (Path segment : segments) {
            byte[] bytes = Files.readAllBytes(segment);
            int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(text);
            if (at >= 0) {
                try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
                    file.seek(at);
                    file.write(bytes[at] ^ 1);
                }
                return true;
            }
        }
        return false;
    }
}
