package io.synod.history;

import java.util.Locale;

/**
 * One operation of a client on one register; registers hold 0 at first. Times are of one clock for all clients; an operation
 * comes before another one only if it returned before the other was invoked.
 *
 * @param expected what a swap expects; 0 for reads and writes
 * @param value what was read, or is written
 * @param returned {@link #NEVER} when the client does not know whether it happened: it may have at any time after it was invoked,
 *     or never
 */
public record RegisterOperation(
        int client, String key, Kind kind, long expected, long value, long invoked, long returned) {
    /** Later than everything. */
    public static final long NEVER = Long.MAX_VALUE;

    /** What was done. */
    public enum Kind {
        READ,
        WRITE,
        /** Compare and set that found what it expected. */
        SWAP,
        /** Compare and set that found something else. */
        REFUSED_SWAP
    }

    public RegisterOperation {
        if (returned < invoked) {
            throw new IllegalArgumentException(kind + " of " + key + " returned at " + returned + " before " + invoked);
        }
    }

    public static RegisterOperation read(int client, String key, long value, long invoked, long returned) {
        return new RegisterOperation(client, key, Kind.READ, 0, value, invoked, returned);
    }

    public static RegisterOperation write(int client, String key, long value, long invoked, long returned) {
        return new RegisterOperation(client, key, Kind.WRITE, 0, value, invoked, returned);
    }

    /** Compare and set that succeeded, or is not known to have. */
    public static RegisterOperation swap(
            int client, String key, long expected, long value, long invoked, long returned) {
        return new RegisterOperation(client, key, Kind.SWAP, expected, value, invoked, returned);
    }

    public static RegisterOperation refusedSwap(int client, String key, long expected, long invoked, long returned) {
        return new RegisterOperation(client, key, Kind.REFUSED_SWAP, expected, expected, invoked, returned);
    }

    boolean known() {
        return returned != NEVER;
    }

    boolean changes() {
        return kind == Kind.WRITE || kind == Kind.SWAP;
    }

    boolean possibleAt(long state) {
        return switch (kind) {
            case READ -> state == value;
            case WRITE -> true;
            case SWAP -> state == expected;
            case REFUSED_SWAP -> state != expected;
        };
    }

    RegisterOperation returnedAt(long time) {
        return new RegisterOperation(client, key, kind, expected, value, invoked, time);
    }

    @Override
    public String toString() {
        String what = kind.name().toLowerCase(Locale.ROOT) + " "
                + (kind == Kind.SWAP ? expected + " by " + value : String.valueOf(value));
        return "client " + client + ": " + what + " [" + invoked + ", " + (known() ? returned : "unknown") + "]";
    }
}
