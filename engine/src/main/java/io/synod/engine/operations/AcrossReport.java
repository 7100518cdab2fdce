package io.synod.engine.operations;

import java.util.List;

/** What the demo of transactions over two databases tells, to someone who has never heard of any of it. */
final class AcrossReport {
    private final DemoReport report;

    AcrossReport(DemoReport report) {
        this.report = report;
    }

    void introduction() {
        report.say("Synod: two SQL databases on three processes, and transactions that change both.");
        report.say("");
        report.say(
                "Each process has a full copy of both databases. Each database has its own leader, which puts its changes into");
        report.say(
                "one order, and here they are different processes. An order is a row in the database 'sales', and takes pieces");
        report.say(
                "out of the database 'stock', in one transaction. The process that the client is connected to asks both leaders");
        report.say(
                "to prepare it, then tells them that all have, then to commit (three-phase commit); each step is answered");
        report.say(
                "only when two of three processes have it on disk. When that process dies in the middle, the others");
        report.say(
                "find out together how the transaction ends, and no row stays locked. This demo tries that: it kills the");
        report.say("process that commits, then a leader, with kill -9, while clients enter orders; then it counts.");
        report.say("");
    }

    void starting(List<NodeProcess> nodes) {
        report.starting(nodes);
    }

    void started(double seconds, String sales, String stock) {
        report.say("   ready after %.1f s; %s leads 'sales', %s leads 'stock'", seconds, sales, stock);
        report.say("");
    }

    void entering(int clients) {
        report.say("2. %d clients enter orders, connected to 'sales'. Each order is one transaction:", clients);
        report.say("       INSERT INTO orders VALUES (?, ?, ?)");
        report.say("       UPDATE stock.public.items SET pieces = pieces - ? WHERE id = ?");
        report.say("       COMMIT");
        report.say("");
        report.say("   second  orders/s  leads sales  leads stock  what happened");
    }

    void second(int second, long orders, ClusterStatus sales, ClusterStatus stock, String happened) {
        report.say("   %6d  %,8d  %-11s  %-11s  %s", second, orders, leader(sales), leader(stock), happened);
    }

    private static String leader(ClusterStatus status) {
        return status.leader().map(MemberStatus::name).orElse("-");
    }

    void entered(List<OrderEntry.Log> clients) {
        report.say("");
        report.say(
                "   orders answered as committed: %,d",
                clients.stream()
                        .mapToLong(client -> client.acknowledged().size())
                        .sum());
        report.ends(clients);
    }

    void doubt(String who, DoubtWatch.Doubt doubt, boolean inTime) {
        report.say("   after the kill of %s, both databases had leaders again: %,d ms;", who, doubt.led());
        report.say(
                "       all that had been under way in both was decided, by those that were left: %,d ms%s",
                doubt.decided(), inTime ? "" : ": IN DOUBT FOR MORE THAN 1 s");
    }

    void checking() {
        report.say("");
        report.say("3. Both databases are checked, each process on its own");
    }

    void settled(long millis, boolean inTime) {
        report.say(
                "   after the last client had ended no transaction was in doubt on any process within %,d ms%s",
                millis, inTime ? "" : ": MORE THAN 1 s");
    }

    void node(String name, Accounting.Result result) {
        report.say(
                "   %s   answered %,d, found %,d: %,d lost, %,d never asked for; sales and stock %s",
                name,
                result.acknowledged(),
                result.found(),
                result.lost(),
                result.notAsked(),
                result.wrongSums().isEmpty() ? "agree on every item" : "DO NOT AGREE");
        result.wrongSums().stream().limit(10).forEach(wrong -> report.say("       %s", wrong));
    }

    void verified(String database, Verification verification) {
        report.say("   verify %s: %s", database, verification.summary());
        verification.differences().forEach(difference -> report.say("       %s", difference));
    }

    void verdict(boolean holds) {
        report.say("");
        report.say(
                holds
                        ? "Passed: the committing process and a leader were killed, and every order is in both databases or in none."
                        : "FAILED: see above what does not hold.");
    }
}
