package io.synod.engine.twin;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Databases compared as scripts, without the names that differ by right. */
final class Catalogue {
    /** A sequence that H2 makes for an identity column gets a random name. */
    private static final Pattern RANDOM_NAME = Pattern.compile("SYSTEM_SEQUENCE_[0-9A-F_]{36}");
    /** The copy of a table that ALTER TABLE makes is named by numbers of the database and the session. */
    private static final Pattern COPY_NAME = Pattern.compile("_COPY_\\d+_\\d+");
    /** An index that a constraint brings is named after the number of a copy, too. */
    private static final Pattern INDEX_NAME = Pattern.compile("(_INDEX|PRIMARY_KEY|CONSTRAINT)_[0-9A-F_]+\\b");

    /** What docs/differences.md lists under settings-of-a-node. */
    private static final Pattern NODE_SETTING =
            Pattern.compile("^SET (TRACE_|MAX_MEMORY|MAX_OPERATION_MEMORY|CACHE_SIZE|DB_CLOSE_DELAY|WRITE_DELAY"
                    + "|RETENTION_TIME|LOCK_MODE|QUERY_STATISTICS|OPTIMIZE_REUSE_RESULTS)");

    /** A comment that counts rows of open transactions too, where they are. */
    private static final Pattern ROW_ESTIMATE = Pattern.compile("^-- .*SELECT COUNT");

    /** Where H2 keeps a LOB: numbers of one node. */
    private static final Pattern LOB_NUMBER = Pattern.compile("table: -?\\d+ id: \\d+");

    private Catalogue() {}

    static String neutral(String text) {
        String named = RANDOM_NAME.matcher(text).replaceAll("SYSTEM_SEQUENCE");
        named = LOB_NUMBER.matcher(named).replaceAll("LOB");
        return INDEX_NAME.matcher(COPY_NAME.matcher(named).replaceAll("_COPY")).replaceAll("$1");
    }

    private static boolean isOfOneNode(String line) {
        return NODE_SETTING.matcher(line).find() || ROW_ESTIMATE.matcher(line).find();
    }

    /** How many rows go into one INSERT depends on their length, and so on names that differ by right. */
    private static List<String> rows(List<String> script) {
        List<String> rows = new ArrayList<>();
        for (String entry : script) {
            for (String row : entry.startsWith("INSERT INTO") ? entry.split("\n") : new String[] {entry}) {
                rows.add(row.replaceAll("[,;]$", ""));
            }
        }
        rows.removeIf(row -> row.startsWith("INSERT INTO"));
        return rows;
    }

    /** Lines that only one of the two has. */
    static List<String> differences(List<String> stock, List<String> member) {
        List<String> missing = rows(stock);
        missing.removeIf(Catalogue::isOfOneNode);
        List<String> more = rows(member);
        more.removeIf(line -> isOfOneNode(line) || missing.remove(line));
        List<String> found = new ArrayList<>();
        missing.stream().limit(5).forEach(line -> found.add("only stock H2 has: " + line));
        more.stream().limit(5).forEach(line -> found.add("only Synod has: " + line));
        return found;
    }
}
