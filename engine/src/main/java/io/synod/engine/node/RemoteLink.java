package io.synod.engine.node;

import io.synod.engine.session.LeaderLink;
import io.synod.group.Member;
import io.synod.jdbc.LeaderQuestion;
import io.synod.jdbc.RemoteInternals;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.h2.engine.ConnectionInfo;
import org.h2.engine.Session;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;

/** Opens sessions on other nodes through their peer ports, which speak H2's protocol as well. */
final class RemoteLink implements LeaderLink {
    private static final int CONNECT_MILLIS = 1_000;

    private final CurrentMembers members;

    RemoteLink(CurrentMembers members) {
        this.members = members;
    }

    @Override
    public Session open(String node, String database, String user, byte[] passwordHash, Map<String, String> settings)
            throws SQLException {
        Member member = members.find(database, node);
        if (member == null) {
            throw new SQLException("node " + node + " is no member of database " + database, "08001");
        }
        probe(member);
        return connect(member.address(), database, user, passwordHash, settings);
    }

    /** A session at this address. */
    static Session connect(
            String address, String database, String user, byte[] passwordHash, Map<String, String> settings)
            throws SQLException {
        try {
            ConnectionInfo info =
                    new ConnectionInfo("jdbc:h2:tcp://" + address + "/" + database, new Properties(), user, null);
            info.setUserPasswordHash(passwordHash);
            settings.forEach(info::setProperty);
            SessionRemote remote = new SessionRemote(info);
            remote.connectEmbeddedOrServer(false);
            RemoteInternals.established(remote, 0);
            RemoteInternals.closeWhatIsForgotten(remote);
            return remote;
        } catch (DbException e) {
            throw e.getSQLException();
        }
    }

    @Override
    public int slot() {
        return members.selfSlot();
    }

    @Override
    public void abandon(Session session) {
        if (session instanceof SessionRemote remote) {
            RemoteInternals.abandon(remote);
        }
    }

    /**
     * Asks the other nodes, one after the other.
     *
     * @return the names of those that host the database
     */
    List<String> nodesWith(String database) {
        return members.others().stream()
                .filter(member -> LeaderQuestion.isHosted(member.address(), database, CONNECT_MILLIS))
                .map(Member::name)
                .toList();
    }

    /** H2 repeats a refused connect for more than a second; a dead leader must cost less. */
    private static void probe(Member member) throws SQLException {
        String address = member.address();
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(NodeConfig.host(address), NodeConfig.port(address)), CONNECT_MILLIS);
        } catch (IOException e) {
            throw new SQLException(
                    "node " + member.name() + " at " + address + " cannot be reached: " + e.getMessage(), "08001", e);
        }
    }
}
