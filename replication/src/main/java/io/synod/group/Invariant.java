package io.synod.group;

/**
 * A condition of the protocol that must hold, checked in production as in tests. A violation is a bug in Synod or damage
 * to its memory; whoever catches it stops the group rather than going on.
 */
public final class Invariant {
    private Invariant() {}

    /** Thrown when an invariant does not hold. */
    public static final class Violation extends IllegalStateException {
        Violation(String message) {
            super(message);
        }
    }

    public static void that(boolean condition, String message) {
        if (!condition) {
            throw new Violation(message);
        }
    }

    /** No varargs, so that a check on the commit path allocates nothing. */
    public static void that(boolean condition, String format, long first, long second) {
        if (!condition) {
            throw new Violation(String.format(format, first, second));
        }
    }
}
