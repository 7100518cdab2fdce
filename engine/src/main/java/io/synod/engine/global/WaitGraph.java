package io.synod.engine.global;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which transaction waits for which, over several databases, and whom to end where they wait in a ring. A value: no clock, no
 * I/O.
 *
 * <p>Each leader tells the waits in its database, between <em>branches</em>, as it knows its sessions; each node tells which
 * branches its clients' transactions over several databases have. A branch that no such transaction has is a transaction of one
 * database, and may be part of a ring as well, but is not ended.
 *
 * <p>A transaction may wait for several (a table that many have locked) and has a set of waits for each database: to keep the last
 * one only would lose rings. A ring inside of one database is left to H2.
 *
 * <p>Only waits count that are still there when asked again (Chandy, Misra, Haas, Distributed Deadlock Detection, 1983). The number of
 * a wait names the statement that waits and the transaction that it waits for. A transaction gives up locks at its end, or in
 * another statement (ROLLBACK TO SAVEPOINT); so where all waits of a ring are in two collections, none was over in between, and nobody
 * in it will ever get on. The exception is what H2 takes back of a statement that it repeats, for a moment: then one is ended who
 * need not have been, and is told to try again.
 */
public final class WaitGraph {
    /**
     * A branch waits for a lock that another one has.
     *
     * @param slot of the node that leads the database, and says so
     * @param number of this wait: the same branches get another one when they wait again
     * @param endable whether the branch can be taken out of it
     */
    public record Wait(int slot, String database, String waiter, String blocker, long number, boolean endable) {}

    /**
     * A transaction that may have branches in several databases.
     *
     * @param id no two have the same, at any time
     * @param since milliseconds, by the clock of its node: only to say which is the youngest
     */
    public record Whole(String id, long since, Set<String> branches) {
        private static final Comparator<Whole> BY_AGE =
                Comparator.comparingLong(Whole::since).thenComparing(Whole::id);
    }

    /**
     * What is to be ended.
     *
     * @param waiting of its branch
     * @param databases over which the ring goes
     */
    record Victim(Whole whole, Wait waiting, Set<String> databases) {}

    /** Between transactions: ids of whole ones, branches of others. */
    private record Edge(String waiter, String blocker, Wait waiting) {
        private static final Comparator<Edge> ORDER = Comparator.comparing(Edge::waiter)
                .thenComparing(Edge::blocker)
                .thenComparing(edge -> edge.waiting.database())
                .thenComparing(edge -> edge.waiting.waiter())
                .thenComparing(edge -> edge.waiting.number());
    }

    private final Map<String, Whole> wholes;
    /** In one order on all nodes, so that they find the same. */
    private final List<Edge> edges;

    private WaitGraph(Map<String, Whole> wholes, List<Edge> edges) {
        this.wholes = wholes;
        this.edges = edges;
    }

    static WaitGraph of(Collection<Wait> waits, Collection<Whole> wholes) {
        Map<String, Whole> byId = new HashMap<>();
        Map<String, String> owners = new HashMap<>();
        for (Whole whole : wholes) {
            byId.put(whole.id(), whole);
            whole.branches().forEach(branch -> owners.put(branch, whole.id()));
        }
        List<Edge> edges = new ArrayList<>();
        for (Wait wait : waits) {
            String waiter = owners.getOrDefault(wait.waiter(), wait.waiter());
            String blocker = owners.getOrDefault(wait.blocker(), wait.blocker());
            if (!waiter.equals(blocker)) {
                edges.add(new Edge(waiter, blocker, wait));
            }
        }
        edges.sort(Edge.ORDER);
        return new WaitGraph(byId, edges);
    }

    /** The waits that a later collection has, too. */
    WaitGraph stillIn(WaitGraph later) {
        Set<Edge> there = new HashSet<>(later.edges);
        return new WaitGraph(
                later.wholes, edges.stream().filter(there::contains).toList());
    }

    /**
     * Whom to end so that no ring over several databases is left: the youngest of each ring, among those that can be. Nobody is chosen
     * for a ring that is open already without one who was chosen before.
     */
    List<Victim> victims() {
        List<Victim> victims = new ArrayList<>();
        List<Edge> left = new ArrayList<>(edges);
        for (Victim victim = next(left); victim != null; victim = next(left)) {
            victims.add(victim);
            String id = victim.whole().id();
            left.removeIf(edge -> edge.waiter().equals(id) || edge.blocker().equals(id));
        }
        return victims;
    }

    private Victim next(List<Edge> left) {
        Map<String, List<Edge>> waitsOf = new HashMap<>();
        left.forEach(edge ->
                waitsOf.computeIfAbsent(edge.waiter(), w -> new ArrayList<>()).add(edge));
        for (Edge in : left) {
            // Each ring over several databases goes on in another one somewhere.
            for (Edge out : waitsOf.getOrDefault(in.blocker(), List.of())) {
                if (!in.waiting().database().equals(out.waiting().database())) {
                    List<Edge> ring = ring(in, out, waitsOf);
                    Victim victim = ring == null ? null : youngest(ring);
                    if (victim != null) {
                        return victim;
                    }
                }
            }
        }
        return null;
    }

    /** @return the shortest ring that begins with these; {@code null} for none */
    private static List<Edge> ring(Edge in, Edge out, Map<String, List<Edge>> waitsOf) {
        Map<String, Edge> cameBy = new HashMap<>();
        Deque<String> reached = new ArrayDeque<>();
        cameBy.put(in.blocker(), in);
        cameBy.put(out.blocker(), out);
        reached.add(out.blocker());
        while (!reached.isEmpty()) {
            String at = reached.poll();
            if (at.equals(in.waiter())) {
                return backFrom(in, cameBy);
            }
            for (Edge edge : waitsOf.getOrDefault(at, List.of())) {
                if (cameBy.putIfAbsent(edge.blocker(), edge) == null) {
                    reached.add(edge.blocker());
                }
            }
        }
        return null;
    }

    private static List<Edge> backFrom(Edge in, Map<String, Edge> cameBy) {
        List<Edge> ring = new ArrayList<>(List.of(in));
        for (String at = in.waiter();
                !at.equals(in.blocker());
                at = ring.get(ring.size() - 1).waiter()) {
            ring.add(cameBy.get(at));
        }
        return ring;
    }

    private Victim youngest(List<Edge> ring) {
        Set<String> databases = new TreeSet<>();
        ring.forEach(edge -> databases.add(edge.waiting().database()));
        Victim youngest = null;
        for (Edge edge : ring) {
            Whole whole = wholes.get(edge.waiter());
            boolean candidate = whole != null && edge.waiting().endable();
            if (candidate && (youngest == null || Whole.BY_AGE.compare(whole, youngest.whole()) > 0)) {
                youngest = new Victim(whole, edge.waiting(), databases);
            }
        }
        return youngest;
    }
}
