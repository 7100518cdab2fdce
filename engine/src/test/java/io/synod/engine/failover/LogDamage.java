package io.synod.engine.failover;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Done to the directory of a node that does not run. */
public final class LogDamage {
    private LogDamage() {}

    /** Deletes it with all that is in it. */
    public static void delete(Path root) throws IOException {
        empty(root);
        Files.delete(root);
    }

    /** Deletes all that is in it. */
    public static void empty(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                if (!file.equals(root)) {
                    Files.delete(file);
                }
            }
        }
    }

    /** Turns one bit somewhere in the middle of what was written to the oldest segment. */
    public static void flip(Path log, SplittableRandom random) throws IOException {
        Path segment = segments(log).get(0);
        byte[] bytes = Files.readAllBytes(segment);
        int used = bytes.length;
        while (used > 4 && bytes[used - 1] == 0) {
            used--;
        }
        int at = used / 4 + random.nextInt(used / 2);
        while (bytes[at] == 0) {
            at++;
        }
        write(segment, at, bytes[at] ^ 1 << random.nextInt(8));
    }

    /**
     * Turns one bit in the first entry that holds this text.
     *
     * @return whether there is one
     */
    public static boolean flipIn(Path log, String text) throws IOException {
        for (Path segment : segments(log)) {
            byte[] bytes = Files.readAllBytes(segment);
            int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(text);
            if (at >= 0) {
                write(segment, at, bytes[at] ^ 1);
                return true;
            }
        }
        return false;
    }

    private static List<Path> segments(Path log) throws IOException {
        try (Stream<Path> files = Files.list(log)) {
            return files.filter(file -> file.toString().endsWith(".cq4"))
                    .sorted()
                    .toList();
        }
    }

    private static void write(Path segment, int at, int value) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.seek(at);
            file.write(value);
        }
    }
}
