package io.synod.engine.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * One node under a small bound that overwrites its rows for as long as it is told: what its directory takes must not grow.
 * Arguments: minutes, seed. Prints a line per 10 seconds; exit code 1 when the second half took more than the first by a
 * fifth, or a row was lost.
 */
final class SpaceSoak {
    private static final int ROWS = 2_000;
    private static final long LINE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private SpaceSoak() {}

    public static void main(String[] args) throws Exception {
        long length = TimeUnit.SECONDS.toNanos((long) (60 * Double.parseDouble(args.length > 0 ? args[0] : "1")));
        long seed = args.length > 1 ? Long.parseLong(args[1]) : System.nanoTime();
        System.out.println("seed " + seed);
        Path directory = Files.createTempDirectory("soak");
        int code = run(directory, length, new Random(seed)) ? 0 : 1;
        System.exit(code);
    }

    private static boolean run(Path directory, long length, Random random) throws Exception {
        long peakBefore = 0;
        long peakAfter = 0;
        long[] versions = new long[ROWS];
        long start = System.nanoTime();
        long line = start;
        String url = "jdbc:synod:file:" + directory.resolve("shop") + ";LOG_LIMIT=1";
        try (Connection c = DriverManager.getConnection(url, "sa", "");
                Statement s = c.createStatement()) {
            s.execute("CREATE TABLE T(ID INT PRIMARY KEY, V BIGINT, X VARCHAR)");
            PreparedStatement merge = c.prepareStatement("MERGE INTO T VALUES(?, ?, ?)");
            for (long written = 0; System.nanoTime() - start < length; written++) {
                int id = random.nextInt(ROWS);
                merge.setInt(1, id);
                merge.setLong(2, ++versions[id]);
                merge.setString(3, Long.toHexString(random.nextLong()).repeat(random.nextInt(400)));
                merge.executeUpdate();
                if (System.nanoTime() - line > LINE_NANOS) {
                    line = System.nanoTime();
                    long bytes = bytes(directory);
                    boolean first = System.nanoTime() - start < length / 2;
                    peakBefore = first ? Math.max(peakBefore, bytes) : peakBefore;
                    peakAfter = first ? peakAfter : Math.max(peakAfter, bytes);
                    System.out.println(TimeUnit.NANOSECONDS.toSeconds(line - start) + " s, " + written + " rows, "
                            + bytes / 1024 + " KiB of which " + bytes(directory.resolve("log")) / 1024 + " log");
                }
            }
            for (int id = 0; id < ROWS; id++) {
                if (versions[id] > 0) {
                    try (ResultSet row = s.executeQuery("SELECT V FROM T WHERE ID = " + id)) {
                        if (!row.next() || row.getLong(1) != versions[id]) {
                            System.out.println("row " + id + " should have version " + versions[id]);
                            return false;
                        }
                    }
                }
            }
        }
        System.out.println("peak " + peakBefore / 1024 + " KiB, then " + peakAfter / 1024 + " KiB");
        return peakAfter <= peakBefore + peakBefore / 5;
    }

    private static long bytes(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(f -> f.toFile().length())
                    .sum();
        }
    }
}
