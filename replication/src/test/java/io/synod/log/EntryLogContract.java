package io.synod.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Epoch;
import io.synod.group.Invariant;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.group.Recovered;
import io.synod.log.EntryLog.Append;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every log must do, on disk or not. */
abstract class EntryLogContract {
    static final int NO_LIMIT = Integer.MAX_VALUE;

    EntryLog log;

    abstract EntryLog open() throws Exception;

    @BeforeEach
    void openLog() throws Exception {
        log = open();
    }

    @AfterEach
    void closeLog() throws Exception {
        log.close();
    }

    static Entry data(long round, long index) {
        return data(round, index, round + "/" + index);
    }

    static Entry data(long round, long index, String payload) {
        return new Entry(Epoch.of(round, 1), index, EntryKind.DATA, payload.getBytes(StandardCharsets.UTF_8));
    }

    static List<Append> entries(long group, Entry... entries) {
        List<Append> batch = new ArrayList<>();
        for (Entry entry : entries) {
            batch.add(Append.entry(group, entry));
        }
        return batch;
    }

    static String text(Entry entry) {
        return new String(entry.payload(), StandardCharsets.UTF_8);
    }

    static List<String> texts(List<Entry> entries) {
        return entries.stream().map(EntryLogContract::text).toList();
    }

    @Test
    void a_new_log_knows_nothing_of_any_group() {
        assertEquals(Recovered.NOTHING, log.recovered(1));
    }

    @Test
    void entries_come_back_as_they_were_appended() throws Exception {
        Entry barrier = Entry.barrier(Epoch.of(1, 1), 1);
        log.append(entries(7, barrier, data(1, 2, ""), data(1, 3, "odd")));
        log.force();
        List<Entry> read = log.read(7, 1, 3, NO_LIMIT);
        assertEquals(
                List.of(EntryKind.BARRIER, EntryKind.DATA, EntryKind.DATA),
                read.stream().map(Entry::kind).toList());
        assertEquals(List.of("", "", "odd"), texts(read));
        assertEquals(List.of(1L, 2L, 3L), read.stream().map(Entry::index).toList());
        assertEquals(Epoch.of(1, 1), read.get(0).epoch());
    }

    @Test
    void entries_can_be_read_before_they_are_forced() throws Exception {
        log.append(entries(1, data(1, 1)));
        assertEquals(List.of("1/1"), texts(log.read(1, 1, 1, NO_LIMIT)));
    }

    @Test
    void groups_do_not_see_each_other() throws Exception {
        log.append(List.of(
                Append.entry(1, data(1, 1, "one")),
                Append.entry(2, data(5, 1, "two")),
                Append.promise(3, Epoch.of(9, 2)),
                Append.entry(1, data(1, 2, "one again"))));
        assertEquals(List.of("one", "one again"), texts(log.read(1, 1, 2, NO_LIMIT)));
        assertEquals(List.of("two"), texts(log.read(2, 1, 1, NO_LIMIT)));
        assertEquals(new Recovered(Epoch.of(9, 2), List.of(), 0), log.recovered(3));
    }

    static Entry config(long round, long index, int members) {
        return new Entry(
                Epoch.of(round, 1),
                index,
                EntryKind.CONFIG,
                configuration(members).encode());
    }

    static Members configuration(int size) {
        List<Member> all = new ArrayList<>();
        for (int slot = 1; slot <= size; slot++) {
            all.add(new Member(slot, "n" + slot, new UUID(0, slot), Member.Role.VOTER, "n" + slot + ":1"));
        }
        return new Members(all);
    }

    /** Index and number of members. */
    static List<String> configurations(EntryLog log) {
        return log.recovered(1).configurations().stream()
                .map(e -> e.index() + ":" + Members.decode(e.payload()).all().size())
                .toList();
    }

    @Test
    void configurations_are_recovered_voided_and_forgotten_with_their_entries() throws Exception {
        log.append(entries(1, data(1, 1), config(1, 2, 3), data(1, 3), config(1, 4, 4), config(1, 5, 5)));
        assertEquals(List.of("2:3", "4:4", "5:5"), configurations(log));
        log.append(entries(1, data(2, 5)));
        assertEquals(List.of("2:3", "4:4"), configurations(log));
        log.append(List.of(Append.base(1, new Base(2, Epoch.of(1, 1), configuration(3)), false)));
        assertEquals(List.of("4:4"), configurations(log));
        log.append(List.of(Append.base(1, new Base(9, Epoch.of(3, 1), configuration(4)), true)));
        assertEquals(List.of(), configurations(log));
    }

    @Test
    void the_greatest_promise_counts_and_an_entry_promises_its_epoch() throws Exception {
        log.append(List.of(Append.promise(1, Epoch.of(5, 1)), Append.promise(1, Epoch.of(3, 1))));
        assertEquals(Epoch.of(5, 1), log.recovered(1).promised());
        log.append(entries(1, data(6, 1)));
        assertEquals(Epoch.of(6, 1), log.recovered(1).promised());
    }

    /** The trace of Neon's safekeeper, issue 295: with the last record per index, 6 and 7 of epoch 1 would come back. */
    @Test
    void a_record_voids_every_earlier_one_at_its_index_and_above() throws Exception {
        log.append(entries(1, data(1, 1), data(1, 2), data(1, 3), data(1, 4)));
        log.append(entries(1, data(1, 5), data(1, 6), data(1, 7)));
        log.append(entries(1, data(3, 5)));
        log.force();
        assertFoldOfNeon(log);
    }

    @Test
    void a_record_voids_earlier_ones_of_its_own_batch() throws Exception {
        log.append(entries(
                1, data(1, 1), data(1, 2), data(1, 3), data(1, 4), data(1, 5), data(1, 6), data(1, 7), data(3, 5)));
        assertFoldOfNeon(log);
    }

    static void assertFoldOfNeon(EntryLog log) throws IOException {
        Recovered recovered = log.recovered(1);
        assertEquals(5, recovered.lastIndex());
        assertEquals(
                List.of(new Recovered.Term(Epoch.of(1, 1), 1), new Recovered.Term(Epoch.of(3, 1), 5)),
                recovered.terms());
        assertEquals(List.of("1/4", "3/5"), texts(log.read(1, 4, 5, NO_LIMIT)));
        assertThrows(IOException.class, () -> log.read(1, 6, 6, NO_LIMIT));
    }

    @Test
    void reading_stops_at_the_limit_but_never_before_the_first() throws Exception {
        Entry[] three = {data(1, 1, "x".repeat(100)), data(1, 2, "y".repeat(100)), data(1, 3, "z".repeat(100))};
        log.append(entries(1, three));
        assertEquals(1, log.read(1, 1, 3, 0).size());
        assertEquals(1, log.read(1, 1, 3, three[0].size()).size());
        assertEquals(2, log.read(1, 1, 3, 2 * three[0].size()).size());
        assertEquals(3, log.read(1, 1, 3, NO_LIMIT).size());
    }

    @Test
    void an_entry_that_is_not_there_is_an_error_that_names_it() throws Exception {
        log.append(entries(4, data(1, 1)));
        IOException e = assertThrows(IOException.class, () -> log.read(4, 2, 2, NO_LIMIT));
        assertTrue(e.getMessage().contains("group 4 has no entry 2"), e.getMessage());
    }

    @Test
    void a_hole_or_a_falling_epoch_is_refused_and_nothing_is_written() throws Exception {
        log.append(entries(1, data(2, 1)));
        assertThrows(Invariant.Violation.class, () -> log.append(entries(1, data(2, 3))));
        assertThrows(Invariant.Violation.class, () -> log.append(entries(1, data(1, 2))));
        assertThrows(Invariant.Violation.class, () -> log.append(entries(1, data(2, 2), data(2, 4))));
        log.append(entries(1, data(2, 2)));
        assertEquals(2, log.recovered(1).lastIndex());
    }

    @Test
    void a_closed_log_refuses_everything() throws Exception {
        log.close();
        assertThrows(IOException.class, () -> log.append(entries(1, data(1, 1))));
        assertThrows(IOException.class, () -> log.force());
        assertThrows(IOException.class, () -> log.read(1, 1, 1, NO_LIMIT));
    }

    @Test
    void an_interrupted_thread_appends_forces_and_keeps_its_flag() throws Exception {
        Thread.currentThread().interrupt();
        for (int i = 1; i <= 50; i++) {
            log.append(entries(1, data(1, i, "x".repeat(10_000))));
            log.force();
            assertTrue(Thread.currentThread().isInterrupted());
        }
        assertEquals(50, log.read(1, 1, 50, NO_LIMIT).size());
        assertTrue(Thread.interrupted());
        log.append(entries(1, data(1, 51)));
        log.force();
    }

    /** Interrupts that come at any moment: between the steps of an append, and while the system forces. */
    @Test
    void a_thread_that_is_interrupted_all_the_time_loses_nothing() throws Exception {
        Thread client = Thread.currentThread();
        AtomicBoolean enough = new AtomicBoolean();
        Thread interrupter = new Thread(() -> {
            while (!enough.get()) {
                client.interrupt();
                Thread.onSpinWait();
            }
        });
        interrupter.start();
        try {
            for (int i = 1; i <= 200; i++) {
                log.append(entries(1, data(1, i, "x".repeat(3_000))));
                log.force();
            }
        } finally {
            enough.set(true);
            while (interrupter.isAlive()) {
                Thread.interrupted();
            }
        }
        Thread.interrupted();
        assertEquals(200, log.read(1, 1, 200, NO_LIMIT).size());
    }

    @Test
    void threads_take_turns_in_appending() throws Exception {
        for (int i = 1; i <= 10; i++) {
            int index = i;
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread thread = new Thread(() -> {
                try {
                    log.append(entries(1, data(1, index)));
                    log.force();
                } catch (Throwable e) {
                    failure.set(e);
                }
            });
            thread.start();
            thread.join();
            assertEquals(null, failure.get());
        }
        assertEquals(10, log.recovered(1).lastIndex());
    }

    /** What a reader gets is one state of the log: no entry of an old suffix in front of one of a new one. */
    @Test
    void readers_see_one_state_while_suffixes_are_superseded() throws Exception {
        AtomicBoolean enough = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        log.append(entries(1, data(1, 1)));
        Thread reader = new Thread(() -> {
            Random random = new Random(1);
            try {
                while (!enough.get()) {
                    long last = log.recovered(1).lastIndex();
                    long from = 1 + random.nextInt((int) last);
                    assertOneState(log, from, last);
                }
            } catch (Throwable e) {
                failure.set(e);
            }
        });
        reader.start();
        Random random = new Random(2);
        long last = 1;
        for (int round = 2; round < 300; round++) {
            long first = Math.max(2, last - random.nextInt(8));
            List<Append> batch = new ArrayList<>();
            for (last = first; last < first + 10; last++) {
                batch.add(Append.entry(1, data(round, last, round + "/" + last + "/" + "x".repeat(400))));
            }
            last--;
            log.append(batch);
        }
        enough.set(true);
        reader.join();
        if (failure.get() != null) {
            throw new AssertionError(failure.get());
        }
    }

    /** The log may have become shorter since its end was asked for; else entries must follow each other. */
    private static void assertOneState(EntryLog log, long from, long to) throws IOException {
        List<Entry> entries;
        try {
            entries = log.read(1, from, to, NO_LIMIT);
        } catch (IOException e) {
            assertTrue(e.getMessage().contains("has no entry"), e.getMessage());
            return;
        }
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            assertEquals(from + i, entry.index());
            assertTrue(text(entry).startsWith(Epoch.round(entry.epoch()) + "/" + entry.index()), text(entry));
            assertTrue(i == 0 || entries.get(i - 1).epoch() <= entry.epoch(), "epochs fall at " + entry);
        }
    }

    /** Random batches over three groups with promises and superseding, against a list that is cut and extended. */
    @Test
    void random_batches_agree_with_the_plain_fold() throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        Map<Long, List<Entry>> expected = new HashMap<>();
        for (int i = 0; i < 300; i++) {
            List<Append> batch = new ArrayList<>();
            for (int k = random.nextInt(6); k >= 0; k--) {
                batch.add(randomAppend(random, expected));
            }
            log.append(batch);
            if (random.nextInt(4) == 0) {
                log.force();
            }
            for (long group : expected.keySet()) {
                assertAgrees(log, group, expected.get(group), "seed " + seed + ", batch " + i);
            }
        }
    }

    static Append randomAppend(Random random, Map<Long, List<Entry>> expected) {
        long group = random.nextInt(3);
        List<Entry> log = expected.computeIfAbsent(group, g -> new ArrayList<>());
        if (random.nextInt(10) == 0) {
            return Append.promise(group, Epoch.of(1 + random.nextInt(3), 1));
        }
        if (random.nextInt(8) == 0 && !log.isEmpty()) {
            log.subList(random.nextInt(log.size()), log.size()).clear();
        }
        long round = log.isEmpty() ? 1 : Epoch.round(log.get(log.size() - 1).epoch());
        Entry entry = data(round + random.nextInt(2), log.size() + 1, "p" + "x".repeat(random.nextInt(300)));
        log.add(entry);
        return Append.entry(group, entry);
    }

    static void assertAgrees(EntryLog log, long group, List<Entry> expected, String where) throws IOException {
        assertEquals(expected.size(), log.recovered(group).lastIndex(), where);
        List<Entry> read = expected.isEmpty() ? List.of() : log.read(group, 1, expected.size(), NO_LIMIT);
        assertEquals(expected.size(), read.size(), where);
        for (int i = 0; i < read.size(); i++) {
            assertEquals(expected.get(i).epoch(), read.get(i).epoch(), where);
            assertEquals(expected.get(i).index(), read.get(i).index(), where);
            assertEquals(text(expected.get(i)), text(read.get(i)), where);
        }
    }
}
