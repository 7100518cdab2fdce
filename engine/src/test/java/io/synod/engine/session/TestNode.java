package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.synod.engine.database.CommitIdBounds;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.H2Store;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
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
    private int prepared;
    private volatile long sent;
    private volatile LongFunction<Runnable> onPortion = rows -> null;
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
        database.votes().waitFor(TimeUnit.MILLISECONDS.toNanos(20));
        sessions = new Sessions(database, new LeaderLink() {
            @Override
            public Opened open(
                    String node, String db, String user, byte[] hash, Map<String, String> settings, First first)
                    throws SQLException {
                Session session = linkTo(node, user, hash, settings);
                session.setAutoCommit(false);
                return new Opened(session, false, Map.of());
            }

            @Override
            public void abandon(Session session) {
                session.close();
            }
        });
        log = group.join(name, database);
        database.attach(log);
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

    /** Tells other nodes' sessions here so many rows. @return what is to be run instead, with the link broken */
    Runnable sends(int rows) {
        sent += rows;
        return onPortion.apply(sent);
    }

    /** How many rows other nodes have got from here. */
    long sent() {
        return sent;
    }

    /** Run with each portion of rows; told how many have been asked for, returns what to do after breaking the link. */
    void onPortion(LongFunction<Runnable> what) {
        onPortion = what;
    }

    /** Whether other nodes get an answer from here, on the links that they have and on new ones. */
    boolean isReachable() {
        return peers.get(name) == this;
    }

    void countPrepared() {
        prepared++;
    }

    /** How many statements other nodes have prepared here. */
    int prepared() {
        return prepared;
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

    /** It leads no more, and whoever asks who does finds that it has stopped. */
    void stopBeforeNextLeaderIsNamed(Throwable cause) {
        group.hesitate(Integer.MAX_VALUE);
        group.beforeNextLeaderIsNamed(() -> {
            log.close();
            database.onStopped(cause);
        });
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

    /**
     * They hold the same as of now.
     *
     * @param c to any of them
     */
    static void assertEqual(Connection c, TestNode... nodes) throws SQLException {
        long index = number(c, "CALL SYNOD.DIGEST_START()");
        List<?> first = nodes[0].database.administration().digest(index);
        for (TestNode node : nodes) {
            assertEquals(first, node.database.administration().digest(index), node.name);
        }
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
