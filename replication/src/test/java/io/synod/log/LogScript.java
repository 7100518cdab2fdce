package io.synod.log;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Epoch;
import io.synod.log.EntryLog.Append;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A seeded sequence of batches: three groups, superseded suffixes, promises, now and then an entry that needs fragments.
 * Whoever has the seed knows what the log must hold after n batches.
 */
final class LogScript {
    private final Random random;
    private final Map<Long, List<Entry>> content = new HashMap<>();
    private final Map<Long, Long> promised = new HashMap<>();
    private final Map<Long, Long> rounds = new HashMap<>();
    private int batches;

    LogScript(long seed) {
        random = new Random(seed);
    }

    /** The content after the first n batches. */
    static LogScript after(long seed, int batches) {
        LogScript script = new LogScript(seed);
        for (int i = 0; i < batches; i++) {
            script.next();
        }
        return script;
    }

    List<Append> next() {
        batches++;
        List<Append> batch = new ArrayList<>();
        for (int i = random.nextInt(5); i >= 0; i--) {
            batch.add(append(random.nextInt(3)));
        }
        return batch;
    }

    private Append append(long group) {
        List<Entry> log = content.computeIfAbsent(group, g -> new ArrayList<>());
        if (random.nextInt(12) == 0) {
            return promise(group, Epoch.of(1 + random.nextInt(40), 2));
        }
        // No two entries ever share epoch and index: what supersedes is of a new epoch.
        boolean newEpoch = random.nextInt(6) == 0;
        if (random.nextInt(12) == 0 && !log.isEmpty()) {
            newEpoch = true;
            int keep = Math.max(0, log.size() - 1 - random.nextInt(6));
            log.subList(keep, log.size()).clear();
        }
        long round = rounds.merge(group, newEpoch ? 1L : 0L, Long::sum);
        long epoch = Epoch.of(round + 1, 1);
        byte[] payload = new byte[random.nextInt(40) == 0 ? 20_000 + random.nextInt(30_000) : random.nextInt(600)];
        random.nextBytes(payload);
        Entry entry = new Entry(epoch, log.size() + 1, EntryKind.DATA, payload);
        log.add(entry);
        promise(group, epoch);
        return Append.entry(group, entry);
    }

    private Append promise(long group, long epoch) {
        promised.merge(group, epoch, Math::max);
        return Append.promise(group, epoch);
    }

    int batches() {
        return batches;
    }

    Map<Long, List<Entry>> content() {
        return content;
    }

    /** {@code null} when the log holds exactly this, else what is different. */
    String difference(EntryLog log) throws IOException {
        for (long group = 0; group < 3; group++) {
            List<Entry> expected = content.getOrDefault(group, List.of());
            if (log.recovered(group).promised() != promised.getOrDefault(group, 0L)) {
                return "group " + group + " promised "
                        + Epoch.toString(log.recovered(group).promised());
            }
            if (log.recovered(group).lastIndex() != expected.size()) {
                return "group " + group + " ends at " + log.recovered(group).lastIndex() + ", not " + expected.size();
            }
            List<Entry> found = expected.isEmpty() ? List.of() : log.read(group, 1, expected.size(), Integer.MAX_VALUE);
            for (int i = 0; i < expected.size(); i++) {
                if (!same(expected.get(i), found.get(i))) {
                    return "group " + group + " has " + found.get(i) + ", not " + expected.get(i);
                }
            }
        }
        return null;
    }

    static boolean same(Entry expected, Entry found) {
        return expected.epoch() == found.epoch()
                && expected.index() == found.index()
                && expected.kind() == found.kind()
                && java.util.Arrays.equals(expected.payload(), found.payload());
    }
}
