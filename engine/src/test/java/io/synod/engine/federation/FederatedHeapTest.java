package io.synod.engine.federation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.h2.result.ResultInterface;
import org.h2.value.Value;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A query that ships more than the heap has room for, in a JVM of its own. */
@Tag("long")
class FederatedHeapTest {
    private static final int ROWS = 45_000;

    private static final String HEAP = "-Xmx40m";

    @TempDir
    Path directory;

    /** Prints what the query gives: {@code DIRECTORY BYTES_IN_MEMORY}. */
    public static final class Query {
        private Query() {}

        public static void main(String[] arguments) throws Exception {
            Path directory = Path.of(arguments[0]);
            long memory = Long.parseLong(arguments[1]);
            try (Twin twin =
                    new Twin(name -> "jdbc:h2:file:" + directory.resolve(name) + ";CACHE_SIZE=4096", "A", "B")) {
                Twin.execute(twin.member("A"), "CREATE TABLE a(id INT PRIMARY KEY)");
                Twin.execute(twin.member("A"), "INSERT INTO a SELECT x FROM SYSTEM_RANGE(0, 9)");
                Twin.execute(twin.member("B"), "CREATE TABLE b(id INT PRIMARY KEY, a INT, s VARCHAR(1000))");
                for (int from = 0; from < ROWS; from += ROWS / 10) {
                    Twin.execute(
                            twin.member("B"),
                            "INSERT INTO b SELECT x, MOD(x, 10), REPEAT(CAST(x AS CHAR(6)), 150) FROM SYSTEM_RANGE("
                                    + from + ", " + (from + ROWS / 10 - 1) + ")");
                }
                twin.has("A", "a").has("B", "b");
                ShippingLimits limits = new ShippingLimits(Long.MAX_VALUE, Long.MAX_VALUE, 0, memory, directory);
                try (ResultInterface result = twin.prepare(
                                "SELECT COUNT(*), MAX(b.s || a.id), MIN(b.s || a.id) FROM {a} a JOIN {b} b ON b.a = a.id")
                        .execute(twin.databases(), new Value[0], 0, limits)) {
                    result.next();
                    System.out.println("rows " + result.currentRow()[0].getInt());
                }
            }
        }
    }

    private String run(String name, long memory) throws Exception {
        Path of = Files.createDirectories(directory.resolve(name));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        HEAP,
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Query.class.getName(),
                        of.toString(),
                        String.valueOf(memory))
                .redirectErrorStream(true)
                .start();
        try (InputStream output = process.getInputStream()) {
            String text = new String(output.readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(process.waitFor(5, TimeUnit.MINUTES), text);
            return text;
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void shipped_rows_need_no_heap_where_they_are_in_a_file() throws Exception {
        String bounded = run("bounded", 4 << 20);
        assertTrue(bounded.contains("rows " + ROWS), bounded);
        // Without the bound they do not fit: that the file makes the difference is shown by this.
        String unbounded = run("unbounded", Long.MAX_VALUE);
        assertTrue(unbounded.contains("Out of memory") || unbounded.contains("OutOfMemoryError"), unbounded);
    }
}
