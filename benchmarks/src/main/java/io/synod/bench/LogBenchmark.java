package io.synod.bench;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Epoch;
import io.synod.log.ChronicleEntryLog;
import io.synod.log.EntryLog;
import io.synod.log.LogConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does a batch in the log cost, appended alone and appended and forced, against the same bytes in a plain preallocated
 * file? Files are made in the working directory. Run: {@code java -jar benchmarks/target/benchmarks.jar jmh --
 * LogBenchmark}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class LogBenchmark {
    private static final int PAYLOAD_BYTES = 256;
    private static final int PLAIN_BYTES = 64 << 20;
    private static final long GROUP = 7;

    @Param({"1", "32"})
    private int entries;

    private final byte[] payload = new byte[PAYLOAD_BYTES];
    private Path directory;
    private EntryLog log;
    private FileChannel plain;
    private ByteBuffer bytes;
    private long plainPosition;
    private long index;

    @Setup
    public void open() throws IOException {
        directory = Files.createTempDirectory(Path.of("."), "log-benchmark-");
        log = ChronicleEntryLog.open(directory.resolve("log"), LogConfig.standard("bench"));
        plain = FileChannel.open(directory.resolve("plain"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        ByteBuffer block = ByteBuffer.allocateDirect(4_096);
        for (int at = 0; at < PLAIN_BYTES; at += block.capacity()) {
            plain.write(block.clear(), at);
        }
        plain.force(true);
        bytes = ByteBuffer.allocateDirect(entries * (PAYLOAD_BYTES + 40));
    }

    @TearDown
    public void close() throws IOException {
        log.close();
        plain.close();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private void appendBatch() throws IOException {
        List<EntryLog.Append> batch = new ArrayList<>(entries);
        for (int i = 0; i < entries; i++) {
            batch.add(EntryLog.Append.entry(GROUP, new Entry(Epoch.of(1, 1), ++index, EntryKind.DATA, payload)));
        }
        log.append(batch);
    }

    @Benchmark
    public void append() throws IOException {
        appendBatch();
    }

    @Benchmark
    public void append_and_force() throws IOException {
        appendBatch();
        log.force();
    }

    @Benchmark
    public void plain_file_write_and_force() throws IOException {
        if (plainPosition + bytes.capacity() > PLAIN_BYTES) {
            plainPosition = 0;
        }
        plainPosition += plain.write(bytes.clear(), plainPosition);
        plain.force(false);
    }
}
