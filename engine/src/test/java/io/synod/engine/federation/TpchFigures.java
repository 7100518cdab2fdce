package io.synod.engine.federation;

import io.synod.engine.operations.TpchQueries;
import java.util.List;
import java.util.Map;

/** Prints times of TPC-H on one database and over two and three: a main class with the scale as its argument, and perhaps Q5 and the like. */
final class TpchFigures {
    private TpchFigures() {}

    /** Prints them. */
    public static void main(String[] arguments) throws Exception {
        double scale = Double.parseDouble(arguments[0]);
        for (Map<String, List<String>> spread : List.of(TpchTwin.TWO, TpchTwin.THREE)) {
            try (Twin twin = TpchTwin.load(scale, spread)) {
                long allSingle = 0;
                long allFederated = 0;
                int equal = 0;
                for (TpchQueries.Query query : TpchQueries.ALL) {
                    if (arguments.length > 1 && List.of(arguments).indexOf(query.toString()) < 0) {
                        continue;
                    }
                    long start = System.nanoTime();
                    List<String> expected = twin.runSingle(query.single());
                    long single = System.nanoTime() - start;
                    start = System.nanoTime();
                    twin.prepare(query.sql());
                    long plan = System.nanoTime() - start;
                    String difference = twin.difference(expected, query.sql(), query.ordered());
                    start = System.nanoTime();
                    twin.runFederated(query.sql());
                    long federated = System.nanoTime() - start;
                    allSingle += single;
                    allFederated += federated;
                    equal += difference == null ? 1 : 0;
                    if (arguments.length > 1) {
                        System.out.println(twin.explain(query.sql()));
                    }
                    System.out.printf(
                            "%s: one %d ms, plan %d ms, %d databases %d ms, %s, %d rows shipped of %d read, %s%n",
                            query,
                            single / 1_000_000,
                            plan / 1_000_000,
                            spread.size(),
                            federated / 1_000_000,
                            twin.plan(query.sql()),
                            twin.shippedRows(query.sql()),
                            twin.readRows(query.sql()),
                            difference == null ? "equal" : difference);
                }
                System.out.printf(
                        "%d databases: %d of %d equal, one %d ms, federated %d ms%n",
                        spread.size(), equal, TpchQueries.ALL.size(), allSingle / 1_000_000, allFederated / 1_000_000);
            }
        }
    }
}
