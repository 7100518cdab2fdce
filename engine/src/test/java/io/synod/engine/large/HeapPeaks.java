package io.synod.engine.large;

import io.synod.engine.operations.NodeProcess;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much heap this process and some nodes used since the last question. A node's figures come from its log of collections:
 * the most in use when a collection began, which with garbage is near the bound, and the most that a full collection left, which
 * is what was needed. Of G1 a remark counts too: it leaves what is needed and some garbage.
 */
final class HeapPeaks {
    private static final Pattern COLLECTION = Pattern.compile("Pause (Young|Full|Remark).*?(\\d+)M->(\\d+)M\\(");
    private static final int MEBIBYTE = 1 << 20;

    private final Path logs;
    private final List<NodeProcess> nodes;
    private final Map<Path, Long> read = new HashMap<>();

    /** @param logs where the nodes write theirs, named {@code gc-PID.log} */
    HeapPeaks(Path logs, List<NodeProcess> nodes) {
        this.logs = logs;
        this.nodes = nodes;
    }

    /** Per process in MiB, such as {@code client 40; a 90, 30 left}; what comes next counts anew. */
    String next() throws IOException {
        Map<String, String> found = new TreeMap<>();
        for (NodeProcess node : nodes) {
            if (node.pid().isPresent()) {
                found.put(node.name(), peak(logs.resolve("gc-" + node.pid().getAsLong() + ".log")));
            }
        }
        StringBuilder line = new StringBuilder("client ").append(own());
        found.forEach((name, peak) -> line.append("; ").append(name).append(' ').append(peak));
        return line.toString();
    }

    private String peak(Path file) throws IOException {
        long peak = 0;
        long left = 0;
        try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
            log.seek(read.getOrDefault(file, 0L));
            byte[] bytes = new byte[(int) (log.length() - log.getFilePointer())];
            log.readFully(bytes);
            read.put(file, log.getFilePointer());
            Matcher collection = COLLECTION.matcher(new String(bytes, StandardCharsets.UTF_8));
            while (collection.find()) {
                peak = Math.max(peak, Long.parseLong(collection.group(2)));
                if (!collection.group(1).equals("Young")) {
                    left = Math.max(left, Long.parseLong(collection.group(3)));
                }
            }
        }
        if (peak == 0) {
            return "no collection";
        }
        return peak + (left == 0 ? ", no full collection" : ", " + left + " left");
    }

    /** The pools' peaks need not have been at one time: an upper bound. */
    private static String own() {
        long peak = 0;
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            if (pool.getType() == MemoryType.HEAP) {
                peak += pool.getPeakUsage().getUsed();
                pool.resetPeakUsage();
            }
        }
        return String.valueOf(peak / MEBIBYTE);
    }
}
