package io.synod.transport;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Epoch;
import io.synod.paxos.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does it cost to put an Accept into bytes, and to read it back? Run: {@code java -jar
 * benchmarks/target/benchmarks.jar jmh -- MessageCodecBenchmark}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class MessageCodecBenchmark {
    private static final int PAYLOAD_BYTES = 256;

    @Param({"0", "1", "32"})
    private int entries;

    private Envelope envelope;
    private WireOutput out;
    private byte[] encoded;
    private int length;

    @Setup
    public void prepare() {
        Random random = new Random(1);
        long epoch = Epoch.of(3, 1);
        List<Entry> list = new ArrayList<>();
        for (int i = 0; i < entries; i++) {
            byte[] payload = new byte[PAYLOAD_BYTES];
            random.nextBytes(payload);
            list.add(new Entry(epoch, 1_000 + i, EntryKind.DATA, payload));
        }
        envelope = new Envelope(7, new Message.Accept(epoch, 999, epoch, list, 998, 1, 2, 3, 4));
        out = new WireOutput(64 << 10);
        MessageCodec.encode(envelope, out);
        length = out.length();
        encoded = out.array().clone();
    }

    @Benchmark
    public int encode() {
        out.reset();
        MessageCodec.encode(envelope, out);
        return out.length();
    }

    @Benchmark
    public Envelope decode() throws MalformedFrameException {
        return MessageCodec.decode(new WireInput(encoded, 0, length));
    }
}
