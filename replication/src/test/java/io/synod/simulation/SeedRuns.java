package io.synod.simulation;

import java.util.function.LongConsumer;
import java.util.function.Supplier;

/** What the main classes have in common: seeds, until the time is over or one fails. */
final class SeedRuns {
    private SeedRuns() {}

    /**
     * @param arguments {@code --seed S}, the first one (default 1), and {@code --minutes N} (default 0: only that one)
     * @param run throws an {@link AssertionError} that names its seed
     * @param done what was done, when nothing has failed
     */
    static void until(String[] arguments, LongConsumer run, Supplier<String> done) {
        long first = 1;
        long minutes = 0;
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            switch (arguments[i]) {
                case "--seed" -> first = Long.parseLong(arguments[i + 1]);
                case "--minutes" -> minutes = Long.parseLong(arguments[i + 1]);
                default ->
                    throw new IllegalArgumentException(arguments[i] + " is not known; expected --seed S --minutes N");
            }
        }
        long end = System.nanoTime() + minutes * 60_000_000_000L;
        long seed = first;
        do {
            try {
                run.accept(seed++);
            } catch (AssertionError broken) {
                broken.printStackTrace();
                System.exit(1);
            }
        } while (System.nanoTime() < end);
        System.out.printf("seeds %d to %d: %s, nothing broken%n", first, seed - 1, done.get());
    }
}
