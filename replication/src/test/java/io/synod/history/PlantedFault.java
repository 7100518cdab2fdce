package io.synod.history;

import io.synod.history.Level.Isolation;
import io.synod.history.Level.Order;
import io.synod.history.Transaction.Action;
import io.synod.history.Transaction.Append;
import io.synod.history.Transaction.Outcome;
import io.synod.history.Transaction.Read;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;

/** What a database may get wrong: each makes of a correct history one that its level surely forbids. */
enum PlantedFault {
    /** Committed, and missing in all reads though one began later. */
    LOST_APPEND(Isolation.SNAPSHOT, Order.REAL_TIME),
    /** Committed, and missing though another one that began later is there. */
    OVERTAKEN_APPEND(Isolation.READ_COMMITTED, Order.REAL_TIME),
    STALE_READ(Isolation.SNAPSHOT, Order.REAL_TIME),
    /** Two appends, in all reads, of transactions of which one ended before the other began. */
    SWAPPED_ORDER(Isolation.READ_COMMITTED, Order.REAL_TIME),
    /** In one read of two. */
    SWAPPED_IN_ONE_READ(Isolation.READ_COMMITTED, Order.NONE),
    /** One of two lists is read without what one transaction appended to both. */
    FRACTURED_READ(Isolation.SNAPSHOT, Order.NONE),
    ABORTED_READ(Isolation.READ_COMMITTED, Order.NONE),
    INTERMEDIATE_READ(Isolation.READ_COMMITTED, Order.NONE),
    APPLIED_TWICE(Isolation.READ_COMMITTED, Order.NONE),
    INVENTED(Isolation.READ_COMMITTED, Order.NONE),
    OWN_APPEND_MISSING(Isolation.READ_COMMITTED, Order.NONE);

    private final Isolation isolation;
    private final Order order;

    PlantedFault(Isolation isolation, Order order) {
        this.isolation = isolation;
        this.order = order;
    }

    boolean breaks(Level level) {
        return level.atLeast(isolation) && level.atLeast(order);
    }

    /** @return null where the history gives no occasion */
    List<Transaction> plant(List<Transaction> history, SplittableRandom random) {
        return new Planting(history, random).plant(this);
    }

    private record Written(Transaction by, String key, long value) {}

    private record Shown(Transaction to, Read read) {
        boolean has(Written written) {
            return read.key().equals(written.key) && read.values().contains(written.value);
        }
    }

    private static final class Planting {
        private final List<Transaction> history;
        private final SplittableRandom random;
        private final List<Written> writes = new ArrayList<>();
        private final Map<Long, Transaction> writers = new HashMap<>();
        private final List<Shown> reads = new ArrayList<>();

        Planting(List<Transaction> history, SplittableRandom random) {
            this.history = history;
            this.random = random;
            for (Transaction each : history) {
                if (each.outcome() == Outcome.COMMITTED) {
                    for (Action action : each.actions()) {
                        if (action instanceof Append append) {
                            writes.add(new Written(each, append.key(), append.value()));
                            writers.put(append.value(), each);
                        } else if (action instanceof Read read) {
                            reads.add(new Shown(each, read));
                        }
                    }
                }
            }
        }

        List<Transaction> plant(PlantedFault fault) {
            return switch (fault) {
                case LOST_APPEND ->
                    some(
                            (written, shown) -> written.key.equals(shown.read.key()) && before(written.by, shown.to),
                            (written, shown) -> inAllReads(written.key, values -> without(values, written.value)));
                case OVERTAKEN_APPEND ->
                    some(
                            (written, shown) -> shown.has(written) && overtakes(written, shown),
                            (written, shown) -> inAllReads(written.key, values -> without(values, written.value)));
                case STALE_READ ->
                    some(
                            (written, shown) -> shown.has(written) && before(written.by, shown.to) && ownless(shown),
                            (written, shown) -> inRead(shown, cut(shown, written)));
                case SWAPPED_ORDER ->
                    some(
                            (written, shown) -> shown.has(written) && before(written.by, next(written, shown)),
                            (written, shown) -> inAllReads(written.key, values -> swapped(values, written.value)));
                case SWAPPED_IN_ONE_READ ->
                    some(
                            (written, shown) -> shown.has(written) && next(written, shown) != null && shownTwice(shown),
                            (written, shown) -> inRead(shown, swapped(shown.read.values(), written.value)));
                case FRACTURED_READ ->
                    some(
                            (written, shown) -> shown.has(written) && ownless(shown) && readsOther(written, shown),
                            (written, shown) -> inReadsOf(shown, cut(shown, written)));
                case ABORTED_READ ->
                    some(
                            (written, shown) -> shown.has(written) && shown.to != written.by,
                            (written, shown) -> aborted(written.by));
                case INTERMEDIATE_READ ->
                    some(
                            (written, shown) ->
                                    shown.has(written) && ownless(shown) && next(written, shown) == written.by,
                            (written, shown) -> inRead(shown, upTo(shown, written)));
                case APPLIED_TWICE ->
                    some(
                            (written, shown) -> shown.has(written) && ownless(shown),
                            (written, shown) -> inRead(shown, plus(shown, written.value)));
                case INVENTED ->
                    some((written, shown) -> ownless(shown), (written, shown) -> inRead(shown, plus(shown, -1)));
                case OWN_APPEND_MISSING ->
                    some(
                            (written, shown) -> shown.has(written) && shown.to == written.by,
                            (written, shown) -> inRead(shown, without(shown.read.values(), written.value)));
            };
        }

        private List<Transaction> some(
                BiPredicate<Written, Shown> suits, BiFunction<Written, Shown, List<Transaction>> change) {
            int first = random.nextInt(Math.max(1, writes.size()));
            int firstRead = random.nextInt(Math.max(1, reads.size()));
            for (int i = 0; i < writes.size(); i++) {
                for (int j = 0; j < reads.size(); j++) {
                    Written written = writes.get((first + i) % writes.size());
                    Shown shown = reads.get((firstRead + j) % reads.size());
                    if (suits.test(written, shown)) {
                        return change.apply(written, shown);
                    }
                }
            }
            return null;
        }

        // ------------------------------------------------------------------ occasions

        private static boolean before(Transaction a, Transaction b) {
            return b != null && a.ended() < b.began();
        }

        /** It also shows a value of one that began when this one had ended. */
        private boolean overtakes(Written written, Shown shown) {
            return shown.read.values().stream().anyMatch(value -> before(written.by, writers.get(value)));
        }

        private static boolean ownless(Shown shown) {
            return shown.to.actions().stream()
                    .noneMatch(action ->
                            action instanceof Append append && append.key().equals(shown.read.key()));
        }

        /** Who appended what comes behind; null if that is nothing, or not known to be committed. */
        private Transaction next(Written written, Shown shown) {
            List<Long> values = shown.read.values();
            int next = values.indexOf(written.value) + 1;
            return next < values.size() ? writers.get(values.get(next)) : null;
        }

        private boolean shownTwice(Shown shown) {
            return reads.stream()
                    .anyMatch(other -> other.read != shown.read
                            && other.read.key().equals(shown.read.key())
                            && other.read.values().size() >= shown.read.values().size());
        }

        /** The same two transactions have another list in common. */
        private boolean readsOther(Written written, Shown shown) {
            return shown.to != written.by
                    && writes.stream()
                            .filter(other -> other.by == written.by && !other.key.equals(written.key))
                            .anyMatch(other -> reads.stream().anyMatch(r -> r.to == shown.to && r.has(other)));
        }

        // ------------------------------------------------------------------ other lists

        private static List<Long> without(List<Long> values, long value) {
            return values.stream().filter(each -> each != value).toList();
        }

        private static List<Long> swapped(List<Long> values, long value) {
            List<Long> swapped = new ArrayList<>(values);
            int at = values.indexOf(value);
            if (at >= 0 && at + 1 < values.size()) {
                swapped.set(at, values.get(at + 1));
                swapped.set(at + 1, value);
            }
            return swapped;
        }

        /** Without what this transaction appended, and all behind it. */
        private List<Long> cut(Shown shown, Written written) {
            return shown.read.values().stream()
                    .takeWhile(value -> writers.get(value) != written.by)
                    .toList();
        }

        private static List<Long> upTo(Shown shown, Written written) {
            List<Long> values = shown.read.values();
            return values.subList(0, values.indexOf(written.value) + 1);
        }

        private static List<Long> plus(Shown shown, long value) {
            List<Long> more = new ArrayList<>(shown.read.values());
            more.add(value);
            return more;
        }

        // ------------------------------------------------------------------ other histories

        private List<Transaction> inRead(Shown shown, List<Long> values) {
            return changed((transaction, read) -> read == shown.read ? values : read.values());
        }

        private List<Transaction> inReadsOf(Shown shown, List<Long> values) {
            return changed((transaction, read) ->
                    transaction == shown.to && read.key().equals(shown.read.key()) ? values : read.values());
        }

        private List<Transaction> inAllReads(String key, java.util.function.UnaryOperator<List<Long>> change) {
            return changed((transaction, read) -> read.key().equals(key) ? change.apply(read.values()) : read.values());
        }

        private List<Transaction> changed(BiFunction<Transaction, Read, List<Long>> values) {
            List<Transaction> changed = new ArrayList<>();
            for (Transaction each : history) {
                List<Action> actions = new ArrayList<>();
                for (Action action : each.actions()) {
                    actions.add(action instanceof Read read ? new Read(read.key(), values.apply(each, read)) : action);
                }
                changed.add(with(each, each.outcome(), actions));
            }
            return changed;
        }

        private List<Transaction> aborted(Transaction which) {
            return history.stream()
                    .map(each -> each == which ? with(each, Outcome.ABORTED, each.actions()) : each)
                    .toList();
        }

        private static Transaction with(Transaction of, Outcome outcome, List<Action> actions) {
            return new Transaction(of.id(), of.process(), outcome, of.began(), of.ended(), actions);
        }
    }
}
