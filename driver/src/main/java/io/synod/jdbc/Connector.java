package io.synod.jdbc;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Properties;
import java.util.UUID;
import org.h2.api.ErrorCode;
import org.h2.engine.ConnectionInfo;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;
import org.h2.security.SHA256;

/** Opens H2's remote session to one node. Keeps the hash of the password, not the password. */
final class Connector {
    private final SynodUrl url;
    private final UUID session;
    private final byte[] passwordHash;

    /** @param password is overwritten */
    Connector(SynodUrl url, UUID session, char[] password) {
        this.url = url;
        this.session = session;
        String user = url.user().toUpperCase(Locale.ROOT);
        this.passwordHash =
                user.isEmpty() && password.length == 0 ? new byte[0] : SHA256.getKeyPasswordHash(user, password);
    }

    /**
     * @param requests number of the last request of the session so far
     * @param seenIndex how far in the log it was shown the database; 0 for a new session
     * @param timeoutMillis for connecting, and for each answer of the handshake
     */
    NodeSession connect(String endpoint, long requests, long seenIndex, int timeoutMillis) throws SQLException {
        probe(endpoint, timeoutMillis);
        Properties properties = new Properties();
        properties.putAll(url.h2Settings());
        properties.setProperty("NETWORK_TIMEOUT", Integer.toString(timeoutMillis));
        try {
            ConnectionInfo info = new ConnectionInfo(
                    "jdbc:h2:tcp://" + endpoint + "/" + url.database(), properties, url.user(), null);
            info.setOriginalURL(url.text());
            info.setUserPasswordHash(passwordHash);
            copy(info, "READ");
            copy(info, "COMMIT");
            copy(info, "MAX_STALENESS");
            info.setProperty("SYNOD_SESSION", session.toString());
            info.setProperty("SYNOD_REQUESTS", Long.toString(requests));
            info.setProperty("SYNOD_SEEN", Long.toString(seenIndex));
            info.setProperty(ReplyHead.SETTING, ReplyHead.FORM);
            SessionRemote remote = new SessionRemote(info);
            remote.connectEmbeddedOrServer(false);
            RemoteInternals.closeWhatIsForgotten(remote);
            RemoteInternals.established(remote, readTimeoutMillis(url));
            NodeSession session = new NodeSession(remote, endpoint, RemoteInternals.takeHeads(remote));
            // From the first answer on: in which databases the first statement may commit is known before it is
            // executed.
            RemoteInternals.announce(remote, requests + 1);
            return session;
        } catch (DbException e) {
            throw e.getSQLException();
        }
    }

    /** How long the application waits for an answer once it is connected; 0 for ever. */
    static int readTimeoutMillis(SynodUrl url) {
        return Integer.parseInt(url.h2Settings().getOrDefault("NETWORK_TIMEOUT", "0"));
    }

    private void copy(ConnectionInfo info, String key) {
        info.setProperty(key, url.settings().get(key));
    }

    /** H2 repeats a refused connect for more than a second; a dead node must cost less. */
    private static void probe(String endpoint, int timeoutMillis) throws SQLException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(HostPort.host(endpoint), HostPort.port(endpoint)), timeoutMillis);
        } catch (IOException e) {
            throw DbException.getJdbcSQLException(ErrorCode.CONNECTION_BROKEN_1, e, e + ": " + endpoint);
        }
    }
}
