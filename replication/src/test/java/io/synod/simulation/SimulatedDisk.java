package io.synod.simulation;

import io.synod.group.Entry;
import io.synod.group.Recovered;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A member's log: physical records, of which those that were forced survive a crash, and of the others a prefix. Its
 * content is the fold of the records.
 */
final class SimulatedDisk {
    /** An entry, or a promise where {@code entry} is null. */
    private record Written(Entry entry, long promise) {}

    private final Mutant mutant;
    private final List<Written> records = new ArrayList<>();
    private int forced;

    private final List<Entry> content = new ArrayList<>();
    /** For each entry of the content, the number of records up to and including its own. */
    private final List<Integer> position = new ArrayList<>();

    SimulatedDisk(Mutant mutant) {
        this.mutant = mutant;
    }

    void append(Entry entry) {
        records.add(new Written(entry, 0));
        fold(entry, records.size());
    }

    void promise(long epoch) {
        if (mutant != Mutant.FORGET_TO_FORCE_PROMISE) {
            records.add(new Written(null, epoch));
        }
    }

    private void fold(Entry entry, int at) {
        while (content.size() >= entry.index()) {
            content.remove(content.size() - 1);
            position.remove(position.size() - 1);
        }
        content.add(entry);
        position.add(at);
    }

    int written() {
        return records.size();
    }

    void forcedTo(int count) {
        forced = Math.max(forced, count);
    }

    long last() {
        return content.size();
    }

    Entry entry(long index) {
        return index < 1 || index > content.size() ? null : content.get((int) index - 1);
    }

    boolean isForced(long index) {
        return index == 0 || index <= content.size() && position.get((int) index - 1) <= forced;
    }

    List<Entry> read(long from, long to) {
        return List.copyOf(content.subList((int) from - 1, (int) to));
    }

    /** Loses what was not forced, but for a random prefix of it. */
    void crash(RandomGenerator random) {
        int unforced = records.size() - forced;
        int kept = forced + (unforced == 0 ? 0 : random.nextInt(unforced + 1));
        records.subList(kept, records.size()).clear();
        forced = records.size();
        content.clear();
        position.clear();
        if (mutant == Mutant.LAST_RECORD_PER_INDEX) {
            foldByIndex();
            return;
        }
        for (int i = 0; i < records.size(); i++) {
            if (records.get(i).entry != null) {
                fold(records.get(i).entry, i + 1);
            }
        }
    }

    private void foldByIndex() {
        for (int i = 0; i < records.size(); i++) {
            Entry entry = records.get(i).entry;
            if (entry != null && entry.index() <= content.size()) {
                content.set((int) entry.index() - 1, entry);
                position.set((int) entry.index() - 1, i + 1);
            } else if (entry != null) {
                content.add(entry);
                position.add(i + 1);
            }
        }
    }

    Recovered recovered() {
        long promised = 0;
        for (Written record : records) {
            promised = Math.max(promised, record.entry == null ? record.promise : record.entry.epoch());
        }
        List<Recovered.Term> terms = new ArrayList<>();
        long epoch = 0;
        for (Entry entry : content) {
            // The sabotaged fold is not ascending; hide that from the state, which would refuse to start.
            if (entry.epoch() > epoch) {
                epoch = entry.epoch();
                terms.add(new Recovered.Term(epoch, entry.index()));
            }
        }
        return new Recovered(promised, terms, content.size());
    }
}
