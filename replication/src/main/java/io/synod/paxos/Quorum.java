package io.synod.paxos;

/** Counting in majorities, without allocation. */
final class Quorum {
    private Quorum() {}

    /**
     * The greatest value that at least {@code majority} of the first {@code count} values reach.
     *
     * @param values is reordered
     */
    static long reachedBy(int majority, long[] values, int count) {
        for (int i = 1; i < count; i++) {
            long value = values[i];
            int j = i - 1;
            while (j >= 0 && values[j] < value) {
                values[j + 1] = values[j];
                j--;
            }
            values[j + 1] = value;
        }
        return values[majority - 1];
    }
}
