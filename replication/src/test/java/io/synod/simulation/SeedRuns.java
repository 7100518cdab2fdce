package io.synod.simulation;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * What the main classes have in common: seeds, until there were enough, the time is over or one fails.
 *
 * <p>{@code --seed S} is the first seed (default 1; a failure names its own), {@code --minutes N} or {@code --hours N} the time, {@code --runs N} the
 * number of seeds (default, without these: only that one), {@code --threads N} how many run at a time (default 1), {@code --trace FILE} where the
 * steps of one run are written, {@code --shrink true} looks for the simplest plan with which the seed still fails.
 * Every minute a line says how far it is, and with which seed to go on should it be ended; so does the last line. Exit status 1 when a
 * seed fails.
 */
final class SeedRuns {
    /** One run from one seed. */
    @FunctionalInterface
    interface Run {
        /**
         * @param change of the plan that the seed draws
         * @param lines takes one for each step; may be {@code null}
         * @return what is added up; first the nanoseconds of virtual time
         * @throws AssertionError that names the seed
         */
        long[] run(long seed, UnaryOperator<FaultPlan> change, Consumer<String> lines);
    }

    private static final long REPORT_MILLIS = 60_000;

    private final Run run;
    private final long[] sums;
    private final ConcurrentSkipListSet<Long> running = new ConcurrentSkipListSet<>();

    private long first = 1;
    private long runs = 1;
    private long minutes;
    private int threads = 1;
    private boolean shrink;
    private Path trace;

    private SeedRuns(Run run, int counts) {
        this.run = run;
        this.sums = new long[counts];
    }

    /** @param describe what was added up */
    static void main(String[] arguments, Run run, int counts, Function<long[], String> describe) throws Exception {
        SeedRuns all = new SeedRuns(run, counts);
        all.read(arguments);
        try {
            if (all.shrink) {
                all.shrink();
            } else {
                all.repeat(describe);
            }
        } catch (AssertionError broken) {
            broken.printStackTrace();
            System.exit(1);
        }
    }

    private void read(String[] arguments) {
        for (int i = 0; i < arguments.length; i += 2) {
            String value = i + 1 < arguments.length ? arguments[i + 1] : "";
            switch (arguments[i]) {
                case "--seed" -> first = Long.parseLong(value);
                case "--minutes" -> {
                    minutes = Long.parseLong(value);
                    runs = Long.MAX_VALUE - first;
                }
                case "--hours" -> {
                    minutes = 60 * Long.parseLong(value);
                    runs = Long.MAX_VALUE - first;
                }
                case "--runs" -> runs = Long.parseLong(value);
                case "--threads" -> threads = Integer.parseInt(value);
                case "--trace" -> trace = Path.of(value);
                case "--shrink" -> shrink = Boolean.parseBoolean(value);
                default ->
                    throw new IllegalArgumentException(arguments[i] + " is not known; expected --seed S --minutes N"
                            + " --hours N --runs N --threads N --trace FILE --shrink true");
            }
        }
    }

    private void repeat(Function<long[], String> describe) throws Exception {
        long began = System.nanoTime();
        long end = minutes == 0 ? Long.MAX_VALUE : began + minutes * 60_000_000_000L;
        AtomicLong next = new AtomicLong(first);
        AtomicReference<AssertionError> failure = new AtomicReference<>();
        List<Thread> workers = new ArrayList<>();
        // What a thread had of a core, as other processes may have the rest.
        AtomicLong cores = new AtomicLong();
        ThreadMXBean threadTimes = ManagementFactory.getThreadMXBean();
        for (int i = 0; i < threads; i++) {
            Thread worker = new Thread(() -> {
                while (failure.get() == null && System.nanoTime() - end < 0) {
                    long seed = next.getAndIncrement();
                    if (seed - first >= runs) {
                        next.getAndDecrement();
                        break;
                    }
                    running.add(seed);
                    try {
                        add(traced(seed, plan -> plan));
                    } catch (AssertionError | IOException broken) {
                        failure.compareAndSet(null, asError(seed, broken));
                    }
                    // Stays where it failed.
                    if (failure.get() == null) {
                        running.remove(seed);
                    }
                }
                cores.addAndGet(threadTimes.getCurrentThreadCpuTime());
            });
            workers.add(worker);
            worker.start();
        }
        for (Thread worker : workers) {
            worker.join(REPORT_MILLIS);
            while (worker.isAlive()) {
                System.out.printf(
                        "%.0f minutes: %d seeds begun, nothing broken yet; to go on from here: --seed %d%n",
                        (System.nanoTime() - began) / 60e9, next.get() - first, goOn(next.get()));
                worker.join(REPORT_MILLIS);
            }
        }
        if (failure.get() != null) {
            System.out.println("seeds from " + first + " to " + (goOn(next.get()) - 1) + " did not fail");
            throw failure.get();
        }
        double took = (System.nanoTime() - began) / 1e9;
        System.out.printf(
                "seeds %d to %d: %s, nothing broken%nto go on: --seed %d%n%.0f minutes of a cluster in %.1f s: %.0f in each minute,"
                        + " %.0f in each minute of a core%n",
                first,
                next.get() - 1,
                describe.apply(sums),
                next.get(),
                sums[0] / 60e9,
                took,
                sums[0] / 1e9 / took,
                (double) sums[0] / cores.get());
    }

    /** The first seed that has not come to its end. */
    private long goOn(long next) {
        Long unfinished = running.ceiling(Long.MIN_VALUE);
        return unfinished == null ? next : unfinished;
    }

    private static AssertionError asError(long seed, Throwable broken) {
        return broken instanceof AssertionError error ? error : new AssertionError("seed " + seed, broken);
    }

    private synchronized void add(long[] counts) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += counts[i];
        }
    }

    /** Only of a single run. */
    private long[] traced(long seed, UnaryOperator<FaultPlan> change) throws IOException {
        if (trace == null) {
            return run.run(seed, change, null);
        }
        try (PrintStream out = new PrintStream(trace.toFile(), "UTF-8")) {
            return run.run(seed, change, line -> out.print(line + "\n"));
        }
    }

    private void shrink() throws IOException {
        Shrunk shrunk = Shrunk.of(run, first);
        if (shrunk == null) {
            System.out.println("seed " + first + " does not fail");
            return;
        }
        System.out.println("tried " + shrunk.tried() + " plans; the simplest that fails:\n" + shrunk.plan());
        traced(first, plan -> shrunk.plan());
    }
}
