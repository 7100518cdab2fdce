package io.synod.engine.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** A small file system in memory for each node, which can be filled to the last byte. Needs root. */
final class SmallDisks implements AutoCloseable {
    private static final int MEGABYTES = 384;
    private static final byte[] LARGE = new byte[1 << 20];
    private static final byte[] SMALL = new byte[1 << 10];

    private final List<Path> mounted = new ArrayList<>();
    private final Thread removal = new Thread(this::remove);

    /** @param directories of the nodes, which are created */
    SmallDisks(List<Path> directories) throws IOException {
        Runtime.getRuntime().addShutdownHook(removal);
        try {
            for (Path directory : directories) {
                Files.createDirectories(directory);
                NamespaceNetwork.run(
                        "mount", "-t", "tmpfs", "-o", "size=" + MEGABYTES + "m", "tmpfs", directory.toString());
                mounted.add(directory);
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private static Path filler(Path directory) {
        return directory.resolve("filler");
    }

    static void fill(Path directory) throws IOException {
        for (byte[] portion : List.of(LARGE, SMALL)) {
            try {
                while (true) {
                    Files.write(filler(directory), portion, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                }
            } catch (IOException e) {
                if (Files.getFileStore(directory).getUsableSpace() > 2L * portion.length) {
                    throw e;
                }
            }
        }
    }

    static void free(Path directory) throws IOException {
        Files.deleteIfExists(filler(directory));
    }

    private void remove() {
        for (Path directory : mounted) {
            // A process that has not ended yet does not keep it.
            NamespaceNetwork.quietly("umount", "--lazy", directory.toString());
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(removal);
        remove();
    }

    @Override
    public String toString() {
        return "disks of " + MEGABYTES + " MiB: " + mounted;
    }
}
