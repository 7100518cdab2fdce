package io.synod.history;

import io.synod.history.Anomaly.Kind;
import io.synod.history.Transaction.Action;
import io.synod.history.Transaction.Append;
import io.synod.history.Transaction.Outcome;
import io.synod.history.Transaction.Read;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the reads of a history tell of each list: the order of its versions, which is the longest read (Elle, section 4.3.2),
 * and the faults that show without a cycle.
 */
final class Versions {
    /** Of one kind; more do not make a report any better. */
    static final int ANOMALIES_MAX = 10;

    /** All that is known of one list. */
    static final class Key {
        final String name;
        final Map<Long, Transaction> writers = new LinkedHashMap<>();
        /** Values behind which their own transaction has appended another one. */
        private final Set<Long> intermediate = new HashSet<>();

        private boolean unknownWriters;
        private List<Long> longest = List.of();
        private Transaction longestBy;
        final List<Long> order = new ArrayList<>();
        final Map<Long, Integer> places = new HashMap<>();
        /** The first so many values of the order have no writer who aborted. */
        private int firstAborted = Integer.MAX_VALUE;

        Key(String name) {
            this.name = name;
        }
    }

    private final Map<String, Key> keys = new LinkedHashMap<>();
    private final Map<Integer, Transaction> happened = new LinkedHashMap<>();
    private final Map<Kind, List<Anomaly>> anomalies = new EnumMap<>(Kind.class);

    Versions(Collection<Transaction> history) {
        Set<Integer> ids = new HashSet<>();
        for (Transaction each : history) {
            if (!ids.add(each.id())) {
                throw new IllegalArgumentException("two transactions are " + each.name());
            }
            noteAppends(each);
        }
        findHappened(history);
        happened.values().forEach(this::noteLongest);
        keys.values().forEach(this::findOrder);
        happened.values().forEach(this::judgeReads);
    }

    Collection<Key> keys() {
        return keys.values();
    }

    Key key(String name) {
        return keys.computeIfAbsent(name, Key::new);
    }

    /** What is committed, or shown by something that is. */
    Collection<Transaction> happened() {
        return happened.values();
    }

    /** Those without a cycle. */
    List<Anomaly> anomalies() {
        return anomalies.values().stream().flatMap(List::stream).toList();
    }

    /** Whether it says something of the order of versions. */
    boolean isPrefix(Read read) {
        List<Long> order = key(read.key()).longest;
        return read.values().size() <= order.size()
                && read.values().equals(order.subList(0, read.values().size()));
    }

    private void found(Kind kind, String reason, Transaction... who) {
        List<Anomaly> all = anomalies.computeIfAbsent(kind, k -> new ArrayList<>());
        if (all.size() < ANOMALIES_MAX) {
            all.add(new Anomaly(kind, List.of(who), reason));
        }
    }

    // ------------------------------------------------------------------ who wrote, and who is committed

    private void noteAppends(Transaction transaction) {
        Map<String, Long> last = new HashMap<>();
        for (Action action : transaction.actions()) {
            if (action instanceof Append append) {
                Key key = key(append.key());
                Transaction other = key.writers.putIfAbsent(append.value(), transaction);
                if (other != null) {
                    throw new IllegalArgumentException("values must be appended once: " + append + " in " + other.name()
                            + " and " + transaction.name());
                }
                key.unknownWriters |= transaction.outcome() == Outcome.UNKNOWN;
                Long before = last.put(append.key(), append.value());
                if (before != null) {
                    key.intermediate.add(before);
                }
            }
        }
    }

    private void findHappened(Collection<Transaction> history) {
        Deque<Transaction> todo = new ArrayDeque<>();
        for (Transaction each : history) {
            if (each.outcome() == Outcome.COMMITTED) {
                happened.put(each.id(), each);
                todo.add(each);
            }
        }
        while (!todo.isEmpty()) {
            for (Action action : todo.poll().actions()) {
                if (action instanceof Read read && key(read.key()).unknownWriters) {
                    for (Long value : read.values()) {
                        Transaction writer = key(read.key()).writers.get(value);
                        if (writer != null
                                && writer.outcome() == Outcome.UNKNOWN
                                && happened.putIfAbsent(writer.id(), writer) == null) {
                            todo.add(writer);
                        }
                    }
                }
            }
        }
    }

    // ------------------------------------------------------------------ order

    private void noteLongest(Transaction transaction) {
        for (Action action : transaction.actions()) {
            if (action instanceof Read read) {
                Key key = key(read.key());
                if (read.values().size() > key.longest.size()) {
                    key.longest = read.values();
                    key.longestBy = transaction;
                }
            }
        }
    }

    private void findOrder(Key key) {
        for (Long value : new LinkedHashSet<>(key.longest)) {
            key.places.put(value, key.order.size());
            key.order.add(value);
            Transaction writer = key.writers.get(value);
            if (writer == null) {
                found(Kind.INVENTED, value + " in " + key.name + " was appended by nobody", key.longestBy);
            } else if (writer.outcome() == Outcome.ABORTED) {
                key.firstAborted = Math.min(key.firstAborted, key.order.size() - 1);
            }
        }
        if (key.order.size() < key.longest.size()) {
            found(Kind.DUPLICATE, key.name + " has a value twice: " + key.longest, key.longestBy);
        }
    }

    // ------------------------------------------------------------------ reads

    private void judgeReads(Transaction transaction) {
        Map<String, List<Long>> own = new HashMap<>();
        Map<String, Integer> shown = new HashMap<>();
        for (Action action : transaction.actions()) {
            if (action instanceof Append append) {
                Map<Long, Integer> places = key(append.key()).places;
                Integer place = places.get(append.value());
                List<Long> mine = own.computeIfAbsent(append.key(), k -> new ArrayList<>());
                if (place != null && place < shown.getOrDefault(append.key(), 0)) {
                    found(Kind.INTERNAL, "reads its own before it does: " + append, transaction);
                }
                Integer before = mine.isEmpty() ? place : places.get(mine.get(mine.size() - 1));
                if (place != null && (before == null || before > place)) {
                    found(Kind.INTERNAL, append + " is there, and not behind " + mine + " of its own", transaction);
                }
                mine.add(append.value());
            } else if (action instanceof Read read) {
                List<Long> values = read.values();
                List<Long> mine = own.getOrDefault(read.key(), List.of());
                int others = values.size() - mine.size();
                if (others < 0 || !values.subList(others, values.size()).equals(mine)) {
                    found(Kind.INTERNAL, "does not " + read + " with " + mine + " of its own at the end", transaction);
                }
                judge(transaction, read);
                if (isPrefix(read)) {
                    shown.merge(read.key(), values.size(), Math::max);
                }
            }
        }
    }

    private void judge(Transaction transaction, Read read) {
        Key key = key(read.key());
        List<Long> values = read.values();
        boolean prefix = isPrefix(read);
        if (!prefix) {
            boolean twice = new HashSet<>(values).size() < values.size();
            found(
                    twice ? Kind.DUPLICATE : Kind.INCOMPATIBLE_ORDER,
                    read
                            + (twice
                                    ? " has a value twice"
                                    : " is not the beginning of " + key.longest + ", read by " + key.longestBy.name()),
                    transaction,
                    key.longestBy);
        }
        if (!prefix || values.size() > key.firstAborted) {
            for (Long value : values) {
                Transaction writer = key.writers.get(value);
                if (writer == null && !prefix) {
                    found(Kind.INVENTED, value + " in " + key.name + " was appended by nobody", transaction);
                } else if (writer != null && writer.outcome() == Outcome.ABORTED) {
                    found(Kind.G1A, read + ", of which " + value + " was aborted", transaction, writer);
                }
            }
        }
        Long last = values.isEmpty() ? null : values.get(values.size() - 1);
        if (last != null && key.intermediate.contains(last) && key.writers.get(last) != transaction) {
            Transaction writer = key.writers.get(last);
            found(Kind.G1B, read + ", behind which " + writer.name() + " appended more", transaction, writer);
        }
    }
}
