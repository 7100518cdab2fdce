package io.synod.engine.node;

import io.synod.engine.federation.Federation;
import io.synod.engine.global.Deadlocks;
import io.synod.engine.global.GlobalCommits;
import io.synod.engine.session.MemberCommands;
import io.synod.engine.session.Neighbours;
import io.synod.engine.session.ScrubCommands;
import io.synod.engine.session.Sessions;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.h2.message.DbException;

/**
 * The databases of a node, as their sessions see each other.
 *
 * @param link {@code null} where other nodes cannot be reached
 */
record HostedNeighbours(
        Node node,
        Map<String, Sessions> databases,
        RemoteLink link,
        GlobalCommits commits,
        Deadlocks deadlocks,
        MemberCommands members,
        ScrubCommands scrub,
        Federation federation)
        implements Neighbours {
    HostedNeighbours(
            Node node,
            Map<String, Sessions> databases,
            RemoteLink link,
            GlobalCommits commits,
            Deadlocks deadlocks,
            MemberCommands members,
            ScrubCommands scrub) {
        this(node, databases, link, commits, deadlocks, members, scrub, new Federation());
    }

    @Override
    public Sessions find(String name) {
        return databases.get(name.toLowerCase(Locale.ROOT));
    }

    @Override
    public boolean open(String name) {
        if (!node.exists(name)) {
            return false;
        }
        try {
            node.host(name, Map.of());
            return true;
        } catch (SQLException e) {
            throw DbException.convert(e);
        }
    }

    @Override
    public Collection<String> names() {
        return databases.keySet().stream()
                .map(name -> name.toUpperCase(Locale.ROOT))
                .toList();
    }

    @Override
    public List<String> nodesWith(String name) {
        return link == null ? List.of() : link.nodesWith(name);
    }
}
