package io.synod.engine.node;

import io.synod.engine.session.LeaderLink;
import io.synod.group.Member;
import io.synod.jdbc.LeaderQuestion;
import io.synod.jdbc.Opening;
import io.synod.jdbc.RemoteInternals;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.h2.command.CommandInterface;
import org.h2.engine.ConnectionInfo;
import org.h2.engine.Session;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;

/** Opens sessions on other nodes through their peer ports, which speak H2's protocol as well. */
final class RemoteLink implements LeaderLink {
    private static final int CONNECT_MILLIS = 1_000;
    /** For each answer until the session is open: longer than a node waits there for anything. */
    private static final int ANSWER_MILLIS = 3_000;

    private final CurrentMembers members;

    RemoteLink(CurrentMembers members) {
        this.members = members;
    }

    @Override
    public Opened open(
            String node, String database, String user, byte[] passwordHash, Map<String, String> settings, First first)
            throws SQLException {
        Member member = members.find(database, node);
        if (member == null) {
            throw new SQLException("node " + node + " is no member of database " + database, "08001");
        }
        return connect(member.address(), database, user, passwordHash, settings, first);
    }

    /** A session at this address. */
    static Opened connect(
            String address,
            String database,
            String user,
            byte[] passwordHash,
            Map<String, String> settings,
            First first)
            throws SQLException {
        try {
            ConnectionInfo info =
                    new ConnectionInfo("jdbc:h2:tcp://" + address + "/" + database, new Properties(), user, null);
            info.setUserPasswordHash(passwordHash);
            settings.forEach(info::setProperty);
            Opening opening = new Opening(address, database, info).autoCommit(false);
            boolean all = first.texts().stream().allMatch(opening::tell);
            if (all) {
                first.prepared().forEach(opening::prepare);
            }
            first.begun().accept(opening::cut);
            SessionRemote remote = opening.open(CONNECT_MILLIS, ANSWER_MILLIS, 0);
            RemoteInternals.leaveStateUnread(remote);
            Map<String, CommandInterface> prepared = new HashMap<>();
            for (int i = 0; i < opening.prepared().size(); i++) {
                CommandInterface command = opening.prepared().get(i);
                if (command != null) {
                    prepared.put(first.prepared().get(i), command);
                }
            }
            return new Opened(remote, all && opening.refused() == null, prepared);
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
}
