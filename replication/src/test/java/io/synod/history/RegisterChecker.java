package io.synod.history;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Linearizability of registers: is there one order of all operations that explains every answer and in which what returned
 * before another was invoked comes before it?
 *
 * <p>The search is Wing and Gong's ("Testing and verifying concurrent objects", 1993, section 4) with the cuts of Lowe
 * ("Testing for linearizability", 2017): each key by itself (section 6), no pair of placed operations and state twice (section 4), and
 * operations are placed just in time, when one of them returns (section 5). That lets the search go through the history
 * once, with all states that are still possible, so that the first return that none of them allows ends the shortest prefix that is
 * not linearizable. Three more cuts are of registers: what changes nothing is placed as soon as it fits; a write of a value that
 * nobody shows is placed right before the next write, or when it must be; and where its outcome is unknown as well it is left out, as
 * it has happened for sure when somebody shows it.
 *
 * <p>Still exponential in the number of operations that overlap, hence the bound.
 */
public final class RegisterChecker {
    /** Enough for a thousand operations of a dozen clients on a key, and a matter of seconds. */
    public static final long USUAL_STEPS = 5_000_000;

    /** No verdict: the history overlaps too much. */
    public static final class TooManySteps extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooManySteps(String key, long steps, RegisterOperation at, int open) {
            super("gave up on register " + key + " after " + steps + " steps, at " + at + " while " + open
                    + " operations overlap; check with more steps, or record histories with less");
        }
    }

    /**
     * A history that is not linearizable.
     *
     * @param operation has no place; its return ends the shortest prefix without an explanation
     * @param possible what the register can have held at any time of it
     * @param meanwhile what overlaps with it
     */
    public record Fault(RegisterOperation operation, Set<Long> possible, List<RegisterOperation> meanwhile) {
        @Override
        public String toString() {
            return "register " + operation.key() + " is not linearizable: no place for " + operation
                    + ", meanwhile it held one of " + possible + "; overlaps with " + meanwhile;
        }
    }

    /** What is placed of the operations that have not returned, by their slots, and what the register holds then. */
    private record Placement(BitSet placed, long state) {
        Placement with(int slot, long next) {
            BitSet more = (BitSet) placed.clone();
            more.set(slot);
            return new Placement(more, next);
        }

        Placement without(int slot) {
            BitSet less = (BitSet) placed.clone();
            less.clear(slot);
            return new Placement(less, state);
        }
    }

    private final String key;
    private final long stepsMax;
    private long steps;
    private final List<RegisterOperation> open = new ArrayList<>();
    /** Slots of writes whose value nobody shows, and nobody misses. */
    private final BitSet unnoticed = new BitSet();

    private final Map<Long, Long> shownAt = new HashMap<>();
    private boolean refusals;
    private Set<Placement> placements = new LinkedHashSet<>();

    private RegisterChecker(String key, long stepsMax) {
        this.key = key;
        this.stepsMax = stepsMax;
        placements.add(new Placement(new BitSet(), 0));
    }

    /** @see #check(Collection, long) */
    public static List<Fault> check(Collection<RegisterOperation> history) {
        return check(history, USUAL_STEPS);
    }

    /**
     * @return one for each register that is not linearizable
     * @throws TooManySteps when so many steps for one register do not suffice
     */
    public static List<Fault> check(Collection<RegisterOperation> history, long stepsMax) {
        Map<String, List<RegisterOperation>> byKey = new TreeMap<>();
        for (RegisterOperation operation : history) {
            byKey.computeIfAbsent(operation.key(), k -> new ArrayList<>()).add(operation);
        }
        List<Fault> faults = new ArrayList<>();
        byKey.forEach((key, operations) -> {
            Fault fault = new RegisterChecker(key, stepsMax).run(operations);
            if (fault != null) {
                faults.add(fault);
            }
        });
        return faults;
    }

    /**
     * Without the operations of unknown outcome that nobody could notice. Of a value that only one operation writes, that one
     * must have happened before the first operation ended that shows it.
     */
    private List<RegisterOperation> settled(List<RegisterOperation> operations) {
        Map<Long, Integer> writers = new HashMap<>();
        for (RegisterOperation each : operations) {
            if (each.changes()) {
                writers.merge(each.value(), 1, Integer::sum);
            }
            switch (each.kind()) {
                case READ -> shownAt.merge(each.value(), each.returned(), Math::min);
                case SWAP -> shownAt.merge(each.expected(), each.returned(), Math::min);
                case REFUSED_SWAP -> refusals |= each.known();
                default -> {}
            }
        }
        List<RegisterOperation> settled = new ArrayList<>();
        for (RegisterOperation each : operations) {
            Long shown = shownAt.get(each.value());
            if (each.known()) {
                settled.add(each);
            } else if (each.changes() && (shown != null || refusals)) {
                boolean surely =
                        shown != null && shown >= each.invoked() && each.value() != 0 && writers.get(each.value()) == 1;
                settled.add(surely ? each.returnedAt(shown) : each);
            }
        }
        return settled;
    }

    private record Event(long time, boolean returns, RegisterOperation operation) {}

    private Fault run(List<RegisterOperation> operations) {
        List<Event> events = new ArrayList<>();
        for (RegisterOperation each : settled(operations)) {
            events.add(new Event(each.invoked(), false, each));
            if (each.known()) {
                events.add(new Event(each.returned(), true, each));
            }
        }
        // Of what happens at once, operations begin first: then they overlap.
        events.sort(Comparator.comparingLong(Event::time).thenComparing(Event::returns));
        for (Event event : events) {
            if (!event.returns) {
                invoke(event.operation);
            } else {
                Fault fault = returns(event.operation);
                if (fault != null) {
                    return fault;
                }
            }
        }
        return null;
    }

    private void invoke(RegisterOperation operation) {
        int slot = open.indexOf(null);
        if (slot < 0) {
            slot = open.size();
            open.add(null);
        }
        open.set(slot, operation);
        boolean write = operation.kind() == RegisterOperation.Kind.WRITE;
        unnoticed.set(slot, write && !refusals && !shownAt.containsKey(operation.value()));
        if (!operation.changes()) {
            Set<Placement> next = new LinkedHashSet<>();
            for (Placement each : placements) {
                step(operation);
                next.add(operation.possibleAt(each.state) ? each.with(slot, each.state) : each);
            }
            placements = next;
        }
    }

    private Fault returns(RegisterOperation operation) {
        int slot = slotOf(operation);
        Set<Placement> next = new LinkedHashSet<>();
        Set<Placement> seen = new LinkedHashSet<>(placements);
        Deque<Placement> todo = new ArrayDeque<>(placements);
        while (!todo.isEmpty()) {
            Placement at = todo.poll();
            step(operation);
            if (at.placed.get(slot)) {
                next.add(at.without(slot));
                continue;
            }
            for (int i = 0; i < open.size(); i++) {
                if (mayBeNext(i, at) && (i == slot || !unnoticed.get(i))) {
                    step(operation);
                    Placement more = placed(at, i);
                    if (seen.add(more)) {
                        todo.add(more);
                    }
                }
            }
        }
        if (next.isEmpty()) {
            Set<Long> possible = new TreeSet<>();
            seen.forEach(each -> possible.add(each.state));
            unnoticed.stream().forEach(i -> possible.add(open.get(i).value()));
            return new Fault(operation, possible, overlapping(operation));
        }
        placements = next;
        open.set(slot, null);
        unnoticed.clear(slot);
        return null;
    }

    private void step(RegisterOperation at) {
        if (++steps > stepsMax) {
            throw new TooManySteps(key, stepsMax, at, overlapping(at).size());
        }
    }

    private boolean mayBeNext(int slot, Placement at) {
        RegisterOperation change = open.get(slot);
        return change != null && change.changes() && !at.placed.get(slot) && change.possibleAt(at.state);
    }

    /** With all that loses nothing by being early: what a write overwrites at once, and what changes nothing and fits. */
    private Placement placed(Placement at, int slot) {
        Placement next = at.with(slot, open.get(slot).value());
        if (open.get(slot).kind() == RegisterOperation.Kind.WRITE) {
            next.placed.or(unnoticed);
        }
        for (int i = 0; i < open.size(); i++) {
            RegisterOperation each = open.get(i);
            if (each != null && !each.changes() && each.possibleAt(next.state)) {
                next.placed.set(i);
            }
        }
        return next;
    }

    private int slotOf(RegisterOperation operation) {
        for (int i = 0; i < open.size(); i++) {
            if (open.get(i) == operation) {
                return i;
            }
        }
        throw new IllegalStateException(operation + " returns without having been invoked");
    }

    private List<RegisterOperation> overlapping(RegisterOperation operation) {
        return open.stream().filter(each -> each != null && each != operation).toList();
    }
}
