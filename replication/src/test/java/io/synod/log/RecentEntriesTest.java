package io.synod.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Entry;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RecentEntriesTest {
    private static final int MAX_BYTES = 20_000;

    @Test
    void stays_within_its_bound_and_never_returns_what_was_superseded() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        RecentEntries recent = new RecentEntries(MAX_BYTES);
        Map<Long, Map<Long, Entry>> newest = new HashMap<>();
        long[] last = new long[3];
        for (int i = 0; i < 20_000; i++) {
            int group = random.nextInt(3);
            if (random.nextInt(50) == 0) {
                last[group] = Math.max(0, last[group] - random.nextInt(20));
            }
            long index = ++last[group];
            Entry entry = EntryLogContract.data(1, index, "x".repeat(random.nextInt(100)));
            Map<Long, Entry> log = newest.computeIfAbsent((long) group, g -> new HashMap<>());
            log.keySet().removeIf(k -> k >= index);
            log.put(index, entry);
            recent.add(group, entry);
            assertTrue(recent.bytes() <= MAX_BYTES, "seed " + seed);
            assertSame(entry, recent.get(group, index), "seed " + seed);
            assertNull(recent.get(group, index + 1), "seed " + seed);
            long asked = 1 + random.nextInt((int) index);
            Entry found = recent.get(group, asked);
            assertTrue(found == null || found == log.get(asked), "seed " + seed);
        }
        long kept = 0;
        for (var log : newest.entrySet()) {
            for (long index : log.getValue().keySet()) {
                Entry entry = recent.get(log.getKey(), index);
                kept += entry == null ? 0 : entry.size();
            }
        }
        assertEquals(recent.bytes(), kept, "seed " + seed);
        assertTrue(kept > MAX_BYTES / 2, kept + " bytes kept, seed " + seed);
    }
}
