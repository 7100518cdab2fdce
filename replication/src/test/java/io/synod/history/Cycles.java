package io.synod.history;

import io.synod.history.Dependencies.Edge;
import io.synod.history.Dependencies.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Cycles of some kinds of edges: strongly connected components (Tarjan, "Depth-first search and linear graph algorithms",
 * 1972), and in each the shortest cycle, by a breadth-first search from each of its nodes, as Elle does (section 6).
 *
 * <p>That cycles have no two anti-dependencies in a row is a matter of where one is <em>and</em> how one came there, so a state is
 * both: twice the node, plus one behind an anti-dependency where these must not follow each other.
 */
final class Cycles {
    /** After so many edges of one component the shortest cycle until then must do. */
    private static final long SEARCH_MAX = 1_000_000;

    private static final int NONE = -1;

    private final Dependencies graph;
    private final Set<Kind> kinds;
    private final boolean adjacent;

    private final int[] component;
    private final int[] distance;
    private final Edge[] cameBy;
    private final int[] cameFrom;
    private final List<Integer> touched = new ArrayList<>();

    /** @param adjacent whether anti-dependencies may follow each other */
    Cycles(Dependencies graph, Set<Kind> kinds, boolean adjacent) {
        this.graph = graph;
        this.kinds = kinds;
        this.adjacent = adjacent;
        int states = 2 * graph.size();
        component = new int[states];
        distance = new int[states];
        cameBy = new Edge[states];
        cameFrom = new int[states];
        Arrays.fill(component, NONE);
        Arrays.fill(distance, NONE);
    }

    /**
     * At most so many, each of another component.
     *
     * @param wanted components of other transactions are left out
     */
    List<List<Edge>> find(int most, Predicate<Transaction> wanted) {
        List<List<Edge>> cycles = new ArrayList<>();
        for (List<Integer> states : components()) {
            if (cycles.size() == most) {
                break;
            }
            if (states.stream().allMatch(s -> !graph.isTransaction(s / 2) || wanted.test(graph.transaction(s / 2)))) {
                cycles.add(shortest(states));
            }
        }
        return cycles;
    }

    /** Where this edge leads from there, or {@link #NONE}. */
    private int next(int state, Edge edge) {
        int behindRw = state & 1;
        if (edge.kind() == Kind.VIA) {
            return 2 * edge.to() + behindRw;
        }
        if (!kinds.contains(edge.kind()) || edge.kind() == Kind.RW && behindRw == 1) {
            return NONE;
        }
        return 2 * edge.to() + (edge.kind() == Kind.RW && !adjacent ? 1 : 0);
    }

    // ------------------------------------------------------------------ components

    /** Those of more than one state; a state has no edge to itself. */
    private List<List<Integer>> components() {
        int states = 2 * graph.size();
        int[] number = new int[states];
        int[] low = new int[states];
        int[] taken = new int[states];
        int[] stack = new int[states];
        int[] path = new int[states];
        int stacked = 0;
        int visited = 0;
        List<List<Integer>> found = new ArrayList<>();
        for (int root = 0; root < states; root += 2) {
            if (number[root] != 0) {
                continue;
            }
            int depth = 0;
            path[0] = root;
            number[root] = ++visited;
            low[root] = visited;
            stack[stacked++] = root;
            while (depth >= 0) {
                int at = path[depth];
                List<Edge> edges = graph.from(at / 2);
                if (taken[at] < edges.size()) {
                    int to = next(at, edges.get(taken[at]++));
                    if (to != NONE && number[to] == 0) {
                        number[to] = ++visited;
                        low[to] = visited;
                        stack[stacked++] = to;
                        path[++depth] = to;
                    } else if (to != NONE && component[to] == NONE) {
                        low[at] = Math.min(low[at], number[to]);
                    }
                    continue;
                }
                if (--depth >= 0) {
                    low[path[depth]] = Math.min(low[path[depth]], low[at]);
                }
                if (low[at] == number[at]) {
                    int top = stacked;
                    int state;
                    do {
                        state = stack[--stacked];
                        component[state] = at;
                    } while (state != at);
                    if (top - stacked > 1) {
                        List<Integer> members = new ArrayList<>();
                        for (int i = stacked; i < top; i++) {
                            members.add(stack[i]);
                        }
                        found.add(members);
                    }
                }
            }
        }
        return found;
    }

    // ------------------------------------------------------------------ shortest cycle

    private List<Edge> shortest(List<Integer> states) {
        List<Edge> best = null;
        long[] edgesLeft = {SEARCH_MAX};
        int longest = Integer.MAX_VALUE;
        for (int start : states) {
            if (!graph.isTransaction(start / 2) || best != null && edgesLeft[0] < 0) {
                continue;
            }
            List<Edge> cycle = from(start, longest, edgesLeft);
            if (cycle != null) {
                best = cycle;
                longest = length(cycle) - 1;
            }
        }
        return best;
    }

    private int length(List<Edge> cycle) {
        return (int) cycle.stream().filter(edge -> edge.kind() != Kind.VIA).count();
    }

    /** Breadth first; steps away from nodes in between do not count. */
    private List<Edge> from(int start, int longest, long[] edgesLeft) {
        Deque<Integer> todo = new ArrayDeque<>();
        todo.add(start);
        distance[start] = 0;
        touched.add(start);
        List<Edge> cycle = null;
        while (!todo.isEmpty() && cycle == null) {
            int at = todo.poll();
            for (Edge edge : graph.from(at / 2)) {
                edgesLeft[0]--;
                int to = next(at, edge);
                int far = distance[at] + (edge.kind() == Kind.VIA ? 0 : 1);
                if (to == NONE || component[to] != component[start] || far > longest) {
                    continue;
                }
                if (to == start) {
                    cameBy[start] = edge;
                    cameFrom[start] = at;
                    cycle = back(start);
                    break;
                }
                if (distance[to] == NONE || far < distance[to]) {
                    if (distance[to] == NONE) {
                        touched.add(to);
                    }
                    distance[to] = far;
                    cameBy[to] = edge;
                    cameFrom[to] = at;
                    if (edge.kind() == Kind.VIA) {
                        todo.addFirst(to);
                    } else {
                        todo.addLast(to);
                    }
                }
            }
        }
        touched.forEach(state -> distance[state] = NONE);
        touched.clear();
        return cycle;
    }

    private List<Edge> back(int start) {
        Deque<Edge> cycle = new ArrayDeque<>();
        int at = start;
        do {
            cycle.addFirst(cameBy[at]);
            at = cameFrom[at];
        } while (at != start);
        return List.copyOf(cycle);
    }
}
