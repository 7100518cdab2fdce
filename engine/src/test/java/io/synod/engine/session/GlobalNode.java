package io.synod.engine.session;

import io.synod.branch.BranchRequest;
import io.synod.engine.database.BranchVotes;
import io.synod.engine.database.CommitId;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.global.GlobalCommits;
import io.synod.engine.node.EmbeddedEngine;
import io.synod.engine.node.Node;
import io.synod.engine.session.TestNode.TestConnection;
import io.synod.jdbc.SynodUrl;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.h2.message.DbException;
import org.h2.security.SHA256;

/** A node with several databases, and connections to them whose transactions commit together. */
final class GlobalNode implements AutoCloseable {
    static final List<String> DATABASES = List.of("home", "stock", "bank");

    private final String url;
    private Node node;

    /** @param url of its database {@code home} */
    GlobalNode(String url) throws SQLException {
        this.url = url;
        start();
    }

    void start() throws SQLException {
        node = EmbeddedEngine.start(SynodUrl.parse(url, null));
        for (String database : DATABASES) {
            node.host(database, Map.of());
        }
        commits().forgetSoon();
    }

    HostedDatabase hosted(String database) throws SQLException {
        return node.host(database, Map.of());
    }

    GlobalCommits commits() {
        return node.globalCommits();
    }

    /** Coordinators of this node are lost before the first request of this kind. */
    void loseBefore(Class<? extends BranchRequest> kind) {
        commits().setFault((database, request) -> kind.isInstance(request));
    }

    TestConnection connect(String database) throws SQLException {
        byte[] hash = SHA256.getKeyPasswordHash("SA", new char[0]);
        return new TestConnection(node.open(database, "SA", hash, Map.of()), "SA");
    }

    /** One to each database, with nothing open. */
    List<Connection> connectAll() throws SQLException {
        List<Connection> all = new ArrayList<>();
        for (String database : DATABASES) {
            Connection c = connect(database);
            c.setAutoCommit(false);
            all.add(c);
        }
        return all;
    }

    static void createTables(List<Connection> all) throws SQLException {
        for (Connection c : all) {
            try (Statement s = c.createStatement()) {
                s.execute("CREATE TABLE T(ID INT PRIMARY KEY, V INT)");
                s.execute("INSERT INTO T VALUES (1, 0)");
                c.commit();
            }
        }
    }

    static void write(List<Connection> all, int value) throws SQLException {
        for (Connection c : all) {
            write(c, value);
        }
    }

    static void write(Connection c, int value) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.executeUpdate("UPDATE T SET V = " + value + " WHERE ID = 1");
        }
    }

    /** As the session of a client with several databases does it. */
    void commit(List<Connection> all) throws SQLException {
        commit(all, CommitId.NONE);
    }

    void commit(List<Connection> all, CommitId id) throws SQLException {
        List<RoutedSession> sessions = new ArrayList<>();
        for (Connection c : all) {
            sessions.add((RoutedSession) ((TestConnection) c).session());
        }
        try {
            GlobalCommit.commit(commits(), sessions.get(0), sessions, id);
        } catch (DbException e) {
            throw e.getSQLException();
        }
    }

    static int value(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT V FROM T WHERE ID = 1")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    static List<Integer> values(List<Connection> all) throws SQLException {
        List<Integer> values = new ArrayList<>();
        for (Connection c : all) {
            values.add(value(c));
            c.rollback();
        }
        return values;
    }

    /** What each database knows of global transactions. */
    List<BranchVotes.Global> globals() throws SQLException {
        List<BranchVotes.Global> all = new ArrayList<>();
        for (String database : DATABASES) {
            all.addAll(hosted(database).votes().list());
        }
        return all;
    }

    /** What waits for its decision here. */
    List<BranchVotes.Global> undecided() throws SQLException {
        List<BranchVotes.Global> all = new ArrayList<>();
        for (String database : DATABASES) {
            all.addAll(hosted(database).votes().undecided());
        }
        return all;
    }

    /** All participants have ended, know it of each other, and have forgotten. */
    boolean isQuiet() throws SQLException {
        return globals().isEmpty();
    }

    boolean serves(String database) throws SQLException {
        return hosted(database).log().servingEpoch() != 0;
    }

    void awaitLeaders() throws SQLException {
        for (String database : DATABASES) {
            hosted(database).log().awaitLeader(TimeUnit.SECONDS.toNanos(30));
        }
    }

    /** Whether a row can be written again. */
    static void checkFree(List<Connection> all) throws SQLException {
        for (Connection c : all) {
            try (Statement s = c.createStatement()) {
                s.executeUpdate("UPDATE T SET V = V WHERE ID = 1");
            }
            c.rollback();
        }
    }

    void stop() {
        node.close();
    }

    @Override
    public void close() {
        node.close();
    }
}
