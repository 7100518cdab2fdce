package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.group.Entry;
import io.synod.group.Recovered;
import io.synod.log.EntryLog;
import io.synod.log.Scrubbed;
import io.synod.replica.Patience;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import org.h2.message.DbException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When a node looks at its files, and how fast. */
@Timeout(60)
class ScrubberTest {
    private static final int MIB = 1 << 20;

    /** Files of so many bytes. */
    private static final class Files implements EntryLog {
        final AtomicInteger rounds = new AtomicInteger();
        final CountDownLatch reads = new CountDownLatch(1);
        private final int bytes;

        Files(int bytes) {
            this.bytes = bytes;
        }

        @Override
        public Scrubbed scrub(IntConsumer read) {
            rounds.incrementAndGet();
            for (int at = 0; at < bytes; at += MIB) {
                reads.countDown();
                read.accept(MIB);
            }
            return new Scrubbed(bytes, List.of());
        }

        @Override
        public Recovered recovered(long group) {
            return Recovered.NOTHING;
        }

        @Override
        public void append(List<Append> batch) {}

        @Override
        public void force() {}

        @Override
        public List<Entry> read(long group, long from, long to, int maxBytes) throws IOException {
            throw new IOException("not in this test");
        }

        @Override
        public long bytes() {
            return bytes;
        }

        @Override
        public boolean reclaim() {
            return false;
        }

        @Override
        public long lastIndexIn(long group, long oldest) {
            return 0;
        }

        @Override
        public long reclaimUnit() {
            return MIB;
        }

        @Override
        public void close() {}
    }

    @Test
    void it_looks_again_and_again_and_not_at_all_where_it_is_switched_off() throws Exception {
        Files files = new Files(0);
        Files never = new Files(0);
        try (Scrubber on = new Scrubber("a", files, List::of, 1_000_000L);
                Scrubber off = new Scrubber("a", never, List::of, 0)) {
            on.start();
            off.start();
            Await.until("three rounds", () -> files.rounds.get() >= 3);
        }
        int until = files.rounds.get();
        assertTrue(until >= 3);
        assertEquals(0, never.rounds.get());
    }

    @Test
    void it_reads_slowly_and_whoever_asks_has_it_read_faster() {
        Files files = new Files(16 * MIB);
        try (Scrubber scrubber = new Scrubber("a", files, List::of, 0)) {
            long start = System.nanoTime();
            scrubber.scrub();
            long millis = (System.nanoTime() - start) / 1_000_000L;
            assertTrue(millis >= 240, "16 MiB in " + millis + " ms");
        }
    }

    @Test
    void a_node_that_closes_does_not_wait_for_the_end_of_a_round() throws Exception {
        Files endless = new Files(1024 * MIB);
        Scrubber scrubber = new Scrubber("a", endless, List::of, 1);
        scrubber.start();
        endless.reads.await();
        long start = System.nanoTime();
        scrubber.close();
        assertTrue(System.nanoTime() - start < 9_000_000_000L, "it read on");
        assertEquals(1, endless.rounds.get());
    }

    @Test
    void who_is_interrupted_reads_no_further() throws Exception {
        Files endless = new Files(1024 * MIB);
        try (Scrubber scrubber = new Scrubber("a", endless, List::of, 0)) {
            AtomicReference<DbException> ended = new AtomicReference<>();
            Thread client = new Thread(() -> ended.set(assertThrows(DbException.class, scrubber::scrub)));
            client.start();
            endless.reads.await();
            assertFalse(client.isInterrupted());
            client.interrupt();
            client.join();
            assertEquals("57014", ended.get().getSQLException().getSQLState());
        }
    }

    /** The other one reads slowly, and whoever waits for it may have waited long enough. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void who_was_cancelled_waits_no_longer_for_its_turn_nor_for_its_end(boolean behindAnother) throws Exception {
        Files files = new Files(64 * MIB);
        try (Scrubber scrubber = new Scrubber("a", files, List::of, behindAnother ? 1 : 0)) {
            scrubber.start();
            if (behindAnother) {
                files.reads.await();
            }
            try (Patience timeout = Patience.begin(50_000_000L)) {
                DbException e = assertThrows(DbException.class, scrubber::scrub);
                assertTrue(timeout.ended());
                assertEquals("57014", e.getSQLException().getSQLState());
            }
            assertEquals(1, files.rounds.get());
        }
    }
}
