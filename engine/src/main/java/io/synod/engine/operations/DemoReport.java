package io.synod.engine.operations;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** What the demo tells, to someone who has never heard of any of it. */
final class DemoReport {
    private final PrintWriter out;

    DemoReport(PrintWriter out) {
        this.out = out;
    }

    static double secondsSince(long nanos) {
        return (System.nanoTime() - nanos) / 1e9;
    }

    void say(String format, Object... values) {
        out.printf(Locale.ROOT, format + "%n", values);
        out.flush();
    }

    void introduction() {
        say("Synod: one SQL database, held by three processes at once.");
        say("");
        say(
                "Each process has a full copy. One of them leads: it puts all changes into one order. A commit is answered only");
        say(
                "when at least two of the three processes have it on disk. So any one of them may die at any moment, and what");
        say(
                "was answered is still there. This demo tries that: it kills the leading process, twice, with kill -9, while");
        say("clients enter orders; then it counts the orders in every copy.");
        say("");
    }

    void starting(List<NodeProcess> nodes) {
        say("1. Three database processes start on this machine");
        for (NodeProcess node : nodes) {
            say("   %s   for applications at %s, for the other two at %s", node.name(), node.sql(), node.listen());
        }
    }

    void started(double seconds, String leader) {
        say("   ready after %.1f s; they agreed that %s leads", seconds, leader);
        say("");
    }

    void loading() {
        say(
                "2. A shop's data is loaded through JDBC (TPC-H at scale 0.01: customers, parts, suppliers, stock, orders)");
    }

    void loaded(long rows, double seconds) {
        say("   %,d rows in %.1f s, each in all three copies", rows, seconds);
        say("");
    }

    void entering(int clients, int seconds) {
        say(
                "3. %d clients enter orders for %d s. Each order is one transaction: the order and its lines are inserted, the",
                clients, seconds);
        say(
                "   stock goes down, the customer's balance goes down. A client counts an order when its commit was answered.");
        say("   (*) commits that the slowest living copy still has to take over");
        say("");
        say("   second  orders/s  leader  behind by (*)     what happened");
    }

    void second(int second, long orders, ClusterStatus status, String happened) {
        String leader = status.leader().map(MemberStatus::name).orElse("-");
        String lag = status.leader().isPresent() ? "%,d".formatted(status.lagEntries()) : "-";
        say("   %6d  %,8d  %-6s  %9s         %s", second, orders, leader, lag, happened);
    }

    void entered(List<OrderEntry.Log> clients, List<Demo.KilledLeader> killed) {
        long[] atNanos = clients.stream()
                .flatMap(client -> client.acknowledged().stream())
                .mapToLong(OrderEntry.Acknowledged::atNanos)
                .toArray();
        Gaps gaps = new Gaps(atNanos);
        say("");
        say("   orders answered as committed: %,d", atNanos.length);
        for (int i = 0; i < killed.size(); i++) {
            long from = killed.get(i).atNanos();
            long to = i + 1 < killed.size() ? killed.get(i + 1).atNanos() : Long.MAX_VALUE / 2 + from;
            long gap = gaps.longestNanos(from, to);
            say(
                    "   longest time without a commit after %s was killed: %s",
                    killed.get(i).name(),
                    gap < 0 ? "to the end, none came" : TimeUnit.NANOSECONDS.toMillis(gap) + " ms");
        }
        ends(clients);
        say("");
    }

    /** How transactions ended that were not answered as committed. */
    void ends(List<OrderEntry.Log> clients) {
        Map<String, Integer> retries = new TreeMap<>();
        clients.forEach(client -> client.retries().forEach((state, n) -> retries.merge(state, n, Integer::sum)));
        if (!retries.isEmpty()) {
            say("   transactions that were rolled back and entered again, by SQLState: %s", retries);
        }
        long unknown =
                clients.stream().mapToLong(client -> client.unknown().size()).sum();
        if (unknown > 0) {
            say("   commits that ended without an answer (may be there or not, counted as neither): %,d", unknown);
        }
    }

    void checking() {
        say("4. The copies are checked, each process on its own");
    }

    void node(String name, Accounting.Result result) {
        say(
                "   %s   answered %,d, found by primary key %,d: %,d lost, %,d twice or never asked for; goods and money %s",
                name,
                result.acknowledged(),
                result.found(),
                result.lost(),
                result.notAsked(),
                result.wrongSums().isEmpty() ? "balance" : "DO NOT BALANCE");
        result.wrongSums().forEach(wrong -> say("       %s", wrong));
    }

    void verified(Verification verification) {
        say("   verify: %s", verification.summary());
        verification.differences().forEach(difference -> say("       %s", difference));
        say("");
    }

    void verdict(boolean holds) {
        say(
                holds
                        ? "Passed: the leader was killed twice, and nothing that was answered is lost or doubled."
                        : "FAILED: see above what does not hold.");
    }
}
