package io.synod.engine.faults;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A small file system for each node, which can be filled to the last byte and, where the kernel can do that, made slow: ext4 on a file
 * (a loop device), whose writes the block layer holds back. Elsewhere a tmpfs, which is never slow. Needs root.
 */
final class SmallDisks implements AutoCloseable {
    private static final int MEGABYTES = 384;
    private static final byte[] LARGE = new byte[1 << 20];
    private static final byte[] SMALL = new byte[1 << 10];

    /** Of the root group: it holds for all who write to the device, the kernel's own threads as well. */
    private static final Path THROTTLE = Path.of("/sys/fs/cgroup/blkio");

    private static final String OPERATIONS = "blkio.throttle.write_iops_device";
    private static final String BYTES = "blkio.throttle.write_bps_device";

    private final List<Path> mounted = new ArrayList<>();
    /** Directory and {@code major:minor}. */
    private final Map<Path, String> devices = new LinkedHashMap<>();

    private final Set<Path> slow = new LinkedHashSet<>();
    private final String why;
    private final Thread removal = new Thread(this::remove);

    /** @param directories of the nodes, which are created */
    SmallDisks(List<Path> directories) throws IOException {
        Runtime.getRuntime().addShutdownHook(removal);
        try {
            String reason = "";
            for (Path directory : directories) {
                Files.createDirectories(directory);
                if (reason.isEmpty()) {
                    reason = mountLoop(directory);
                }
                if (!reason.isEmpty()) {
                    NamespaceNetwork.run(
                            "mount", "-t", "tmpfs", "-o", "size=" + MEGABYTES + "m", "tmpfs", directory.toString());
                    mounted.add(directory);
                }
            }
            why = reason;
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** @return why that cannot be done, or empty */
    private String mountLoop(Path directory) {
        if (!Files.isWritable(THROTTLE.resolve(OPERATIONS))) {
            return "the kernel or its cgroups have no " + THROTTLE.resolve(OPERATIONS);
        }
        try {
            Path file = directory.resolveSibling(directory.getFileName() + ".disk");
            try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
                disk.setLength((long) MEGABYTES << 20);
            }
            NamespaceNetwork.run("mkfs.ext4", "-q", "-F", "-m", "0", file.toString());
            NamespaceNetwork.run("mount", "-o", "loop", file.toString(), directory.toString());
            mounted.add(directory);
            NamespaceNetwork.run("rmdir", directory.resolve("lost+found").toString());
            devices.put(directory, NamespaceNetwork.run("mountpoint", "-d", directory.toString()));
            return "";
        } catch (IOException e) {
            return "no ext4 on a loop device: " + e.getMessage();
        }
    }

    /** @return why disks cannot be slow here, or empty */
    String neverSlow() {
        return why;
    }

    /** From now on the node's device takes little: so many writes a second, and so many bytes. */
    void slow(Path directory, SplittableRandom random) throws IOException {
        slow.add(directory);
        throttle(directory, 5 + random.nextInt(45), (64 + random.nextInt(960)) << 10);
    }

    /** As fast as at first. */
    void fast() throws IOException {
        for (Path directory : slow) {
            throttle(directory, 0, 0);
        }
        slow.clear();
    }

    private void throttle(Path directory, int operations, int bytes) throws IOException {
        Files.writeString(THROTTLE.resolve(OPERATIONS), devices.get(directory) + " " + operations);
        Files.writeString(THROTTLE.resolve(BYTES), devices.get(directory) + " " + bytes);
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
        try {
            fast();
        } catch (IOException e) {
            // Of a device that is gone already.
        }
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
        return "disks of " + MEGABYTES + " MiB, " + (why.isEmpty() ? "ext4" : "tmpfs");
    }
}
