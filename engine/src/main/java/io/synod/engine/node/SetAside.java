package io.synod.engine.node;

import io.synod.log.ChronicleEntryLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Moves what a node cannot go on from into a directory beside it, for a person to look at. Nothing of it is read again, and
 * nothing of it is deleted.
 */
final class SetAside {
    private static final String PREFIX = "set-aside-";
    static final String LOG = "log";

    private SetAside() {}

    /** Whether something of this directory was set aside: it had a life, whatever is left of it. */
    static boolean isIn(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.anyMatch(file -> file.getFileName().toString().startsWith(PREFIX));
        }
    }

    /**
     * Everything but what was set aside before.
     *
     * @return where it is now
     */
    static Path all(Path directory, String node) throws IOException {
        Path to = target(directory);
        Path log = directory.resolve(LOG);
        if (Files.exists(log)) {
            ChronicleEntryLog.moveAway(log, to.resolve(LOG), node);
        }
        List<Path> files = filesIn(directory);
        // The last one: until then the next start knows that it has to go on with this.
        Path identity = IdentityFile.in(directory);
        for (Path file : files) {
            if (!file.equals(identity)) {
                Files.move(file, to.resolve(file.getFileName()));
            }
        }
        if (files.contains(identity)) {
            Files.move(identity, to.resolve(identity.getFileName()));
        }
        return to;
    }

    /**
     * What is left of databases in a directory that has no other past.
     *
     * @return where it is now; {@code null} where there was nothing
     */
    static Path databases(Path directory) throws IOException {
        List<Path> left = filesIn(directory).stream()
                .filter(file -> !file.equals(IdentityFile.in(directory)))
                .toList();
        if (left.isEmpty()) {
            return null;
        }
        Path to = target(directory);
        for (Path file : left) {
            Files.move(file, to.resolve(file.getFileName()));
        }
        return to;
    }

    private static Path target(Path directory) throws IOException {
        int number = 1;
        while (Files.exists(directory.resolve(PREFIX + number))) {
            number++;
        }
        return Files.createDirectory(directory.resolve(PREFIX + number));
    }

    private static List<Path> filesIn(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }
}
