package io.synod.engine.twin;

import io.synod.engine.twin.TwinCluster.Way;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Generated statements for as long as one likes: {@code TwinMain [--seed N] [--statements N] [--way NAME]}. Each round of 1,000
 * statements has a seed of its own, which is printed, and goes one of the ways.
 */
public final class TwinMain {
    private static final int ROUND = 1000;

    private TwinMain() {}

    public static void main(String[] args) throws Exception {
        long seed = System.nanoTime();
        int statements = 20_000;
        Way only = null;
        for (int i = 0; i + 1 < args.length; i += 2) {
            switch (args[i]) {
                case "--seed" -> seed = Long.parseLong(args[i + 1]);
                case "--statements" -> statements = Integer.parseInt(args[i + 1]);
                case "--way" -> only = Way.valueOf(args[i + 1].toUpperCase(Locale.ROOT));
                default -> throw new IllegalArgumentException(args[i] + ": expected --seed, --statements or --way");
            }
        }
        Path directory = Files.createTempDirectory("twin");
        int failed = 0;
        try (TwinCluster cluster = new TwinCluster(directory)) {
            for (int done = 0; done < statements; done += ROUND, seed++) {
                Way way = only != null ? only : Way.values()[(int) Math.floorMod(seed, (long) Way.values().length)];
                int count = Math.min(ROUND, statements - done);
                System.out.println("seed " + seed + ", " + count + " statements, " + way);
                try {
                    GeneratedRun.run(cluster, way, seed, count);
                } catch (AssertionError e) {
                    failed++;
                    System.out.println(e.getMessage());
                }
            }
        }
        System.out.println(statements + " statements, " + failed + " rounds with differences");
        System.exit(failed == 0 ? 0 : 1);
    }
}
