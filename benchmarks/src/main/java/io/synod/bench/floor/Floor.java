package io.synod.bench.floor;

import io.synod.bench.Round;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * The least that a durable 2-of-3 commit costs on this machine: the same bytes are forced into a preallocated file here
 * and, one loopback round trip away, in two other processes, all at the same time; it is answered when two of the three have
 * forced. One client does all of it on its own thread; of more, whoever finds no batch in flight takes all that wait as the
 * next one. No entries, no index, no state machine. One round at a time.
 */
public final class Floor implements Closeable {
    private static final int MAX_BATCH = 256;
    private static final int HEADER = Integer.BYTES + Long.BYTES;
    /** Batches that the slower follower may lack before it is waited for: what the sockets' buffers surely hold. */
    private static final int WINDOW = 64;

    private final Path directory;
    private final int bytes;
    private final Selector selector;
    private final List<FloorPeer> peers = new ArrayList<>();
    private final ForcedFile file;
    private final ByteBuffer frame;
    private long batch = -1;

    private final ArrayDeque<Waiter> queue = new ArrayDeque<>();
    private boolean inFlight;
    private volatile IOException failure;

    private static final class Waiter {
        final Thread thread = Thread.currentThread();
        volatile boolean done;
        volatile boolean mayLead;
    }

    /**
     * @param parent where the three files are made, on the file system to be measured; they are deleted in the end
     * @param bytes of one commit
     */
    public Floor(Path parent, int bytes) throws IOException {
        this.bytes = bytes;
        Files.createDirectories(parent);
        directory = Files.createTempDirectory(parent, "floor-");
        selector = Selector.open();
        peers.add(new FloorPeer(directory.resolve("b"), selector));
        peers.add(new FloorPeer(directory.resolve("c"), selector));
        file = new ForcedFile(directory.resolve("a"));
        frame = ByteBuffer.allocateDirect(HEADER + MAX_BATCH * bytes);
    }

    /** Commits in a closed loop, by as many clients, for so long; each once at least, however long that takes. */
    public Round run(int clients, long nanos) throws IOException, InterruptedException {
        List<Histogram> histograms = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        long startNanos = System.nanoTime();
        for (int i = 0; i < clients; i++) {
            Histogram histogram = new Histogram(3);
            histograms.add(histogram);
            Thread thread = new Thread(() -> client(histogram, clients == 1, startNanos + nanos), "floor-client-" + i);
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        if (failure != null) {
            throw failure;
        }
        return Round.of("floor", histograms, 0, System.nanoTime() - startNanos, Map.of());
    }

    private void client(Histogram histogram, boolean alone, long endNanos) {
        try {
            long before = System.nanoTime();
            do {
                if (alone) {
                    commit(1);
                } else {
                    commitTogether();
                }
                long after = System.nanoTime();
                histogram.recordValue(after - before);
                before = after;
            } while (before < endNanos && failure == null);
        } catch (IOException e) {
            failure = e;
        }
    }

    private void commitTogether() throws IOException {
        Waiter self = new Waiter();
        synchronized (queue) {
            queue.add(self);
            self.mayLead = !inFlight;
            inFlight = true;
        }
        while (!self.done && !self.mayLead) {
            LockSupport.park(this);
        }
        if (self.done) {
            return;
        }
        List<Waiter> together = new ArrayList<>();
        synchronized (queue) {
            while (together.size() < MAX_BATCH && !queue.isEmpty()) {
                together.add(queue.poll());
            }
        }
        try {
            commit(together.size());
        } finally {
            Waiter next;
            synchronized (queue) {
                next = queue.peek();
                inFlight = next != null;
            }
            if (next != null) {
                next.mayLead = true;
                LockSupport.unpark(next.thread);
            }
            for (Waiter waiter : together) {
                waiter.done = true;
                if (waiter != self) {
                    LockSupport.unpark(waiter.thread);
                }
            }
        }
    }

    private void commit(int commits) throws IOException {
        batch++;
        int length = commits * bytes;
        frame.clear().limit(HEADER + length);
        frame.putInt(0, length).putLong(Integer.BYTES, batch);
        for (FloorPeer peer : peers) {
            peer.send(frame.duplicate());
        }
        file.writeAndForce(frame.duplicate());
        while (!acknowledged()) {
            selector.select();
            selector.selectedKeys().clear();
        }
    }

    private boolean acknowledged() throws IOException {
        long most = -1;
        long least = Long.MAX_VALUE;
        for (FloorPeer peer : peers) {
            long acknowledged = peer.acknowledged();
            most = Math.max(most, acknowledged);
            least = Math.min(least, acknowledged);
        }
        return most >= batch && least >= batch - WINDOW;
    }

    @Override
    public void close() throws IOException {
        for (FloorPeer peer : peers) {
            peer.close();
        }
        selector.close();
        file.close();
        for (String name : List.of("a", "b", "c")) {
            Files.deleteIfExists(directory.resolve(name));
        }
        Files.deleteIfExists(directory);
    }
}
