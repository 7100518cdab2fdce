package io.synod.log;

/**
 * Sizes of a node's log, in bytes.
 *
 * @param node the node's name, told to whoever finds the directory locked
 * @param segmentBytes size of one file of the log, written in advance; at least 256 KiB
 * @param fragmentBytes a batch larger than this is written in pieces of this size; at most an eighth of a segment
 * @param recentBytes how much of the newest entries is kept in memory for readers
 */
public record LogConfig(String node, int segmentBytes, int fragmentBytes, int recentBytes) {
    private static final int MIN_SEGMENT_BYTES = 256 << 10;

    public LogConfig {
        if (node == null || node.isBlank()) {
            throw new IllegalArgumentException("the log's node has no name; expected one such as \"a\"");
        }
        if (segmentBytes < MIN_SEGMENT_BYTES || segmentBytes > 1 << 30 || segmentBytes % 65_536 != 0) {
            throw new IllegalArgumentException("segment size " + segmentBytes + "; expected a multiple of 65536 from "
                    + MIN_SEGMENT_BYTES + " to " + (1 << 30));
        }
        if (fragmentBytes < 4096 || fragmentBytes % 4096 != 0 || fragmentBytes > segmentBytes / 8) {
            throw new IllegalArgumentException("fragment size " + fragmentBytes
                    + "; expected a multiple of 4096 up to an eighth of the segment size " + segmentBytes);
        }
        if (recentBytes < 0) {
            throw new IllegalArgumentException("memory for recent entries " + recentBytes + "; expected 0 or more");
        }
    }

    /** 16 MiB segments, 1 MiB fragments; of recent entries 16 MiB, but no more than a sixteenth of the heap. */
    public static LogConfig standard(String node) {
        long recent = Math.min(16 << 20, Runtime.getRuntime().maxMemory() / 16);
        return new LogConfig(node, 16 << 20, 1 << 20, (int) recent);
    }
}
