package io.synod.jdbc;

import java.sql.SQLException;
import org.h2.engine.Session;

/**
 * An engine in this process, found through {@link java.util.ServiceLoader}: it opens {@code jdbc:synod:mem:} and {@code
 * jdbc:synod:file:} URLs.
 */
public interface EngineProvider {
    /**
     * Opens a session on the node that the URL names, starting that node if it does not run in this process yet.
     *
     * @param url a parsed URL of kind MEM or FILE
     * @param user as given by the application, may be empty
     * @param password the application's password, may be empty; not kept
     * @return a session to put under H2's JDBC connection
     * @throws SQLException 28000 for a wrong password, 90020 when another process holds the directory, and others with
     *     the value and what to do
     */
    Session open(SynodUrl url, String user, char[] password) throws SQLException;
}
