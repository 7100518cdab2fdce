package io.synod.jdbc;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;

/** Takes a {@code jdbc:synod:} URL apart; {@code \;} in a value stands for a semicolon, as in H2. */
final class SynodUrlParser {
    /** What a URL and the properties beside it say; the password is kept out of the URL's record. */
    record Parsed(SynodUrl url, char[] password) {}

    /** Settings whose values are words of ours, in any case. */
    private static final Set<String> CHOICES = Set.of("READ", "COMMIT", "TARGET");

    private static final String FAMILY = "h2:";

    private final String url;
    private final Map<String, String> settings = new TreeMap<>();
    private final Map<String, String> h2Settings = new TreeMap<>();
    private String user = "";
    private char[] password = {};

    private SynodUrlParser(String url) {
        this.url = url;
    }

    static Parsed parse(String url, Properties properties) throws SQLException {
        if (!url.startsWith(SynodUrl.PREFIX)) {
            throw Errors.badUrl(withoutPassword(url), "it does not start with " + SynodUrl.PREFIX);
        }
        return new SynodUrlParser(withoutPassword(url))
                .parseAll(url, properties == null ? new Properties() : properties);
    }

    private Parsed parseAll(String full, Properties properties) throws SQLException {
        List<String> parts = split(full.substring(SynodUrl.PREFIX.length()));
        for (String part : parts.subList(1, parts.size())) {
            if (!part.isEmpty()) {
                int equal = part.indexOf('=');
                if (equal < 1) {
                    throw Errors.badUrl(url, "\"" + part + "\" is not KEY=VALUE");
                }
                put(keyOf(part), part.substring(equal + 1), true);
            }
        }
        for (Object key : properties.keySet()) {
            Object value = properties.get(key);
            String upper = key.toString().toUpperCase(Locale.ROOT);
            if (upper.equals("PASSWORD")) {
                password = passwordOf(value);
            } else if (value != null) {
                put(upper, value.toString(), false);
            }
        }
        return new Parsed(parseTarget(withoutFamily(parts.get(0))), password);
    }

    /** For clients that look for {@code :h2:} in a URL to tell whose SQL it is, as jOOQ does. */
    private static String withoutFamily(String target) {
        return target.startsWith(FAMILY) ? target.substring(FAMILY.length()) : target;
    }

    /**
     * The URL as metadata give it, from which such clients choose their dialect. That of a database in memory stays as it was
     * given: Spring Boot drops the tables of what it finds at {@code :h2:mem:}.
     */
    static String withFamily(SynodUrl url) {
        String target = url.text().substring(SynodUrl.PREFIX.length());
        return url.kind() == SynodUrl.Kind.MEM || target.startsWith(FAMILY)
                ? url.text()
                : SynodUrl.PREFIX + FAMILY + target;
    }

    private SynodUrl parseTarget(String target) throws SQLException {
        if (target.startsWith("//")) {
            return remote(target.substring(2));
        }
        if (target.startsWith("mem:")) {
            return of(SynodUrl.Kind.MEM, null, database(target.substring(4)), List.of());
        }
        if (target.startsWith("file:")) {
            String file = target.substring(5);
            int slash = Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\'));
            String directory = slash < 0 ? "." : slash == 0 ? file.substring(0, 1) : file.substring(0, slash);
            checkPath(directory);
            return of(SynodUrl.Kind.FILE, directory, database(file.substring(slash + 1)), List.of());
        }
        throw Errors.badUrl(url, "\"" + target + "\" is neither mem:, nor file:, nor //");
    }

    private void checkPath(String directory) throws SQLException {
        try {
            Path.of(directory);
        } catch (InvalidPathException e) {
            throw Errors.badUrl(url, "its path is none on this system: " + e.getReason());
        }
    }

    private SynodUrl remote(String target) throws SQLException {
        int slash = target.indexOf('/');
        if (slash < 0) {
            throw Errors.badUrl(url, "the database's name is missing after the addresses");
        }
        List<String> endpoints = new ArrayList<>();
        for (String endpoint : target.substring(0, slash).split(",", -1)) {
            if (!HostPort.isValid(endpoint.trim(), 1)) {
                throw Errors.badUrl(
                        url,
                        "\"" + endpoint
                                + "\" is not HOST:PORT with a port from 1 to 65535, an IPv6 address in brackets");
            }
            if (!endpoints.contains(endpoint.trim())) {
                endpoints.add(endpoint.trim());
            }
        }
        for (String key : settings.keySet()) {
            if (Settings.own(key).scope() == Settings.Scope.NODE) {
                throw Errors.misplacedSetting(key, url);
            }
        }
        return of(SynodUrl.Kind.REMOTE, null, database(target.substring(slash + 1)), endpoints);
    }

    private String database(String name) throws SQLException {
        if (!name.matches("[A-Za-z0-9_.-]{1,64}") || name.matches("\\.+")) {
            throw Errors.badUrl(
                    url, "\"" + name + "\" is no name of a database: 1 to 64 letters, digits, '_', '-' or '.'");
        }
        return name.toLowerCase(Locale.ROOT);
    }

    private SynodUrl of(SynodUrl.Kind kind, String path, String database, List<String> endpoints) {
        return new SynodUrl(url, kind, path, database, endpoints, settings, h2Settings, user);
    }

    private void put(String key, String value, boolean inUrl) throws SQLException {
        if (key.equals("USER")) {
            user = agreed(key, user.isEmpty() ? null : user, value);
        } else if (key.equals("PASSWORD")) {
            password = value.toCharArray();
        } else if (Settings.own(key) != null) {
            Settings.own(key).check(value);
            String normal = CHOICES.contains(key) ? value.toUpperCase(Locale.ROOT) : value;
            settings.put(key, agreed(key, settings.get(key), normal));
        } else if (Settings.isH2(key)) {
            h2Settings.put(key, agreed(key, h2Settings.get(key), value));
        } else if (inUrl) {
            throw Settings.unknown(key);
        }
    }

    private static String agreed(String key, String old, String value) throws SQLException {
        if (old != null && !old.equals(value)) {
            throw Errors.duplicateSetting(key, old, value);
        }
        return value;
    }

    private static char[] passwordOf(Object value) throws SQLException {
        if (value instanceof char[] chars) {
            return chars.clone();
        }
        if (value instanceof String string) {
            return string.toCharArray();
        }
        throw Errors.badCredentialType(value);
    }

    private static List<String> split(String text) {
        List<String> parts = new ArrayList<>();
        for (String raw : rawParts(text)) {
            parts.add(raw.replace("\\;", ";"));
        }
        return parts;
    }

    /** As they stand in the text, with {@code \;}. */
    private static List<String> rawParts(String text) {
        List<String> parts = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && i + 1 < text.length() && text.charAt(i + 1) == ';') {
                i++;
            } else if (c == ';') {
                parts.add(text.substring(start, i));
                start = i + 1;
            }
        }
        parts.add(text.substring(start));
        return parts;
    }

    /** The same text without the settings that {@link #put} takes for the password. */
    static String withoutPassword(String url) {
        List<String> parts = rawParts(url);
        StringBuilder text = new StringBuilder(parts.get(0));
        for (String part : parts.subList(1, parts.size())) {
            if (!keyOf(part).equals("PASSWORD")) {
                text.append(';').append(part);
            }
        }
        return text.toString();
    }

    /** Of a setting, or of what looks like one. */
    private static String keyOf(String part) {
        int equal = part.indexOf('=');
        return (equal < 0 ? part : part.substring(0, equal)).trim().toUpperCase(Locale.ROOT);
    }
}
