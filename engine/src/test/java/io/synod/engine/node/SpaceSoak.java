package io.synod.engine.node;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * One node under a small bound, or three, that overwrites its rows for as long as it is told: what its directory takes must not
 * grow. Arguments: minutes, seed, nodes (1 or 3). Prints a line per 10 seconds; exit code 1 when the median of the second half is
 * above that of the first by a fifth, or a row was lost. Peaks are printed too: they follow how much is written between two
 * checkpoints, and with three nodes between two changes of the leader, which are counted; their medians are not judged.
 */
final class SpaceSoak {
    private static final List<String> NODES = List.of("a", "b", "c");
    private static final int ROWS = 2_000;
    private static final long LINE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private SpaceSoak() {}

    public static void main(String[] args) throws Exception {
        long length = TimeUnit.SECONDS.toNanos((long) (60 * Double.parseDouble(args.length > 0 ? args[0] : "1")));
        long seed = args.length > 1 ? Long.parseLong(args[1]) : System.nanoTime();
        System.out.println("seed " + seed);
        Path directory = Files.createTempDirectory("soak");
        boolean done;
        if (args.length > 2 && args[2].equals("3")) {
            try (ClusterFixture cluster = new ClusterFixture(directory)) {
                for (String node : NODES) {
                    cluster.with(node, ";LOG_LIMIT=1");
                }
                System.out.println("leader " + cluster.leaderOf("shop"));
                done = run(cluster.remoteUrl("shop"), cluster, directory, length, new Random(seed));
            }
        } else {
            String url = "jdbc:synod:file:" + directory.resolve("shop") + ";LOG_LIMIT=1";
            done = run(url, null, directory, length, new Random(seed));
        }
        System.exit(done ? 0 : 1);
    }

    /** @param cluster {@code null} for one node */
    private static boolean run(String url, ClusterFixture cluster, Path directory, long length, Random random)
            throws Exception {
        List<Long> before = new ArrayList<>();
        List<Long> after = new ArrayList<>();
        long[] versions = new long[ROWS];
        long start = System.nanoTime();
        long line = start;
        long epoch = 0;
        int changes = -1;
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
                    (System.nanoTime() - start < length / 2 ? before : after).add(bytes);
                    if (cluster != null && epoch != epoch(cluster)) {
                        epoch = epoch(cluster);
                        changes++;
                    }
                    System.out.println(TimeUnit.NANOSECONDS.toSeconds(line - start) + " s, " + written + " rows, "
                            + bytes / 1024 + " KiB"
                            + (cluster == null ? "" : ", " + changes + " changes of the leader: ")
                            + (cluster == null ? "" : files(directory)));
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
        Collections.sort(before);
        Collections.sort(after);
        System.out.println("KiB: " + summary(before) + ", then " + summary(after));
        return cluster != null || median(after) <= median(before) + median(before) / 5;
    }

    /** Of a leader that is about to change it is that of the one before, or 0. */
    private static long epoch(ClusterFixture cluster) throws SQLException {
        long epoch = 0;
        for (String node : NODES) {
            epoch = Math.max(epoch, cluster.hosted(node, "shop").log().servingEpoch());
        }
        return epoch;
    }

    private static String files(Path directory) {
        return NODES.stream()
                .map(node -> node + " "
                        + directory.resolve(node).resolve("shop.mv.db").toFile().length() / 1024)
                .collect(Collectors.joining(", ", "", " KiB"));
    }

    private static String summary(List<Long> sorted) {
        return "least " + sorted.get(0) / 1024 + ", median " + median(sorted) / 1024 + ", peak "
                + sorted.get(sorted.size() - 1) / 1024;
    }

    private static long median(List<Long> sorted) {
        return sorted.get(sorted.size() / 2);
    }

    /** Files come and go meanwhile. */
    private static long bytes(Path directory) {
        File[] files = directory.toFile().listFiles();
        long bytes = 0;
        for (File file : files == null ? new File[0] : files) {
            bytes += file.isDirectory() ? bytes(file.toPath()) : file.length();
        }
        return bytes;
    }
}
