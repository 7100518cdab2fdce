package io.synod.history;

import io.synod.history.Level.Isolation;
import io.synod.history.Level.Order;
import io.synod.history.Transaction.Action;
import io.synod.history.Transaction.Append;
import io.synod.history.Transaction.Outcome;
import io.synod.history.Transaction.Read;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * A database of lists that keeps to a level and to nothing beyond it, with random clients. Appends lock their list until the end
 * and nobody waits: who finds a lock aborts. Where the order allows it, snapshots are old ones.
 */
final class ListModel {
    /** Lists in use at a time; others follow when so many transactions are committed. */
    private static final int KEYS = 4;

    private static final int COMMITS_PER_KEYS = 40;
    private static final int VERSIONS_MAX = 20;

    private static final class Open {
        int process;
        long began;
        int left;
        /** What it reads from, unless that is what is committed. */
        Map<String, List<Long>> snapshot;

        final Map<String, List<Long>> own = new TreeMap<>();
        final List<Action> actions = new ArrayList<>();
    }

    private final Level level;
    private final SplittableRandom random;
    private final Open[] processes;
    private final long[] floors;
    private final Map<String, Open> writeLocks = new HashMap<>();
    private final Map<String, Set<Open>> readLocks = new HashMap<>();
    /** The last states; each commit makes another. */
    private final List<Map<String, List<Long>>> versions = new ArrayList<>(List.of(Map.of()));

    private long commits;
    private long time;
    private long value;
    private final List<Transaction> history = new ArrayList<>();

    private ListModel(Level level, SplittableRandom random, int processes) {
        this.level = level;
        this.random = random;
        this.processes = new Open[processes];
        this.floors = new long[processes];
    }

    static List<Transaction> run(Level level, long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        ListModel model = new ListModel(level, random, 2 + random.nextInt(6));
        while (model.history.size() < count) {
            model.step(random.nextInt(model.processes.length), false);
        }
        for (int i = 0; i < model.processes.length; i++) {
            while (model.processes[i] != null) {
                model.step(i, true);
            }
        }
        return model.history;
    }

    private void step(int process, boolean ends) {
        time += random.nextInt(2);
        Open open = processes[process];
        if (open == null) {
            processes[process] = begin(process);
        } else if (open.left-- <= 0 || ends) {
            end(open);
        } else {
            String key = "k" + (commits / COMMITS_PER_KEYS + random.nextInt(KEYS));
            if (!(random.nextBoolean() ? read(open, key) : append(open, key, 1 + random.nextInt(2)))) {
                done(open, Outcome.ABORTED);
            }
        }
    }

    private Map<String, List<Long>> latest() {
        return versions.get(versions.size() - 1);
    }

    private Open begin(int process) {
        Open open = new Open();
        open.process = process;
        open.began = time;
        open.left = 1 + random.nextInt(5);
        boolean old = level.isolation() == Isolation.SNAPSHOT
                || level.isolation() == Isolation.SERIALIZABLE && random.nextInt(3) == 0;
        if (old) {
            open.snapshot = someVersion(process);
        }
        return open;
    }

    /** As old as the order allows. */
    private Map<String, List<Long>> someVersion(int process) {
        long first = commits - (versions.size() - 1);
        long floor = switch (level.order()) {
            case NONE -> first;
            case PROCESS -> Math.max(first, floors[process]);
            case REAL_TIME -> commits;
        };
        long version = floor + random.nextLong(commits - floor + 1);
        if (level.order() != Order.NONE) {
            floors[process] = version;
        }
        return versions.get((int) (version - first));
    }

    private boolean read(Open open, String key) {
        Map<String, List<Long>> from = open.snapshot;
        if (from == null && level.isolation() == Isolation.SERIALIZABLE) {
            Open writer = writeLocks.get(key);
            if (writer != null && writer != open) {
                return false;
            }
            readLocks.computeIfAbsent(key, k -> new HashSet<>()).add(open);
        }
        if (from == null) {
            // At READ COMMITTED it may always be old, except of what it has locked.
            boolean old = level.isolation() == Isolation.READ_COMMITTED && !open.own.containsKey(key);
            from = old ? versions.get(random.nextInt(versions.size())) : latest();
        }
        List<Long> values = new ArrayList<>(from.getOrDefault(key, List.of()));
        values.addAll(open.own.getOrDefault(key, List.of()));
        open.actions.add(new Read(key, values));
        return true;
    }

    private boolean append(Open open, String key, int count) {
        Open writer = writeLocks.get(key);
        Set<Open> readers = readLocks.getOrDefault(key, Set.of());
        if (writer != null && writer != open || readers.size() > (readers.contains(open) ? 1 : 0)) {
            return false;
        }
        if (open.snapshot != null) {
            if (level.isolation() == Isolation.SERIALIZABLE) {
                // What reads an old state only reads.
                return true;
            }
            List<Long> seen = open.snapshot.getOrDefault(key, List.of());
            if (latest().getOrDefault(key, List.of()).size() != seen.size()) {
                return false;
            }
        }
        writeLocks.put(key, open);
        for (int i = 0; i < count; i++) {
            open.own.computeIfAbsent(key, k -> new ArrayList<>()).add(++value);
            open.actions.add(new Append(key, value));
        }
        return true;
    }

    private void end(Open open) {
        int chance = random.nextInt(20);
        if (chance == 0) {
            done(open, Outcome.ABORTED);
            return;
        }
        boolean unknown = chance == 1;
        if (!unknown || random.nextBoolean()) {
            if (!open.own.isEmpty()) {
                commit(open);
            }
            floors[open.process] = open.snapshot == null ? commits : floors[open.process];
        }
        time += random.nextInt(2);
        done(open, unknown ? Outcome.UNKNOWN : Outcome.COMMITTED);
    }

    private void commit(Open open) {
        Map<String, List<Long>> next = new HashMap<>(latest());
        open.own.forEach((key, values) -> {
            List<Long> all = new ArrayList<>(next.getOrDefault(key, List.of()));
            all.addAll(values);
            next.put(key, all);
        });
        commits++;
        // Lists that were left long ago.
        next.keySet().removeIf(key -> Long.parseLong(key.substring(1)) + 10 * KEYS < commits / COMMITS_PER_KEYS);
        versions.add(next);
        if (versions.size() > VERSIONS_MAX) {
            versions.remove(0);
        }
        floors[open.process] = commits;
    }

    private void done(Open open, Outcome outcome) {
        processes[open.process] = null;
        writeLocks.values().removeIf(holder -> holder == open);
        readLocks.values().removeIf(holders -> holders.remove(open) && holders.isEmpty());
        history.add(new Transaction(history.size() + 1, open.process, outcome, open.began, time, open.actions));
    }
}
