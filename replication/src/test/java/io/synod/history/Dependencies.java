package io.synod.history;

import io.synod.history.Transaction.Action;
import io.synod.history.Transaction.Outcome;
import io.synod.history.Transaction.Read;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The direct serialization graph of a history (Adya, section 3.1.2): who must come before whom, and why. It has as many edges
 * as the history has actions: where everything in one set precedes everything in another, the edges lead over nodes in
 * between that are no transactions. These lie on chains, which have no cycles of their own.
 */
final class Dependencies {
    enum Kind {
        /** Appended behind it. */
        WW,
        /** Read what it appended. */
        WR,
        /** Appended what it had not read. */
        RW,
        PROCESS,
        REAL_TIME,
        /** Away from a node in between: the reason is that of the edge that led there. */
        VIA
    }

    /**
     * @param key of which list, or empty
     * @param value that {@code to} appended, or read in case of {@link Kind#WR}
     */
    record Edge(int from, int to, Kind kind, String key, long value) {}

    private final List<Transaction> transactions;
    private final Map<Transaction, Integer> nodes;
    private final List<List<Edge>> edges = new ArrayList<>();

    Dependencies(Versions versions, Level.Order order) {
        transactions = List.copyOf(versions.happened());
        // By identity: to hash and compare whole transactions takes as long as they are.
        nodes = new IdentityHashMap<>();
        for (Transaction each : transactions) {
            nodes.put(each, node());
        }
        Map<String, Places> places = new HashMap<>();
        for (Versions.Key key : versions.keys()) {
            places.put(key.name, new Places(key));
        }
        for (Transaction each : transactions) {
            for (Action action : each.actions()) {
                if (action instanceof Read read && versions.isPrefix(read)) {
                    places.get(read.key()).read(nodes.get(each), read.values().size());
                }
            }
        }
        if (order != Level.Order.NONE) {
            processes();
        }
        if (order == Level.Order.REAL_TIME) {
            realTime();
        }
    }

    int size() {
        return edges.size();
    }

    boolean isTransaction(int node) {
        return node < transactions.size();
    }

    Transaction transaction(int node) {
        return transactions.get(node);
    }

    List<Edge> from(int node) {
        return edges.get(node);
    }

    private int node() {
        edges.add(new ArrayList<>(4));
        return edges.size() - 1;
    }

    private void edge(int from, int to, Kind kind, String key, long value) {
        if (from != to) {
            edges.get(from).add(new Edge(from, to, kind, key, value));
        }
    }

    // ------------------------------------------------------------------ lists

    /** The versions of one list as nodes; what aborted has none. */
    private final class Places {
        private static final int NOBODY = -1;

        private final Versions.Key key;
        /** Who appended the value there, or the nearest one before it; likewise behind it. */
        private final int[] atOrBefore;

        private final int[] atOrBehind;

        /** Committed, but read by nobody: they come behind the order, in which order nobody knows. */
        private final Map<Integer, Long> unseen = new LinkedHashMap<>();

        private final Map<Integer, Integer> unseenPlaces = new HashMap<>();
        /** From here to the first ones of those; from there to the last ones. */
        private final List<Integer> down = new ArrayList<>();

        private final List<Integer> up = new ArrayList<>();

        Places(Versions.Key key) {
            this.key = key;
            int size = key.order.size();
            atOrBefore = new int[size];
            atOrBehind = new int[size];
            int before = NOBODY;
            for (int i = 0; i < size; i++) {
                int writer = nodes.getOrDefault(key.writers.get(key.order.get(i)), NOBODY);
                if (writer != NOBODY && before != NOBODY) {
                    edge(before, writer, Kind.WW, key.name, key.order.get(i));
                }
                before = writer == NOBODY ? before : writer;
                atOrBefore[i] = before;
                atOrBehind[i] = writer;
            }
            for (int i = size - 2; i >= 0; i--) {
                atOrBehind[i] = atOrBehind[i] == NOBODY ? atOrBehind[i + 1] : atOrBehind[i];
            }
            chainUnseen();
            if (before != NOBODY) {
                allUnseenAfter(before, Kind.WW);
            }
        }

        private void chainUnseen() {
            key.writers.forEach((value, writer) -> {
                if (nodes.containsKey(writer) && !key.places.containsKey(value)) {
                    unseen.putIfAbsent(nodes.get(writer), value);
                }
            });
            unseen.forEach((writer, value) -> {
                int d = node();
                int u = node();
                edge(d, writer, Kind.VIA, key.name, value);
                edge(u, writer, Kind.VIA, key.name, value);
                if (!down.isEmpty()) {
                    edge(d, down.get(down.size() - 1), Kind.VIA, "", 0);
                    edge(up.get(up.size() - 1), u, Kind.VIA, "", 0);
                }
                unseenPlaces.put(writer, down.size());
                down.add(d);
                up.add(u);
            });
        }

        /** Except itself, if it is one of them. */
        private void allUnseenAfter(int node, Kind kind) {
            Integer own = unseenPlaces.get(node);
            int before = own == null ? down.size() : own;
            if (before > 0) {
                edge(node, down.get(before - 1), kind, key.name, 0);
            }
            if (own != null && own + 1 < up.size()) {
                edge(node, up.get(own + 1), kind, key.name, 0);
            }
        }

        void read(int reader, int values) {
            // A list with a value twice is longer than the order.
            int length = Math.min(values, atOrBefore.length);
            if (length > 0 && atOrBefore[length - 1] != NOBODY) {
                edge(atOrBefore[length - 1], reader, Kind.WR, key.name, key.order.get(length - 1));
            }
            int next = length < atOrBehind.length ? atOrBehind[length] : NOBODY;
            if (next != NOBODY) {
                edge(reader, next, Kind.RW, key.name, key.order.get(length));
            } else {
                allUnseenAfter(reader, Kind.RW);
            }
        }
    }

    // ------------------------------------------------------------------ time

    private Stream<Transaction> byBegin() {
        return transactions.stream().sorted(Comparator.comparingLong(Transaction::began));
    }

    /** What of a process is unknown may happen later than what comes next. */
    private void processes() {
        Map<Integer, Integer> last = new HashMap<>();
        byBegin().forEach(each -> {
            int node = nodes.get(each);
            Integer before = last.get(each.process());
            if (before != null) {
                edge(before, node, Kind.PROCESS, "", each.process());
            }
            if (each.outcome() == Outcome.COMMITTED) {
                last.put(each.process(), node);
            }
        });
    }

    private void realTime() {
        List<Transaction> ends = transactions.stream()
                .filter(each -> each.outcome() == Outcome.COMMITTED)
                .sorted(Comparator.comparingLong(Transaction::ended))
                .toList();
        int[] next = {0};
        int[] past = {-1};
        byBegin().forEach(each -> {
            while (next[0] < ends.size() && ends.get(next[0]).ended() < each.began()) {
                int now = node();
                if (past[0] >= 0) {
                    edge(past[0], now, Kind.VIA, "", 0);
                }
                edge(nodes.get(ends.get(next[0]++)), now, Kind.REAL_TIME, "", 0);
                past[0] = now;
            }
            if (past[0] >= 0) {
                edge(past[0], nodes.get(each), Kind.VIA, "", 0);
            }
        });
    }
}
