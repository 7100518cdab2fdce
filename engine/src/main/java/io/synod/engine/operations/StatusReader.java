package io.synod.engine.operations;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the status of a database: from any member first, and, because only the leader hears from all of them, then from
 * the leader. Keeps its connections. Not thread-safe.
 */
final class StatusReader implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StatusReader.class);

    private final ConnectionOptions database;
    private Connection any;
    private Connection leader;
    private String leaderName;

    StatusReader(ConnectionOptions database) {
        this.database = database;
    }

    /** @throws SQLException when no member answers; the next call connects anew */
    ClusterStatus read() throws SQLException {
        try {
            ClusterStatus known = fromLeader();
            if (known != null) {
                return known;
            }
            if (any == null) {
                any = database.connect();
            }
            ClusterStatus partial = ClusterStatus.read(any);
            MemberStatus leads = partial.leader().orElse(null);
            if (leads == null || leads.name().equals(partial.answeredBy())) {
                return partial;
            }
            leaderName = leads.name();
            leader = database.impatientlyAt(leads.address(), partial.database()).connect();
            ClusterStatus whole = fromLeader();
            return whole == null ? partial : whole;
        } catch (SQLException e) {
            close();
            throw e;
        }
    }

    /** As {@link #read()}, and what a member knows of itself only from there: how large its log is. */
    ClusterStatus readFromEach() throws SQLException {
        ClusterStatus status = read();
        List<MemberStatus> members = new ArrayList<>();
        for (MemberStatus member : status.members()) {
            members.add(
                    member.logBytes() < 0 && member.reachable() && !member.isWitness()
                            ? withLogBytes(status, member)
                            : member);
        }
        return new ClusterStatus(status.database(), status.answeredBy(), List.copyOf(members));
    }

    private MemberStatus withLogBytes(ClusterStatus status, MemberStatus member) {
        try (Connection connection =
                database.impatientlyAt(member.address(), status.database()).connect()) {
            return ClusterStatus.read(connection).members().stream()
                    .filter(self -> self.name().equals(member.name()))
                    .findFirst()
                    .map(self -> member.withLogBytes(self.logBytes()))
                    .orElse(member);
        } catch (SQLException e) {
            LOG.debug("member {} does not answer", member.name(), e);
            return member;
        }
    }

    /** @return {@code null} when the one that led does not answer as the leader any more */
    private ClusterStatus fromLeader() {
        if (leader == null) {
            return null;
        }
        try {
            ClusterStatus status = ClusterStatus.read(leader);
            if (status.answeredBy().equals(leaderName)
                    && status.leader()
                            .map(MemberStatus::name)
                            .filter(leaderName::equals)
                            .isPresent()) {
                return status;
            }
        } catch (SQLException e) {
            LOG.debug("the leader {} does not answer any more", leaderName, e);
        }
        closeQuietly(leader);
        leader = null;
        return null;
    }

    private static void closeQuietly(Connection connection) {
        if (connection != null) {
            try {
                connection.close();
            } catch (SQLException e) {
                LOG.debug("closing a connection that may be broken", e);
            }
        }
    }

    @Override
    public void close() {
        closeQuietly(any);
        closeQuietly(leader);
        any = null;
        leader = null;
    }
}
