package io.synod.jdbc;

import java.util.List;
import java.util.Map;

/**
 * A parsed {@code jdbc:synod:} URL. A contract so far: the parser comes with the driver.
 *
 * @param text the URL as given, without passwords
 * @param path for FILE: the directory that holds the node's data (the parent of the database's name); else {@code null}
 * @param database the database's name, lower case
 * @param endpoints for REMOTE: {@code host:port} in the order given; else empty
 * @param settings Synod's own settings by upper-case key (NODE, LISTEN, SQL, PEERS, READ, COMMIT …)
 * @param h2Settings H2's settings that pass through, by upper-case key
 */
public record SynodUrl(
        String text,
        Kind kind,
        String path,
        String database,
        List<String> endpoints,
        Map<String, String> settings,
        Map<String, String> h2Settings) {
    /** Where the database is. */
    public enum Kind {
        MEM,
        FILE,
        REMOTE
    }
}
