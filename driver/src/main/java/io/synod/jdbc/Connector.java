package io.synod.jdbc;

import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.UUID;
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
     * Opens a session that has been told what the one before it was, or the beginning of that where it is long.
     *
     * @param timeoutMillis for connecting, and for each answer of the handshake
     */
    NodeSession connect(String endpoint, Hello hello, int timeoutMillis) throws SQLException {
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
            info.setProperty("SYNOD_REQUESTS", Long.toString(hello.requests()));
            info.setProperty("SYNOD_SEEN", Long.toString(hello.seenIndex()));
            info.setProperty(ReplyHead.SETTING, ReplyHead.FORM);
            Opening opening = new Opening(endpoint, url.database(), info)
                    .headed()
                    .readable()
                    .autoCommit(hello.autoCommit());
            long number = hello.requests();
            for (SessionState.Replay replay : hello.replays()) {
                if (!opening.tell(replay, number + 1)) {
                    break;
                }
                number++;
            }
            List<SessionState.Replay> rest =
                    hello.replays().subList(opening.told(), hello.replays().size());
            SessionRemote remote = opening.open(timeoutMillis, timeoutMillis, readTimeoutMillis(url));
            if (!hello.replays().isEmpty()) {
                RemoteInternals.knowState(remote, hello.stateOfH2(), opening.refused() == null && rest.isEmpty());
            }
            // From the first answer on: in which databases the first statement may commit is known before it is
            // executed.
            RemoteInternals.announce(remote, number + 1);
            return new NodeSession(remote, endpoint, opening.heads(), opening.refused(), rest);
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
}
