package io.synod.engine.session;

import io.synod.engine.database.CommitIdBounds;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.H2Store;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.h2.engine.Session;
import org.h2.jdbc.JdbcConnection;
import org.h2.security.SHA256;

/** A member of a {@link MemoryGroup} with its H2 database and JDBC connections to it. */
final class TestNode implements AutoCloseable {
    private final MemoryGroup group;
    private final String name;
    private final Map<String, TestNode> peers;
    private final HostedDatabase database;
    private final MemoryGroup.MemberLog log;
    private final Sessions sessions;
    private Runnable breakBefore;
    private Runnable breakAfter;

    TestNode(MemoryGroup group, String name, Path directory, Map<String, TestNode> peers)
            throws SQLException, IOException {
        this(group, name, directory, peers, new CommitIdBounds(Long.MAX_VALUE, 0, 0, 0));
    }

    TestNode(MemoryGroup group, String name, Path directory, Map<String, TestNode> peers, CommitIdBounds bounds)
            throws SQLException, IOException {
        this.group = group;
        this.name = name;
        this.peers = peers;
        H2Store store = directory == null
                ? H2Store.openMemory("test", Map.of())
                : H2Store.openFile(directory.resolve(name).resolve("shop"), Map.of());
        database = new HostedDatabase("shop", name, store, 2_000, bounds);
        log = group.join(name, database);
        database.attach(log);
        sessions = new Sessions(database, new LeaderLink() {
            @Override
            public Session open(String node, String db, String user, byte[] hash, Map<String, String> settings)
                    throws SQLException {
                return linkTo(node, user, hash, settings);
            }

            @Override
            public void abandon(Session session) {
                session.close();
            }
        });
        peers.put(name, this);
    }

    static TestNode solo(MemoryGroup group) throws SQLException, IOException {
        TestNode node = new TestNode(group, "a", null, new HashMap<>());
        node.lead();
        return node;
    }

    private Session linkTo(String node, String user, byte[] hash, Map<String, String> settings) throws SQLException {
        TestNode peer = peers.get(node);
        if (peer == null) {
            throw new SQLException("node " + node + " is down", "08001");
        }
        return new BreakableSession(peer, peer.sessions.open(user, hash, settings, () -> {}));
    }

    /** The next commit that another node sends here is executed, then this node is gone for it; then runs this. */
    void loseNextAnswer(Runnable then) {
        breakAfter = then;
    }

    /** The next commit that another node sends here finds this node gone; then runs this. */
    void breakBeforeNext(Runnable then) {
        breakBefore = then;
    }

    Runnable takeBreakBefore() {
        Runnable then = breakBefore;
        breakBefore = null;
        return then;
    }

    Runnable takeBreakAfter() {
        Runnable then = breakAfter;
        breakAfter = null;
        return then;
    }

    void lead() {
        group.lead(log);
    }

    HostedDatabase database() {
        return database;
    }

    MemoryGroup.MemberLog log() {
        return log;
    }

    TestConnection connectLeading() throws SQLException {
        lead();
        return connect();
    }

    TestConnection connect() throws SQLException {
        return connect(Map.of());
    }

    TestConnection connect(Map<String, String> settings) throws SQLException {
        return connect("SA", "", settings);
    }

    TestConnection connect(String user, String password, Map<String, String> settings) throws SQLException {
        byte[] hash = SHA256.getKeyPasswordHash(user, password.toCharArray());
        return new TestConnection(sessions.open(user, hash, settings, () -> {}), user);
    }

    /** Gone, as by a kill: nobody reaches it any more. */
    void kill() {
        peers.remove(name);
        log.close();
        database.abandon();
    }

    @Override
    public void close() {
        log.close();
        database.close();
    }

    /** The part of the driver's connection that the tests need: a close that works on a foreign session. */
    static final class TestConnection extends JdbcConnection {
        private boolean closed;

        TestConnection(SynodSession session, String user) {
            super(session, user, "jdbc:synod:mem:shop");
        }

        SynodSession session() {
            return (SynodSession) getSession();
        }

        @Override
        public void close() throws SQLException {
            if (!closed) {
                closed = true;
                session().lock();
                try {
                    session().close();
                } finally {
                    session().unlock();
                }
            }
        }

        @Override
        public boolean isClosed() throws SQLException {
            return closed || super.isClosed();
        }

        @Override
        protected void checkClosed() {
            if (closed) {
                throw org.h2.message.DbException.get(org.h2.api.ErrorCode.OBJECT_CLOSED);
            }
            super.checkClosed();
        }
    }
}
