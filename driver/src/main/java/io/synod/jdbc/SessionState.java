package io.synod.jdbc;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionRemote;
import org.h2.value.Value;

/**
 * What a new session must be told to be like the lost one. Schema, search path, time zone and variables come from H2's own
 * account of a session's state; the other settings of a session are noted as they are made. Local temporary tables are left
 * out: without their rows they would give wrong results where a missing table gives an error.
 */
final class SessionState {
    /** One statement to repeat. */
    record Replay(String sql, List<Value> parameters) {}

    private static final Pattern OWN = Pattern.compile(
            "(?is)\\s*SET\\s+(LOCK_TIMEOUT|QUERY_TIMEOUT|STATEMENT_TIMEOUT|THROTTLE|READ\\s+ONLY|READ|COMMIT|MAX_STALENESS|NON_KEYWORDS"
                    + "|TRUNCATE_LARGE_LENGTH|VARIABLE_BINARY|QUIRKS_MODE|LAZY_QUERY_EXECUTION"
                    + "|(?:SESSION\\s+CHARACTERISTICS\\s+AS\\s+)?TRANSACTION\\s+ISOLATION)\\b.*");
    private static final Pattern NUMBER_AT_END = Pattern.compile("(?s).*[\\s=](\\d{1,9})\\s*;?\\s*");
    private static final Pattern OF_H2 = Pattern.compile(
            "(?is)\\s*(?:USE\\b|SET\\s+(?:@|(?:SCHEMA|SCHEMA_SEARCH_PATH|SEARCH_PATH|CATALOG|TIME\\s+ZONE)\\b)).*");
    private static final Pattern TEMPORARY_TABLE = Pattern.compile("(?is)\\s*CREATE\\b.*\\bTEMPORARY\\b.*");

    private List<String> ofH2 = List.of();
    private boolean temporary;
    private final Map<String, Replay> own = new LinkedHashMap<>();

    /** @return whether this statement sets the session only, so that it begins no transaction */
    static boolean isSessionSetting(String sql, int commandType) {
        return commandType == CommandInterface.SET
                && (OWN.matcher(sql).matches() || OF_H2.matcher(sql).matches());
    }

    /** Whether the session may only be where its temporary tables are, or need not be with the leader. */
    boolean stays() {
        Replay readOnly = own.get("READ ONLY");
        return temporary
                || readOnly != null
                        && readOnly.sql().trim().toUpperCase(Locale.ROOT).endsWith("TRUE");
    }

    /** As it was set by SQL or {@code setQueryTimeout}; 0 for none. */
    int queryTimeoutMillis() {
        Replay set = own.get("QUERY_TIMEOUT");
        if (set == null) {
            return 0;
        }
        if (!set.parameters().isEmpty()) {
            return set.parameters().get(0).getInt();
        }
        Matcher number = NUMBER_AT_END.matcher(set.sql());
        return number.matches() ? Integer.parseInt(number.group(1)) : 0;
    }

    void executed(SessionRemote session, FailoverCommand command) {
        ofH2 = RemoteInternals.sessionState(session);
        temporary |= TEMPORARY_TABLE.matcher(command.sql()).matches();
        if (command.isList()) {
            for (String part : SqlList.split(command.sql())) {
                if (!part.contains("?")) {
                    note(part, List.of());
                }
            }
        } else if (command.getCommandType() == CommandInterface.SET) {
            note(command.sql(), command.parameterValues());
        }
    }

    private void note(String sql, List<Value> parameters) {
        String setting = setting(sql);
        if (setting != null) {
            own.remove(setting);
            own.put(setting, new Replay(sql, parameters));
        }
    }

    /** What it sets, so that only the last statement which sets it is repeated; {@code null} for what H2 keeps account of. */
    static String setting(String sql) {
        Matcher matcher = OWN.matcher(sql);
        if (!matcher.matches()) {
            return null;
        }
        String key = matcher.group(1).toUpperCase(Locale.ROOT).replaceAll("\\s+", " ");
        if (key.equals("STATEMENT_TIMEOUT")) {
            // PostgreSQL's name of it.
            return "QUERY_TIMEOUT";
        }
        return key.endsWith("ISOLATION") ? "ISOLATION" : key;
    }

    /** The part of {@link #replay} of which H2 keeps account. */
    List<String> ofH2() {
        return ofH2.stream()
                .filter(sql -> !TEMPORARY_TABLE.matcher(sql).matches())
                .toList();
    }

    List<Replay> replay() {
        List<Replay> all = new ArrayList<>();
        for (String sql : ofH2()) {
            all.add(new Replay(sql, List.of()));
        }
        all.addAll(own.values());
        return all;
    }
}
