package io.synod.engine.session;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;

/** Node a, which leads, and node b, whose sessions send there what writes; and a connection to each. */
final class LeaderAndFollower implements AutoCloseable {
    private final Map<String, TestNode> peers = new HashMap<>();
    final TestNode a;
    final TestNode b;
    final Connection atA;
    final Connection atB;

    LeaderAndFollower() throws SQLException, IOException {
        MemoryGroup group = new MemoryGroup();
        a = new TestNode(group, "a", null, peers);
        b = new TestNode(group, "b", null, peers);
        a.lead();
        atA = a.connect();
        atB = b.connect();
    }

    /** Nobody reaches a any more, also on links that are open; b leads. */
    void loseA() {
        peers.remove("a");
        b.lead();
    }

    @Override
    public void close() throws SQLException {
        atB.close();
        atA.close();
        a.close();
        b.close();
    }
}
