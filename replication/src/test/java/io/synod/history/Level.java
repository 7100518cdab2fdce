package io.synod.history;

/** What is promised of a history of transactions: how they are isolated, and in what order they must seem to happen. */
public record Level(Isolation isolation, Order order) {
    /** Adya, "Weak consistency" (MIT 1999), chapter 3 and 4; each one forbids what the one before it does. */
    public enum Isolation {
        /** PL-2: no G0, G1a, G1b, G1c. */
        READ_COMMITTED,
        /**
         * Snapshot isolation: besides, no cycle without two anti-dependencies in a row, G-single among them (Cerone and Gotsman,
         * "Analysing snapshot isolation", JACM 2018, theorem 10). Write skew passes.
         */
        SNAPSHOT,
        /** PL-3: no G2 either. */
        SERIALIZABLE
    }

    /** What else counts as "happened before" (Elle, section 5.1). */
    public enum Order {
        NONE,
        /** The transactions of one process: "strong session". */
        PROCESS,
        /** Also those that ended before others began: "strict", "strong". */
        REAL_TIME
    }

    public static final Level READ_COMMITTED = new Level(Isolation.READ_COMMITTED, Order.NONE);
    public static final Level SNAPSHOT = new Level(Isolation.SNAPSHOT, Order.NONE);
    public static final Level SERIALIZABLE = new Level(Isolation.SERIALIZABLE, Order.NONE);

    /** Reads may be stale; but what commits goes behind all that had ended before it began. */
    public static final Level STRICT_READ_COMMITTED = new Level(Isolation.READ_COMMITTED, Order.REAL_TIME);

    public static final Level STRICT_SNAPSHOT = new Level(Isolation.SNAPSHOT, Order.REAL_TIME);
    public static final Level STRICT_SERIALIZABLE = new Level(Isolation.SERIALIZABLE, Order.REAL_TIME);

    boolean atLeast(Isolation least) {
        return isolation.compareTo(least) >= 0;
    }

    boolean atLeast(Order least) {
        return order.compareTo(least) >= 0;
    }
}
