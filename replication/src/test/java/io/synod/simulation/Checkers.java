package io.synod.simulation;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.paxos.Message;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** All that watch a cluster. Most look at few kinds of events, and some kinds come with every step: each is told only to those that look at it. */
final class Checkers implements Checker {
    private static final Checker[] NOBODY = {};

    private enum Event {
        APPENDING,
        REBASING,
        INSTALLED,
        COMMITTED,
        APPLIED,
        LED,
        SENT,
        FORCED,
        RESTARTED,
        PROPOSED,
        ACKNOWLEDGED,
        READ,
        LEASEUSED,
        REMOVED,
        STEPPED,
        SETTLED
    }

    private static final ClassValue<Set<Event>> LOOKED_AT = new ClassValue<>() {
        @Override
        protected Set<Event> computeValue(Class<?> checker) {
            return lookedAtBy(checker);
        }
    };

    private final Map<Event, Checker[]> watching = new EnumMap<>(Event.class);
    // Those that come with every step.
    private Checker[] stepped = NOBODY;
    private Checker[] sent = NOBODY;
    private Checker[] appending = NOBODY;
    private Checker[] applied = NOBODY;

    Checkers(List<Checker> first) {
        first.forEach(this::add);
    }

    void add(Checker checker) {
        for (Event event : LOOKED_AT.get(checker.getClass())) {
            Checker[] before = of(event);
            Checker[] now = Arrays.copyOf(before, before.length + 1);
            now[before.length] = checker;
            watching.put(event, now);
        }
        stepped = of(Event.STEPPED);
        sent = of(Event.SENT);
        appending = of(Event.APPENDING);
        applied = of(Event.APPLIED);
    }

    private static Set<Event> lookedAtBy(Class<?> checker) {
        Set<Event> events = EnumSet.noneOf(Event.class);
        for (Method event : Checker.class.getDeclaredMethods()) {
            try {
                if (event.isDefault()
                        && checker.getMethod(event.getName(), event.getParameterTypes())
                                        .getDeclaringClass()
                                != Checker.class) {
                    events.add(Event.valueOf(event.getName().toUpperCase(Locale.ROOT)));
                }
            } catch (NoSuchMethodException e) {
                throw new AssertionError(e);
            }
        }
        return events;
    }

    private Checker[] of(Event event) {
        return watching.getOrDefault(event, NOBODY);
    }

    @Override
    public void appending(SimulatedNode node, Entry entry) {
        for (Checker checker : appending) {
            checker.appending(node, entry);
        }
    }

    @Override
    public void rebasing(SimulatedNode node, Base base, boolean voids) {
        for (Checker checker : of(Event.REBASING)) {
            checker.rebasing(node, base, voids);
        }
    }

    @Override
    public void installed(SimulatedNode node) {
        for (Checker checker : of(Event.INSTALLED)) {
            checker.installed(node);
        }
    }

    @Override
    public void committed(SimulatedNode node, long from, long to) {
        for (Checker checker : of(Event.COMMITTED)) {
            checker.committed(node, from, to);
        }
    }

    @Override
    public void applied(SimulatedNode node, Entry entry) {
        for (Checker checker : applied) {
            checker.applied(node, entry);
        }
    }

    @Override
    public void led(SimulatedNode node, long epoch) {
        for (Checker checker : of(Event.LED)) {
            checker.led(node, epoch);
        }
    }

    @Override
    public void sent(SimulatedNode node, Message message) {
        for (Checker checker : sent) {
            checker.sent(node, message);
        }
    }

    @Override
    public void forced(SimulatedNode node) {
        for (Checker checker : of(Event.FORCED)) {
            checker.forced(node);
        }
    }

    @Override
    public void restarted(SimulatedNode node) {
        for (Checker checker : of(Event.RESTARTED)) {
            checker.restarted(node);
        }
    }

    @Override
    public void proposed(SimulatedNode node, Entry entry) {
        for (Checker checker : of(Event.PROPOSED)) {
            checker.proposed(node, entry);
        }
    }

    @Override
    public void acknowledged(SimulatedNode node, Entry entry) {
        for (Checker checker : of(Event.ACKNOWLEDGED)) {
            checker.acknowledged(node, entry);
        }
    }

    @Override
    public void read(SimulatedNode node, Start started, long appliedIndex) {
        for (Checker checker : of(Event.READ)) {
            checker.read(node, started, appliedIndex);
        }
    }

    @Override
    public void leaseUsed(SimulatedNode node, long epoch) {
        for (Checker checker : of(Event.LEASEUSED)) {
            checker.leaseUsed(node, epoch);
        }
    }

    @Override
    public void removed(SimulatedNode node) {
        for (Checker checker : of(Event.REMOVED)) {
            checker.removed(node);
        }
    }

    @Override
    public void stepped(SimulatedNode node) {
        for (Checker checker : stepped) {
            checker.stepped(node);
        }
    }

    @Override
    public void settled(Cluster cluster) {
        for (Checker checker : of(Event.SETTLED)) {
            checker.settled(cluster);
        }
    }
}
