package io.synod.engine.database;

/**
 * What a read promises.
 *
 * @param maxStalenessMillis for {@link ReadLevel#BOUNDED}: how old it may be
 */
public record ReadDemand(ReadLevel level, long maxStalenessMillis) {
    private static final long MAX_MILLIS = 3_600_000;

    public ReadDemand withLevel(ReadLevel other) {
        return new ReadDemand(other, maxStalenessMillis);
    }

    public ReadDemand withMaxStaleness(long millis) {
        return new ReadDemand(level, millis);
    }

    /** @throws org.h2.message.DbException 22023 for what is no time in milliseconds, or too long a one */
    public static long parseStaleness(String text) {
        if (text.matches("[0-9]{1,9}") && Long.parseLong(text) <= MAX_MILLIS) {
            return Long.parseLong(text);
        }
        throw Errors.badValue("MAX_STALENESS", text, "a whole number from 0 to " + MAX_MILLIS + ", milliseconds");
    }
}
