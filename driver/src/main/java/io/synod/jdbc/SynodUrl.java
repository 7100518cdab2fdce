package io.synod.jdbc;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * A parsed {@code jdbc:synod:} URL. A value: immutable and thread-safe.
 *
 * @param text the URL as given, without passwords
 * @param path for FILE: the directory that holds the node's data (the parent of the database's name); else {@code null}
 * @param database the database's name, lower case
 * @param endpoints for REMOTE: {@code host:port} in the order given; else empty
 * @param settings Synod's own settings that were given (NODE, LISTEN, SQL, PEERS, READ, COMMIT …), by upper-case key
 * @param h2Settings H2's settings that pass through, by upper-case key; without USER and PASSWORD
 * @param user of the URL or the properties, empty when not given
 */
public record SynodUrl(
        String text,
        Kind kind,
        String path,
        String database,
        List<String> endpoints,
        Map<String, String> settings,
        Map<String, String> h2Settings,
        String user) {
    /** What every URL of Synod begins with. */
    public static final String PREFIX = "jdbc:synod:";

    /** Where the database is. */
    public enum Kind {
        MEM,
        FILE,
        REMOTE
    }

    /** Copies what it is given. */
    public SynodUrl {
        endpoints = List.copyOf(endpoints);
        settings = Map.copyOf(settings);
        h2Settings = Map.copyOf(h2Settings);
    }

    /**
     * @param properties settings given beside the URL, by keys in any case; may be {@code null}; unknown keys among these
     *     are ignored, because pools and frameworks add their own
     * @throws SQLException 90113 with the value, what was expected, and for an unknown key the nearest known one
     */
    public static SynodUrl parse(String url, Properties properties) throws SQLException {
        return SynodUrlParser.parse(url, properties).url();
    }

    /** @return the value given, else the default; {@code null} when there is neither */
    public String setting(String key) {
        String value = settings.get(key);
        return value != null ? value : Settings.own(key).defaultValue();
    }

    /** @return a numeric setting, in the unit of its table entry */
    public int intSetting(String key) {
        return Integer.parseInt(setting(key));
    }
}
