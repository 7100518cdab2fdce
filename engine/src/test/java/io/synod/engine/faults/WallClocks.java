package io.synod.engine.faults;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Wrong wall clocks for nodes, by libfaketime: {@link System#nanoTime()} stays as it is, which is what a clock that is set wrong does. A
 * node has what is set here from its next start on. Nodes whose clock is right run without the library.
 */
final class WallClocks {
    private static final Path LIBRARIES = Path.of("/usr/lib");

    private final Path directory;
    private final Path library;

    /** @param directory where a file for each node says what its environment is */
    WallClocks(Path directory) throws IOException {
        this.directory = directory;
        this.library = library();
    }

    private static Path library() throws IOException {
        if (Files.isDirectory(LIBRARIES)) {
            try (DirectoryStream<Path> platforms = Files.newDirectoryStream(LIBRARIES, Files::isDirectory)) {
                for (Path platform : platforms) {
                    Path library = platform.resolve("faketime").resolve("libfaketime.so.1");
                    if (Files.isRegularFile(library)) {
                        return library;
                    }
                }
            }
        }
        return null;
    }

    /** @return whether it is there; else why not */
    static String missing() throws IOException {
        return library() == null ? "there is no " + LIBRARIES + "/*/faketime/libfaketime.so.1 (Debian: faketime)" : "";
    }

    /** In front of the node's command line. */
    List<String> prefix(String node) {
        // What is executed has the shell's place: its pid is the node's.
        return library == null
                ? List.of()
                : List.of(
                        "sh",
                        "-c",
                        "test -f \"$0\" && . \"$0\"; exec \"$@\"",
                        file(node).toString());
    }

    /** From its next start on the node's wall clock is off by so much. */
    void shift(String node, int seconds) throws IOException {
        // Without the last but one, 0.9.10 lets each timed wait of a JVM end at once: 40,000 parks of 100 ms in 3 s.
        Files.writeString(
                file(node),
                "export LD_PRELOAD=" + library + " DONT_FAKE_MONOTONIC=1 FAKETIME_FORCE_MONOTONIC_FIX=0 FAKETIME="
                        + (seconds < 0 ? "" : "+") + seconds + "s\n");
    }

    /** From its next start on the node's wall clock is right. */
    void right(String node) throws IOException {
        Files.deleteIfExists(file(node));
    }

    private Path file(String node) {
        return directory.resolve(node + ".clock");
    }
}
