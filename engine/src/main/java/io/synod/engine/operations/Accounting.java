package io.synod.engine.operations;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compares what clients were told with what a node holds. Each order that was acknowledged must be there once, with all
 * its lines; no other may be there but those whose commit ended without an answer; goods and money must add up to what
 * there was before.
 */
final class Accounting {
    private final Map<Long, Integer> linesByAcknowledgedOrder = new HashMap<>();
    private final Set<Long> unknown = new HashSet<>();
    private final Books before;

    Accounting(Books before, List<OrderEntry.Log> clients) {
        this.before = before;
        for (OrderEntry.Log client : clients) {
            client.acknowledged().forEach(order -> linesByAcknowledgedOrder.put(order.orderKey(), order.lines()));
            unknown.addAll(client.unknown());
        }
    }

    /**
     * @param found acknowledged orders that are there, with as many lines as were entered
     * @param lost acknowledged orders that are not, or not whole
     * @param notAsked orders that are there though no client was told so, or twice
     * @param wrongSums what does not balance, one line each
     */
    record Result(long acknowledged, long found, long lost, long notAsked, List<String> wrongSums) {
        boolean holds() {
            return lost == 0 && notAsked == 0 && found == acknowledged && wrongSums.isEmpty();
        }
    }

    Result check(Books now) {
        long found = 0;
        for (Map.Entry<Long, Integer> order : linesByAcknowledgedOrder.entrySet()) {
            if (order.getValue().equals(now.linesByOrder().get(order.getKey()))) {
                found++;
            }
        }
        long notAsked = now.linesByOrder().keySet().stream()
                .filter(key -> !linesByAcknowledgedOrder.containsKey(key) && !unknown.contains(key))
                .count();
        List<String> wrong = new ArrayList<>();
        balance(
                wrong,
                "pieces in stock + pieces sold",
                before.stock(),
                now.stock().add(now.sold()));
        balance(
                wrong,
                "customers' balances + orders charged",
                before.balances(),
                now.balances().add(now.charged()));
        balance(wrong, "prices of all order lines, against the orders' totals", now.charged(), now.linePrices());
        long acknowledged = linesByAcknowledgedOrder.size();
        return new Result(acknowledged, found, acknowledged - found, notAsked, List.copyOf(wrong));
    }

    private static void balance(List<String> wrong, String what, BigDecimal expected, BigDecimal actual) {
        if (expected.compareTo(actual) != 0) {
            wrong.add(what + ": " + actual.toPlainString() + ", expected " + expected.toPlainString());
        }
    }
}
