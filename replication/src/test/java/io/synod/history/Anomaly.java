package io.synod.history;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Something that a history shows and its level forbids.
 *
 * @param transactions that are involved, in the order of the cycle if it is one
 * @param reason what was seen, or each edge of the cycle
 */
public record Anomaly(Kind kind, List<Transaction> transactions, String reason) {
    /** Adya's names (section 3.1, 4.2) and Elle's (section 4.3.1, 6). */
    public enum Kind {
        /** What was read was appended by nobody. */
        INVENTED,
        /** Read twice, appended once. */
        DUPLICATE,
        /** Two reads of which neither begins with the other. */
        INCOMPATIBLE_ORDER,
        /** A transaction does not see what it appended itself, or sees it before. */
        INTERNAL,
        /** A read shows what an aborted transaction appended. */
        G1A,
        /** A read ends with what its transaction has appended to since. */
        G1B,
        /** An append was committed, and nobody sees it who came later. */
        LOST_APPEND,
        /** A cycle of writes that follow each other. */
        G0,
        /** A cycle of writes and reads of what was written. */
        G1C,
        /** A cycle with one read that misses a write: read skew, lost update, stale read. */
        G_SINGLE,
        /** A cycle with several, but no two in a row: a long fork, for one. */
        G_NONADJACENT,
        /** Any cycle else: write skew. */
        G2
    }

    @Override
    public String toString() {
        return kind + " " + transactions.stream().map(Transaction::name).collect(Collectors.joining(" ")) + ": "
                + reason;
    }
}
