package io.synod.engine.jdbc.recorded;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;

/** Compares two recordings of one program. */
public final class Differences {
    private static final int SHOWN = 12;
    private static final int LONGEST = 400;
    private static final int AHEAD = 40;

    private Differences() {}

    /** @throws AssertionError that shows the first calls with another result */
    public static void check(List<String> stock, List<String> ours) {
        List<String> differences = new ArrayList<>();
        int i = 0;
        int j = 0;
        while ((i < stock.size() || j < ours.size()) && differences.size() < SHOWN) {
            String expected = i < stock.size() ? stock.get(i) : "nothing";
            String actual = j < ours.size() ? ours.get(j) : "nothing";
            if (expected.equals(actual)) {
                i++;
                j++;
                continue;
            }
            differences.add("call " + i + "\n   stock: " + cut(expected) + "\n   here:  " + cut(actual));
            int[] next = nextEqual(stock, i + 1, ours, j + 1);
            i = next[0];
            j = next[1];
        }
        if (!differences.isEmpty()) {
            fail(String.join("\n", differences));
        }
    }

    /** Where the two go on together: an error leaves out or adds some calls. */
    private static int[] nextEqual(List<String> a, int i, List<String> b, int j) {
        for (int sum = 0; sum < AHEAD; sum++) {
            for (int k = 0; k <= sum; k++) {
                int x = i + k;
                int y = j + sum - k;
                if (x < a.size() && y < b.size() && a.get(x).equals(b.get(y))) {
                    return new int[] {x, y};
                }
            }
        }
        return new int[] {i, j};
    }

    private static String cut(String line) {
        return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "…";
    }
}
