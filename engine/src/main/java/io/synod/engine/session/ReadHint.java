package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.database.ReadDemand;
import io.synod.engine.database.ReadLevel;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The read level of one statement, given in a comment that stands before it or behind its first word: {@code /*+ READ(LOCAL)
 * *}{@code /}, {@code READ(BOUNDED, 200)} with a staleness in milliseconds. Hints of other names are other products' business.
 *
 * @param maxStalenessMillis −1 for the session's
 */
record ReadHint(ReadLevel level, long maxStalenessMillis) {
    /** What was passed over is not looked at again: a comment ends where it first can. */
    private static final Pattern PLACE =
            Pattern.compile("(?s)\\A(?:\\s++|--[^\\n]*+\\n|/\\*(?!\\+)(?>.*?\\*/))*+(?:\\w++\\s*+)?/\\*\\+(.*?)\\*/");

    private static final Pattern READ = Pattern.compile("(?i)\\bREAD\\s*\\(\\s*(\\w*)\\s*(?:[,\\s]\\s*(\\w+)\\s*)?\\)");

    /**
     * @return {@code null} when the statement has none
     * @throws org.h2.message.DbException 22023 for a level or a staleness that is none
     */
    static ReadHint of(String sql) {
        if (!sql.contains("/*+")) {
            return null;
        }
        Matcher place = PLACE.matcher(sql);
        if (!place.find()) {
            return null;
        }
        Matcher read = READ.matcher(place.group(1));
        if (!read.find()) {
            return null;
        }
        ReadLevel level = ReadLevel.parse(read.group(1));
        if (read.group(2) != null && level != ReadLevel.BOUNDED) {
            throw Errors.badValue(
                    "READ(" + level + ", " + read.group(2) + ")", "has a staleness", "READ(" + level + ")");
        }
        return new ReadHint(level, read.group(2) == null ? -1 : ReadDemand.parseStaleness(read.group(2)));
    }

    ReadDemand over(ReadDemand session) {
        ReadDemand demand = session.withLevel(level);
        return maxStalenessMillis < 0 ? demand : demand.withMaxStaleness(maxStalenessMillis);
    }
}
