package io.synod.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Runs a property with one seeded generator per round, for a second or for {@code -Dfuzz.seconds}. Round {@code n} has the seed
 * {@code -Dfuzz.seed} plus {@code n}; a failure names the one that shows it in the first round.
 */
public final class Fuzz {
    private static final double DEFAULT_SECONDS = 1;
    /** Generators of seeds that are close to each other begin alike. */
    private static final long SCATTER = 0x9E3779B97F4A7C15L;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** What is wrong for one seed. */
    @FunctionalInterface
    public interface Property {
        /** @return in a word how it ended, to be counted */
        String check(Random random) throws Exception;
    }

    private Fuzz() {}

    /** Tries the property until the time is over, at least once, and prints how often and how it ended. */
    public static void run(String name, Property property) {
        long first = Long.getLong("fuzz.seed", 1);
        double seconds = Double.parseDouble(System.getProperty("fuzz.seconds", "" + DEFAULT_SECONDS));
        long end = System.nanoTime() + (long) (seconds * TimeUnit.SECONDS.toNanos(1));
        Map<String, Long> outcomes = new TreeMap<>();
        long seed = first;
        do {
            try {
                outcomes.merge(property.check(new Random(seed * SCATTER)), 1L, Long::sum);
            } catch (Throwable e) {
                throw new AssertionError(name + ": fails with -Dfuzz.seed=" + seed + ": " + e, e);
            }
            seed++;
        } while (System.nanoTime() - end < 0);
        System.out.println(
                name + ": seeds " + first + " to " + (seed - 1) + ", " + outcomes + " (-Dfuzz.seed, -Dfuzz.seconds)");
    }

    /** Bytes that this thread has allocated so far. */
    public static long allocated() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }

    /** One to three changes of the kinds that break decoders: bits, lengths, cuts, repetitions, blocks that are lost or swapped. */
    public static byte[] mutated(byte[] valid, Random random) {
        byte[] bytes = valid.clone();
        for (int i = random.nextInt(3); i >= 0; i--) {
            bytes = changed(bytes, random);
        }
        return bytes;
    }

    private static byte[] changed(byte[] bytes, Random random) {
        if (bytes.length == 0) {
            return noise(random, 64);
        }
        int at = random.nextInt(bytes.length);
        int length = 1 + random.nextInt(Math.min(bytes.length - at, 64));
        switch (random.nextInt(9)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes[at] = (byte) random.nextInt();
            case 2, 3 -> putInt(bytes, at, extreme(random));
            case 4 -> {
                return Arrays.copyOf(bytes, at);
            }
            case 5 -> Arrays.fill(bytes, at, at + length, (byte) (random.nextBoolean() ? 0 : -1));
            case 6 -> System.arraycopy(bytes, at, bytes, random.nextInt(bytes.length - length + 1), length);
            case 7 -> {
                return joined(Arrays.copyOf(bytes, at), noise(random, 64), Arrays.copyOfRange(bytes, at, bytes.length));
            }
            default -> {
                return joined(Arrays.copyOf(bytes, at), Arrays.copyOfRange(bytes, at + length, bytes.length));
            }
        }
        return bytes;
    }

    /** Lengths and counts that decoders trip over. */
    public static int extreme(Random random) {
        int[] values = {
            0,
            1,
            -1,
            -2,
            127,
            128,
            255,
            256,
            65535,
            65536,
            1 << 20,
            1 << 24,
            1 << 28,
            1 << 30,
            Integer.MAX_VALUE,
            Integer.MAX_VALUE - 8,
            Integer.MIN_VALUE
        };
        return values[random.nextInt(values.length)] + (random.nextInt(4) == 0 ? random.nextInt(9) - 4 : 0);
    }

    private static void putInt(byte[] bytes, int at, int value) {
        boolean bigEndian = at % 2 == 0;
        for (int i = 0; i < 4 && at + i < bytes.length; i++) {
            bytes[at + i] = (byte) (value >>> 8 * (bigEndian ? 3 - i : i));
        }
    }

    /** Up to so many random bytes. */
    public static byte[] noise(Random random, int max) {
        byte[] bytes = new byte[random.nextInt(max + 1)];
        random.nextBytes(bytes);
        return bytes;
    }

    /** All of them, one behind the other. */
    public static byte[] joined(byte[]... parts) {
        List<byte[]> list = new ArrayList<>(List.of(parts));
        byte[] whole = new byte[list.stream().mapToInt(p -> p.length).sum()];
        int at = 0;
        for (byte[] part : list) {
            System.arraycopy(part, 0, whole, at, part.length);
            at += part.length;
        }
        return whole;
    }
}
