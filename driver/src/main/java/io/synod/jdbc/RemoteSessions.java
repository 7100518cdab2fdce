package io.synod.jdbc;

import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import org.h2.engine.Session;

/** Sessions on other nodes for an engine that has no copy of the database itself. Stateless. */
public final class RemoteSessions {
    private RemoteSessions() {}

    /**
     * A session that is on one of these nodes, and fails over, with what the URL says of the connection.
     *
     * @param url as the application gave it, of the node in this process
     * @param endpoints {@code HOST:PORT} of the nodes that have the database
     * @param password is overwritten
     * @throws SQLException 28000 wrong user or password; 08001 no node answers within CONNECT_TIMEOUT
     */
    public static Session open(SynodUrl url, List<String> endpoints, char[] password) throws SQLException {
        // Beside the URL and not in it: a value may have semicolons.
        Properties settings = new Properties();
        settings.setProperty("user", url.user());
        url.settings().forEach((key, value) -> {
            if (Settings.own(key).scope() == Settings.Scope.CONNECTION) {
                settings.setProperty(key, value);
            }
        });
        settings.putAll(url.h2Settings());
        String remote = SynodUrl.PREFIX + "//" + String.join(",", endpoints) + "/" + url.database();
        return FailoverSession.connect(SynodUrl.parse(remote, settings), password);
    }

    /**
     * A session on the first node of the URL, opened as the driver opens each, which does not outlive that node. The commit id of
     * its first statement is told to the node; more than one that may commit must not be executed.
     *
     * @param password is overwritten
     * @throws SQLException 28000 wrong user or password; 08006 the node does not answer within CONNECT_TIMEOUT
     */
    public static Session withoutFailover(SynodUrl url, char[] password) throws SQLException {
        RemoteInternals.check();
        return new Connector(url, UUID.randomUUID(), password)
                .connect(url.endpoints().get(0), Hello.FIRST, url.intSetting("CONNECT_TIMEOUT"))
                .remote();
    }
}
